import { nextTick } from 'vue'

// focusOn moves the keyboard to where the work goes on, so that it is never lost when a button vanishes.
export async function focusOn(selector: string, root: ParentNode = document): Promise<void> {
  await nextTick()
  root.querySelector<HTMLElement>(selector)?.focus()
}

const nowhere = () => !document.activeElement || document.activeElement === document.body

// rescueFocus puts a keyboard that stands nowhere at the top of the page's content.
export function rescueFocus(): void {
  if (nowhere()) document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true })
}

// keepFocus mends, once for the whole console, two ways in which the keyboard gets lost. A button is disabled
// while its act runs, and the browser takes the focus from it: it gets it back when the act is done. A dialog
// opens with the focus on its frame: it goes on to the first field, where there is one.
export function keepFocus(doc: Document = document): () => void {
  let last: HTMLElement | null = null
  const held = new Set<HTMLElement>()
  function moved(e: FocusEvent): void {
    const el = e.target as HTMLElement
    last = el
    if (!el.closest('.el-overlay')) held.clear() // the person went on elsewhere; a dialog only comes between
    if (!el.classList.contains('el-dialog') || el.contains(e.relatedTarget as Node | null)) return
    const field = [...el.querySelectorAll<HTMLInputElement>('input:not([type=hidden], [type=file]), textarea')]
    ;(field.find((f) => f.autofocus) ?? field.find((f) => !f.disabled && !f.readOnly))?.focus()
  }
  const watcher = new MutationObserver((changes) => {
    for (const c of changes) {
      const el = c.target as HTMLElement
      if (el.hasAttribute('disabled')) {
        if (el === doc.activeElement || (el === last && nowhere())) held.add(el)
      } else if (held.delete(el) && nowhere()) el.focus({ preventScroll: true })
    }
  })
  doc.addEventListener('focusin', moved)
  watcher.observe(doc.documentElement, { subtree: true, attributes: true, attributeFilter: ['disabled'] })
  return () => { watcher.disconnect(); doc.removeEventListener('focusin', moved) }
}
