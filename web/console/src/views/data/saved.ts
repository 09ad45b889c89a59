import type { LocationQuery } from 'vue-router'
import type { components } from '@/api/schema'
import { presetOf, presetRange, presets, soundRange, type Preset, type Range } from '@/lib/time'

export type Saved = components['schemas']['QuestionBody']
export type Page = Saved['page']
export const pageNames: Record<Page, string> = { funnel: '漏斗', attribution: '归因', retention: '留存' }

// toSaved writes an address down as a question. A usual range is kept by its name, so that “近 30 天” asked next month
// means that month's.
export function toSaved(query: LocationQuery, usual: Range): string {
  const kept = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    const text = Array.isArray(value) ? value[0] : value
    if (text != null && key !== 'from' && key !== 'to') kept.set(key, text)
  }
  const one = (v: LocationQuery[string] | undefined) => (Array.isArray(v) ? v[0] : v) ?? ''
  const range = soundRange({ from: one(query.from) || usual.from, to: one(query.to) || usual.to }, usual)
  const preset = presetOf(range)
  if (preset) kept.set('range', preset)
  else { kept.set('from', range.from); kept.set('to', range.to) }
  return kept.toString()
}

// fromSaved gives the address that asks a saved question today.
export function fromSaved(query: string, now = new Date()): Record<string, string> {
  const kept = Object.fromEntries(new URLSearchParams(query))
  const { range, ...rest } = kept
  if (!range || !presets.some((p) => p.key === range)) return rest
  return { ...rest, ...presetRange(range as Preset, now) }
}

// rangeName says over which days a saved question is asked.
export function rangeName(query: string): string {
  const q = new URLSearchParams(query)
  return presets.find((p) => p.key === q.get('range'))?.label ?? (q.get('from') ? `${q.get('from')} 至 ${q.get('to')}` : '')
}
