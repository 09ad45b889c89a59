import type { components } from '@/api/schema'
import { addDays } from '@/lib/time'

type S = components['schemas']
export type Cohort = S['LoopCohort']
export type Chain = S['ShareChain']
export type Part = 'active' | 'retained' | 'paid' | 'referrers' | 'brought'

export const parts: { key: Part; label: string }[] = [
  { key: 'active', label: '活跃' }, { key: 'retained', label: '留存' }, { key: 'paid', label: '转化' }, { key: 'referrers', label: '转介绍' }, { key: 'brought', label: '带来新人' },
]
export const levels = { article: '文章', course: '课程', sharer: '分享的人' }

// weekName writes a cohort as its days: 03-02 至 03-08.
export const weekName = (monday: string) => `${monday.slice(5)} 至 ${addDays(monday, 6).slice(5)}`

// ripe adds a part up over the cohorts whose window is over for everybody in them: Σ ÷ Σ, never a mean of rates.
export function ripe(list: Cohort[], part: Part): { size: number; people: number } | null {
  const over = list.filter((c) => c[part].state === 'final')
  if (!over.length) return null
  return { size: over.reduce((n, c) => n + c.size, 0), people: over.reduce((n, c) => n + c[part].people, 0) }
}
export const share = (people: number, size: number) => (size ? people / size : null)

// kText writes K with two decimals; undefined is a dash.
export const kText = (k: number | null | undefined) => (k == null ? '–' : (Math.round(k * 100 + 1e-9) / 100).toFixed(2))
