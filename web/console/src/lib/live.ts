import { useQuery } from '@tanstack/vue-query'
import { computed, ref, watch } from 'vue'
import { api, ask } from '@/api/client'
import type { Live } from '@/api/types'

// newer are the ids of `now` that were not in `before`; nothing is new on the first look.
export function newer(before: { id: string }[] | undefined, now: { id: string }[]): Set<string> {
  if (!before) return new Set()
  const known = new Set(before.map((r) => r.id))
  return new Set(now.filter((r) => !known.has(r.id)).map((r) => r.id))
}

// useLive asks once a second while the tab is looked at. `grew` counts what arrived since the page opened,
// for what should be asked again when something happened.
export function useLive(about: () => { article_id?: number; course_id?: number } = () => ({})) {
  const paused = ref(false)
  const fresh = ref<Set<string>>(new Set())
  const grew = ref(0)
  const query = useQuery({
    queryKey: computed(() => ['live', about()]),
    queryFn: ({ signal }) => ask(api.GET('/console/v1/live', { params: { query: about() }, signal })),
    refetchInterval: () => (paused.value ? false : 1000),
    staleTime: 0,
  })
  watch(() => query.data.value, (now: Live | undefined, before: Live | undefined) => {
    if (!now) return
    fresh.value = newer(before?.recent, now.recent)
    grew.value += fresh.value.size
  })
  return { data: query.data, error: query.error, refetch: query.refetch, paused, fresh, grew }
}
