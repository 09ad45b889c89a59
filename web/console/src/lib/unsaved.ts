import { onBeforeUnmount, onMounted, ref, toRaw, watch, type Ref } from 'vue'
import { onBeforeRouteLeave, onBeforeRouteUpdate } from 'vue-router'
import { confirm } from './confirm'

export interface Draft<T> { at: string; value: T }

const prefix = 'loudou.draft.'

export function readDraft<T>(key: string): Draft<T> | null {
  try {
    const text = localStorage.getItem(prefix + key)
    return text ? (JSON.parse(text) as Draft<T>) : null
  } catch {
    return null
  }
}

export function writeDraft<T>(key: string, value: T, now = new Date()): void {
  try {
    localStorage.setItem(prefix + key, JSON.stringify({ at: now.toISOString(), value }))
  } catch { /* storage full or forbidden: the guard still asks before leaving */ }
}

export function dropDraft(key: string): void {
  try { localStorage.removeItem(prefix + key) } catch { /* nothing to drop */ }
}

// useUnsaved guards a form. Call saved() with what the server holds once it is loaded and after each
// save; from then on differences count as unsaved: leaving by link, back, reload or close asks, and a copy
// is kept in this browser, offered again as `draft` after a crash.
export function useUnsaved<T>(key: () => string, model: Ref<T>) {
  const dirty = ref(false)
  const draft = ref<Draft<T> | null>(null) as Ref<Draft<T> | null>
  let base = ''
  let timer = 0
  const text = (v: unknown) => JSON.stringify(toRaw(v))

  function saved(value: T = model.value): void {
    const first = base === ''
    base = text(value)
    dirty.value = text(model.value) !== base
    if (first) {
      const kept = readDraft<T>(key())
      draft.value = kept && text(kept.value) !== base ? kept : null
      if (kept && !draft.value) dropDraft(key())
    } else {
      if (dirty.value) writeDraft(key(), model.value)
      else dropDraft(key())
      draft.value = null
    }
  }
  function restore(): void {
    if (!draft.value) return
    const kept = draft.value.value
    // A copy of an older console lacks fields the form has since: they stay as they were loaded.
    model.value = kept && typeof kept === 'object' && !Array.isArray(kept) ? { ...model.value, ...kept } : kept
    draft.value = null
  }
  function discard(): void {
    dropDraft(key())
    draft.value = null
  }

  watch(model, () => {
    if (base === '') return
    dirty.value = text(model.value) !== base
    window.clearTimeout(timer)
    if (draft.value) return // do not overwrite what is still on offer
    timer = window.setTimeout(() => (dirty.value ? writeDraft(key(), model.value) : dropDraft(key())), 400)
  }, { deep: true })

  // What was given up is dropped when the page is really gone: after an update of the console the next page may not load,
  // and then this one stays, with all that was typed.
  let given = ''
  const askToLeave = () => ask((k) => { given = k })
  const askToTurn = () => ask((k) => { dropDraft(k); dirty.value = false })
  async function ask(give: (key: string) => void): Promise<boolean> {
    if (!dirty.value) return true
    const leave = await confirm({
      title: '有修改还没有保存', text: '离开后，这一页的修改会丢失。', yes: '放弃修改', no: '留在这一页', danger: true,
    })
    if (leave) {
      window.clearTimeout(timer)
      give(key())
    }
    return leave
  }
  onBeforeRouteLeave(askToLeave)
  onBeforeRouteUpdate((to, from) => (to.path === from.path ? true : askToTurn()))

  function beforeUnload(e: BeforeUnloadEvent): void {
    if (!dirty.value) return
    writeDraft(key(), model.value)
    e.preventDefault()
  }
  onMounted(() => window.addEventListener('beforeunload', beforeUnload))
  onBeforeUnmount(() => {
    window.clearTimeout(timer)
    if (given) dropDraft(given)
    window.removeEventListener('beforeunload', beforeUnload)
  })
  return { dirty, draft, saved, restore, discard }
}
