import Sortable from 'sortablejs'
import { onBeforeUnmount, watch, type Ref } from 'vue'

// useSortable lets a list be dragged by its handle. The list itself is moved by `move`; what the library did
// to the page is undone first, so that Vue finds its elements where it left them. Buttons beside the handle
// do the same for the keyboard.
export function useSortable(list: Ref<HTMLElement | undefined | null>, move: (from: number, to: number) => void, how: { handle?: string; draggable?: string; off?: () => boolean } = {}): void {
  let s: Sortable | null = null
  const end = () => { s?.destroy(); s = null }
  watch(list, (el) => {
    end()
    if (!el || how.off?.()) return
    s = Sortable.create(el, {
      animation: 120, handle: how.handle, draggable: how.draggable ?? '>*', ghostClass: 'dragging',
      onEnd({ item, oldDraggableIndex: from, newDraggableIndex: to }) {
        if (from == null || to == null || from === to) return
        const all = [...el.querySelectorAll(how.draggable ? `:scope > ${how.draggable}` : ':scope > *')].filter((x) => x !== item)
        const next = all[from] ?? null
        if (next) el.insertBefore(item, next)
        else if (all.length) all[all.length - 1]!.after(item)
        else el.prepend(item)
        move(from, to)
      },
    })
  }, { flush: 'post', immediate: true })
  onBeforeUnmount(end)
}
