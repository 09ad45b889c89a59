import { ElButton, ElMessage } from 'element-plus'
import { h, reactive } from 'vue'
import { guard } from '@/api/client'
import { toast } from './toast'

// wait is how long a deletion can be taken back.
export const wait = 10_000

interface Deletion { key: string; path: string; act: () => Promise<unknown>; back?: () => void; timer: number; close: () => void; done: Promise<unknown>; end: (e?: unknown) => void }

const open = new Map<string, Deletion>()

// gone holds what the lists leave out while it can still be taken back.
export const gone = reactive(new Set<string>())

// The undo toasts on the screen, the newest last: Ctrl+Z takes back the newest.
const stack: symbol[] = []

// undoToast says what happened and offers 撤销 for ten seconds, with the button or Ctrl+Z.
export function undoToast(text: string, undo: () => void): () => void {
  let closed = false
  const me = Symbol(text)
  stack.push(me)
  const shown = ElMessage({
    type: 'info', duration: wait, showClose: true, customClass: 'undo-toast', onClose: end,
    message: h('span', { class: 'undo-line' }, [text, h(ElButton, { size: 'small', type: 'primary', plain: true, 'data-test': 'undo', onClick: back }, () => '撤销')]),
  })
  // The offer ends when it is taken, not when the toast has faded: pressed twice it acts once.
  function end(): void {
    if (closed) return
    closed = true
    stack.splice(stack.indexOf(me), 1)
    window.removeEventListener('keydown', key, true)
  }
  function back(): void {
    if (closed) return
    end()
    shown.close()
    undo()
  }
  // In a field Ctrl+Z takes back letters, not deletions.
  function key(e: KeyboardEvent): void {
    if (!(e.ctrlKey || e.metaKey) || e.shiftKey || e.key.toLowerCase() !== 'z') return
    if ((e.target as HTMLElement | null)?.closest?.('input,textarea,[contenteditable=true]')) return
    if (stack.at(-1) !== me) return
    e.preventDefault()
    e.stopImmediatePropagation()
    back()
  }
  window.addEventListener('keydown', key, true)
  return () => {
    end()
    shown.close()
  }
}

// deleteLater takes a thing out of sight at once and deletes it at the service when ten seconds have gone by
// without 撤销, when `flushDeletions` is called, or when the tab closes. `path` is the address to DELETE.
export function deleteLater(d: { key: string; text: string; path: string; act: () => Promise<unknown>; back?: () => void }): void {
  if (open.has(d.key)) return
  let end!: (e?: unknown) => void
  const done = new Promise<unknown>((r) => { end = r })
  gone.add(d.key)
  const close = undoToast(d.text, () => {
    const o = open.get(d.key)
    if (!o) return
    window.clearTimeout(o.timer)
    open.delete(d.key)
    gone.delete(d.key)
    d.back?.()
    end()
  })
  open.set(d.key, { ...d, close, done, end, timer: window.setTimeout(() => void run(d.key), wait) })
}

async function run(key: string): Promise<void> {
  const d = open.get(key)
  if (!d) return
  window.clearTimeout(d.timer)
  open.delete(key)
  d.close()
  try {
    await d.act()
  } catch (e) {
    gone.delete(key) // it is still there
    toast.bad(e)
  } finally {
    d.end()
  }
}

// flushDeletions does at once what still waits, before something that counts on it, such as publishing.
export async function flushDeletions(): Promise<void> {
  await Promise.all([...open.keys()].map(run))
}

window.addEventListener('pagehide', () => {
  for (const d of open.values()) void fetch(d.path, { method: 'DELETE', keepalive: true, headers: { 'X-CSRF-Token': guard.csrf() } })
  open.clear()
})
