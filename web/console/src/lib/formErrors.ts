import { nextTick, reactive, ref } from 'vue'
import { ApiError, messageOf } from '@/api/client'

// fieldKey takes the service's path to a field ("body.lessons[0].title") to the name a form uses.
export function fieldKey(path: string): string {
  return path.replace(/^body\.?/, '').replace(/\[(\d+)\]/g, '.$1').replace(/^\./, '')
}

// useFormErrors puts a refusal's words at the fields they are about, all at once, and the focus on the
// first. What belongs to no field on the screen stands in `general`.
export function useFormErrors() {
  const errors = reactive<Record<string, string>>({})
  const general = ref('')

  function clear(): void {
    for (const k of Object.keys(errors)) delete errors[k]
    general.value = ''
  }
  async function focusFirst(): Promise<void> {
    await nextTick()
    const field = [...document.querySelectorAll<HTMLElement>('[data-field]')].find((el) => errors[el.dataset.field!])
    const target = field?.querySelector<HTMLElement>('input:not([type=hidden]),textarea,select,[tabindex="0"],button')
    target?.focus()
    field?.scrollIntoView?.({ block: 'nearest' })
  }
  // check sets errors found before asking the service; true when there are none.
  function check(found: Record<string, string | false | null | undefined>): boolean {
    clear()
    for (const [k, v] of Object.entries(found)) if (v) errors[k] = v
    if (Object.keys(errors).length === 0) return true
    void focusFirst()
    return false
  }
  async function take(e: unknown): Promise<void> {
    clear()
    if (e instanceof ApiError && e.fields.length > 0) {
      for (const f of e.fields) errors[fieldKey(f.field)] ??= f.message
      await nextTick()
      const onScreen = new Set([...document.querySelectorAll<HTMLElement>('[data-field]')].map((el) => el.dataset.field))
      const rest = Object.entries(errors).filter(([k]) => !onScreen.has(k)).map(([, v]) => v)
      general.value = rest.join('；')
      await focusFirst()
      return
    }
    general.value = messageOf(e)
  }
  return { errors, general, clear, check, take }
}
