// The few calls of sortablejs we make; it brings no types of its own.
declare module 'sortablejs' {
  interface SortEvent { item: HTMLElement; oldDraggableIndex?: number; newDraggableIndex?: number }
  interface Options { animation?: number; handle?: string; draggable?: string; ghostClass?: string; onEnd?: (e: SortEvent) => void }
  export default class Sortable {
    static create(el: HTMLElement, options: Options): Sortable
    destroy(): void
  }
}
