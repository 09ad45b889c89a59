import { nextTick } from 'vue'

// focusOn moves the keyboard to where the work goes on, so that it is never lost when a button vanishes.
export async function focusOn(selector: string, root: ParentNode = document): Promise<void> {
  await nextTick()
  root.querySelector<HTMLElement>(selector)?.focus()
}
