import { onMounted, ref, toRaw, watch, type Ref } from 'vue'
import { ApiError } from '@/api/client'
import { useFormErrors } from './formErrors'
import { toast } from './toast'
import { useUnsaved } from './unsaved'

export interface Signed { updated_by: string; updated_at: string }

interface What<W extends Signed, F> {
  key: () => string // of the copy kept in this browser
  id: () => number // 0: it does not exist yet
  empty: F
  get: () => Promise<W>
  toForm: (w: W) => F
  // revision tells two states of the thing apart; the service compares it on saving.
  revision: (w: W) => number
  faults: (f: F) => Record<string, string | false | null | undefined>
  send: (f: F, seen: W | null) => Promise<W> // seen: the state the form was made from
  saved?: string // what the toast says
  // after follows a save, before the button is free again; leave the page from here.
  after: (w: W, created: boolean) => unknown
  refused?: () => void // a fault was found before asking
}

// useEditor is a form over one thing of the service's: loading, leaving with unsaved work, a copy after a crash,
// faults at their fields, a double click that saves once, and two people saving the same thing.
export function useEditor<W extends Signed, F>(what: What<W, F>) {
  const form = ref(what.empty) as Ref<F>
  const whole = ref(null) as Ref<W | null>
  const theirs = ref(null) as Ref<W | null>
  const loaded = ref(false)
  const failed = ref<unknown>(null)
  const busy = ref(false)
  const { errors, general, check, take } = useFormErrors()
  const { dirty, draft, saved, restore, discard } = useUnsaved(what.key, form)

  function fill(w: W): void {
    whole.value = w
    form.value = what.toForm(w)
  }
  async function load(): Promise<void> {
    failed.value = null
    try {
      if (what.id()) fill(await what.get())
      loaded.value = true
      saved()
    } catch (e) {
      failed.value = e
    }
  }
  onMounted(load)

  // What was wrong and is put right is no longer called wrong.
  watch(form, () => {
    const left = Object.keys(errors).length ? what.faults(form.value) : {}
    for (const k of Object.keys(errors)) if (!left[k]) delete errors[k]
  }, { deep: true })

  async function save(): Promise<boolean> {
    if (busy.value) return false
    if (!check(what.faults(form.value))) {
      what.refused?.()
      return false
    }
    busy.value = true
    theirs.value = null
    const before = whole.value
    const text = () => JSON.stringify(toRaw(form.value))
    const sent = text()
    try {
      const w = await what.send(form.value, before)
      const created = !what.id()
      if (created || text() === sent) {
        if (!created) fill(w)
        saved()
      } else { // what was typed while the answer was on its way stays, and counts as unsaved
        whole.value = w
        saved(what.toForm(w))
      }
      toast.ok(what.saved ?? '已保存')
      await what.after(w, created)
      return true
    } catch (e) {
      await take(e)
      // Somebody saved meanwhile, or the thing's state forbids it: only the first is a choice of two texts.
      if (e instanceof ApiError && e.status === 409 && what.id()) {
        const now = await what.get().catch(() => null)
        if (now && (!before || what.revision(now) !== what.revision(before))) theirs.value = now
      }
      return false
    } finally {
      busy.value = false
    }
  }
  function overwrite(): void {
    whole.value = theirs.value
    void save()
  }
  function useTheirs(): void {
    fill(theirs.value!)
    theirs.value = null
    general.value = ''
    saved()
  }
  return { form, whole, theirs, loaded, failed, busy, errors, general, dirty, draft, load, fill, saved, save, overwrite, useTheirs, restore, discard }
}
