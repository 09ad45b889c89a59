// WXML as far as our pages use it, read and rendered as HTML with a page's data: a test sees what a person sees, and a
// name that the page does not have is an error, which WeChat itself would pass over in silence.
import fs from 'node:fs'
import path from 'node:path'

const known = new Set(['block', 'button', 'image', 'import', 'input', 'navigator', 'page-meta', 'rich-text', 'scroll-view', 'slider', 'template', 'text', 'textarea', 'video', 'view'])
const html = { view: 'div', block: 'div', 'scroll-view': 'div', text: 'span', navigator: 'a', image: 'img' }

export function parse(source) {
  const root = { tag: '', attrs: {}, children: [] }
  const open = [root]
  for (const [all, close, tag, attrs, self, text] of source.matchAll(/<(\/?)([\w-]+)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*(\/?)>|([^<]+)/g)) {
    const top = open.at(-1)
    if (text !== undefined) { if (text.trim()) top.children.push(text.trim()); continue }
    if (!known.has(tag)) throw new Error(`<${tag}> is no component`)
    if (close) { if (top.tag !== tag) throw new Error(`${all} closes <${top.tag}>`); open.pop(); continue }
    const node = { tag, attrs: Object.fromEntries([...attrs.matchAll(/([\w:-]+)(?:="([^"]*)")?/g)].map(([, k, v]) => [k, v ?? 'true'])), children: [] }
    top.children.push(node)
    if (!self) open.push(node)
  }
  if (open.length > 1) throw new Error(`<${open.at(-1).tag}> is not closed`)
  return root.children
}

export const walk = (nodes, fn) => nodes.forEach((n) => { if (typeof n !== 'string') { fn(n); walk(n.children, fn) } })

// handlers lists the names a page must have for what its WXML binds.
export function handlers(nodes) {
  const out = new Set()
  walk(nodes, (n) => Object.entries(n.attrs).forEach(([k, v]) => { if (/^(bind|catch)/.test(k)) out.add(v) }))
  return out
}

// run evaluates an expression; strict names must be there.
function run(expr, scope, strict) {
  const names = new Proxy(scope, { has: (o, k) => typeof k === 'string', get: (o, k) => { if (typeof k === 'symbol') return undefined; if (strict && !(k in o)) throw new Error(`${k} is no name of the page`); return o[k] } })
  return new Function('names', `with (names) { return (${expr}) }`)(names)
}

function value(s, scope, strict) {
  const whole = /^\{\{([^]*)\}\}$/.exec(s)
  if (whole && !whole[1].includes('{{')) return run(whole[1], scope, strict)
  return s.replace(/\{\{([^]*?)\}\}/g, (_, e) => run(e, scope, strict) ?? '')
}

const escape = (s) => String(s ?? '').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;')

export function render(file, data) {
  const templates = {}
  const nodes = parse(fs.readFileSync(file, 'utf8'))
  walk(nodes, (n) => { if (n.tag === 'import') for (const t of parse(fs.readFileSync(path.join(path.dirname(file), n.attrs.src), 'utf8'))) templates[t.attrs.name] = t.children })

  const list = (children, scope, strict) => {
    let out = '', taken = false
    for (const n of children) {
      if (typeof n === 'string') { out += escape(value(n, scope, strict)); continue }
      const a = n.attrs
      if ('wx:if' in a) taken = Boolean(value(a['wx:if'], scope, strict))
      else if ('wx:elif' in a) { if (taken) continue; taken = Boolean(value(a['wx:elif'], scope, strict)) } else if ('wx:else' in a) { if (taken) continue; taken = true } else taken = true
      if (!taken) continue
      if ('wx:for' in a) { value(a['wx:for'], scope, strict).forEach((item, index) => { out += one(n, { ...scope, [a['wx:for-item'] ?? 'item']: item, index }, strict) }); continue }
      out += one(n, scope, strict)
    }
    return out
  }
  const one = (n, scope, strict) => {
    const a = n.attrs
    if (n.tag === 'import') return ''
    if (n.tag === 'page-meta') return `<style>body{${value(a['page-style'], scope, strict)}}</style>`
    if (n.tag === 'template') return list(templates[a.is], run(`{${/^\{\{([^]*)\}\}$/.exec(a.data)[1]}}`, scope, strict), false)
    const got = Object.fromEntries(Object.entries(a).filter(([k]) => !k.startsWith('wx:')).map(([k, v]) => [k, value(v, scope, strict)]))
    if (n.tag === 'rich-text') return `<div>${got.nodes}</div>`
    const tag = html[n.tag] ?? n.tag
    const attrs = Object.entries(got).filter(([k, v]) => v !== false && !(k === 'disabled' && !v)).map(([k, v]) => ` ${k}="${escape(v)}"`).join('')
    return ['img', 'input', 'slider'].includes(tag) ? `<${tag}${attrs}>` : `<${tag}${attrs}>${list(n.children, scope, strict)}</${tag}>`
  }
  return list(nodes, data, true)
}

// words is what of a page can be read.
export const words = (page) => page.replace(/<style>[^]*?<\/style>/g, '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ').trim()
