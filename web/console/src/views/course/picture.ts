import { mergeAttributes, Node } from '@tiptap/core'
import { ownPicture } from '@/lib/media'

// Picture is a picture in a lesson's text. It keeps the address that stands in the text and shows the one that opens
// it: files of a lesson are private.
export const picture = (shown: (address: string) => string) => Node.create({
  name: 'picture', group: 'block', atom: true, draggable: true,
  addAttributes: () => ({ src: { default: '' }, alt: { default: '' } }),
  parseHTML: () => [{ tag: 'img[src]' }],
  renderHTML: ({ HTMLAttributes }) => ['img', mergeAttributes(HTMLAttributes)],
  addNodeView: () => ({ node }) => {
    const { src, alt } = node.attrs as { src: string; alt: string }
    if (!ownPicture(src)) { // the console shows no pictures of other sites
      const dom = document.createElement('p')
      dom.className = 'outside'
      dom.textContent = `外站的图片：${src}`
      return { dom }
    }
    const dom = document.createElement('img')
    dom.src = shown(src)
    dom.alt = alt
    return { dom }
  },
})
