import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { api, ask } from '@/api/client'
import { count } from '@/lib/number'
import { addDays, beijing, day } from '@/lib/time'

export const hitDays = 30
export interface Sum { hits: number; last: string | null }

// useHits is how often each rule and word answered lately, and when last.
export function useHits() {
  const today = day(new Date())
  const query = useQuery({
    queryKey: ['replies', 'hits', today],
    queryFn: ({ signal }) => ask(api.GET('/console/v1/replies/hits', { params: { query: { from: addDays(today, 1 - hitDays), to: today } }, signal })),
  })
  const byRule = computed(() => {
    const sums = new Map<number, Sum>()
    for (const h of query.data.value?.items ?? []) {
      const s = sums.get(h.rule_id) ?? { hits: 0, last: null }
      sums.set(h.rule_id, { hits: s.hits + h.hits, last: later(s.last, h.last_at) })
    }
    return sums
  })
  const byWord = computed(() => new Map((query.data.value?.items ?? []).map((h) => [`${h.rule_id}\n${h.keyword}`, { hits: h.hits, last: h.last_at } as Sum])))
  return { query, byRule, byWord }
}
export function later(a: string | null, b: string | null): string | null {
  if (!a || !b) return a ?? b
  return Date.parse(a) >= Date.parse(b) ? a : b
}

// hitsOfRule gives, by word, what stands beside it in the editor.
export function hitsOfRule(id: Ref<number>) {
  const { query } = useHits()
  const hits = computed(() => new Map((query.data.value?.items ?? []).filter((h) => h.rule_id === id.value && h.keyword)
    .map((h) => [h.keyword, `${hitDays} 天命中 ${count(h.hits)} 次${h.last_at ? `，最近 ${beijing(h.last_at, 'short')}` : ''}`])))
  return { hits }
}
