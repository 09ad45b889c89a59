// What is pasted from Word or from an article of an Official Account, brought down to what a lesson's text holds:
// paragraphs, headings, lists, emphasis, links and pictures. Their own styles, classes, tracking and players go.

export interface Pasted {
  html: string
  pictures: string[] // data: addresses that html shows by their number: data-picture="0"
  lost: number // pictures that lie on another machine or site and were left out
}

const dropped = new Set(['SCRIPT', 'STYLE', 'META', 'LINK', 'TITLE', 'XML', 'IFRAME', 'SVG', 'VIDEO', 'AUDIO', 'OBJECT', 'EMBED', 'INPUT', 'BUTTON', 'SELECT', 'TEXTAREA', 'NOSCRIPT', 'TEMPLATE', 'O:P', 'MP-COMMON-PROFILE', 'MPVOICE', 'QQMUSIC'])
const blocks = new Set(['P', 'DIV', 'SECTION', 'ARTICLE', 'MAIN', 'HEADER', 'FOOTER', 'FIGURE', 'FIGCAPTION', 'CENTER', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'UL', 'OL', 'LI', 'BLOCKQUOTE', 'PRE', 'TABLE', 'THEAD', 'TBODY', 'TFOOT', 'TR', 'TD', 'TH', 'DL', 'DT', 'DD', 'HR'])
const escape = (s: string) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
const styleOf = (el: Element) => (el.getAttribute('data-style') ?? '').toLowerCase()

interface Item { level: number; ordered: boolean; html: string }

export function cleanPasted(source: string): Pasted {
  // The page's policy refuses styles even in a document nobody sees: they are only read here, under another name.
  const bare = source.replace(/<!--[\s\S]*?-->/g, '').replace(/<style\b[\s\S]*?<\/style\s*>/gi, '').replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/\sstyle\s*=/i, ' data-style='))
  const doc = new DOMParser().parseFromString(bare, 'text/html')
  const pictures: string[] = []
  let lost = 0

  function picture(el: Element): string {
    const src = el.getAttribute('data-src') || el.getAttribute('src') || ''
    const alt = escape((el.getAttribute('alt') ?? '').slice(0, 100))
    if (/^data:image\/(png|jpeg|gif|webp);base64,/i.test(src)) return `<img data-picture="${pictures.push(src) - 1}" alt="${alt}">`
    if (/^\/media\/[0-9a-f]{32}\.[a-z0-9]{3,4}$/.test(src)) return `<img src="${src}" alt="${alt}">`
    // A spacer or a tracker of one pixel is no picture anybody misses.
    if (src && !/^[01](px)?$/.test(el.getAttribute('width') ?? '')) lost++
    return ''
  }

  // inline gives the text of a node with its emphasis; blocks inside it are parted by a break.
  function inline(node: Node): string {
    if (node.nodeType === Node.TEXT_NODE) return escape((node.textContent ?? '').replace(/[\s\u00a0]+/g, ' '))
    if (!(node instanceof Element) || dropped.has(node.nodeName.toUpperCase())) return ''
    const tag = node.nodeName.toUpperCase(), style = styleOf(node)
    if (/mso-list:\s*ignore/.test(style) || /display:\s*none/.test(style)) return ''
    if (tag === 'BR') return '<br>'
    if (tag === 'IMG') return picture(node)
    let html = [...node.childNodes].map(inline).join('')
    if (!html.replace(/<br>/g, '').trim()) return html.includes('<br>') ? '<br>' : html && ' '
    if (tag === 'A') {
      const href = node.getAttribute('href') ?? ''
      return /^https:\/\/[^\s"'<>]+$/.test(href) ? `<a href="${escape(href)}">${html}</a>` : html
    }
    const weight = /font-weight:\s*(bold|bolder|[6-9]00)/.test(style)
    if (tag === 'STRONG' || (tag === 'B' && !/font-weight:\s*(normal|400)/.test(style)) || (weight && !blocks.has(tag))) html = `<strong>${html}</strong>`
    if (tag === 'EM' || tag === 'I' || /font-style:\s*italic/.test(style)) html = `<em>${html}</em>`
    if (tag === 'U' || (tag !== 'A' && /text-decoration[^;]*underline/.test(style))) html = `<u>${html}</u>`
    if (tag === 'S' || tag === 'DEL' || tag === 'STRIKE' || /text-decoration[^;]*line-through/.test(style)) html = `<s>${html}</s>`
    if (tag === 'CODE' || tag === 'KBD') html = `<code>${html}</code>`
    return html
  }

  const list = (items: Item[]): string => {
    const first = items[0]!
    let out = '', i = 0
    while (i < items.length) {
      const it = items[i++]!
      const deeper: Item[] = []
      while (i < items.length && items[i]!.level > first.level) deeper.push(items[i++]!)
      out += `<li><p>${it.html}</p>${deeper.length ? list(deeper) : ''}</li>`
    }
    return first.ordered ? `<ol>${out}</ol>` : `<ul>${out}</ul>`
  }

  // word reads a paragraph of Word's that only looks like a list; null for any other.
  function word(el: Element): Item | null {
    const m = /mso-list:[^;]*level(\d+)/.exec(styleOf(el))
    if (!m) return null
    const mark = [...el.querySelectorAll('[data-style]')].find((x) => /mso-list:\s*ignore/.test(styleOf(x)))?.textContent ?? ''
    return { level: Number(m[1]), ordered: /^\s*[(（]?([0-9]+|[a-z]|[ivx]+|[一二三四五六七八九十]+)[.、)）]/i.test(mark), html: inline(el).trim() }
  }

  function block(el: Element): string {
    let out = '', line = ''
    let items: Item[] = []
    const endLine = () => {
      const parts = line.split(/(<img [^>]*>)/)
      for (const part of parts) {
        if (part.startsWith('<img ')) out += part
        else {
          const text = part.replace(/^(\s|<br>)+|(\s|<br>)+$/g, '')
          if (text) out += `<p>${text}</p>`
        }
      }
      line = ''
    }
    const endList = () => {
      if (items.length) out += list(items)
      items = []
    }
    for (const child of el.childNodes) {
      const tag = child.nodeName.toUpperCase()
      if (!(child instanceof Element) || !blocks.has(tag)) {
        const wraps = child instanceof Element && !dropped.has(tag) && [...child.querySelectorAll('*')].some((x) => blocks.has(x.nodeName.toUpperCase()))
        if (!wraps) {
          line += inline(child)
          if (line.trim()) endList()
          continue
        }
      }
      const here = child as Element
      endLine()
      if (/display:\s*none/.test(styleOf(here))) continue
      const item = tag === 'P' || tag === 'DIV' ? word(here) : null
      if (item) {
        items.push(item)
        continue
      }
      endList()
      if (/^H[1-6]$/.test(tag) || /\bMso(Title|Heading)/.test(here.className)) {
        const level = tag === 'H1' || tag === 'H2' || tag === 'P' ? 2 : 3
        const text = inline(here).replace(/<img [^>]*>|<\/?strong>/g, '').trim()
        if (text) out += `<h${level}>${text}</h${level}>`
      } else if (tag === 'HR') out += '<hr>'
      else if (tag === 'UL' || tag === 'OL') {
        const inner = [...here.children].filter((x) => x.nodeName === 'LI').map((x) => `<li>${block(x)}</li>`).filter((x) => x !== '<li></li>').join('')
        if (inner) out += `<${tag.toLowerCase()}>${inner}</${tag.toLowerCase()}>`
      } else if (tag === 'BLOCKQUOTE') {
        const inner = block(here)
        if (inner) out += `<blockquote>${inner}</blockquote>`
      } else if (tag === 'TR') {
        const cells = [...here.children].map((x) => inline(x).replace(/<br>/g, ' ').trim()).filter(Boolean)
        if (cells.length) out += `<p>${cells.join(' ｜ ')}</p>`
      } else out += block(here)
    }
    endLine()
    endList()
    return out
  }

  return { html: block(doc.body), pictures, lost }
}

// fileOf makes a file of a picture that stands in the text itself.
export function fileOf(data: string, n: number): File {
  const [head, body] = data.split(',', 2) as [string, string]
  const mime = /^data:(image\/[a-z]+)/i.exec(head)![1]!.toLowerCase()
  const raw = atob(body.replace(/\s/g, ''))
  return new File([Uint8Array.from(raw, (c) => c.charCodeAt(0))], `粘贴的图片 ${n + 1}.${mime.slice(6).replace('jpeg', 'jpg')}`, { type: mime })
}
