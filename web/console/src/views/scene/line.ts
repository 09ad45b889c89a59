import type { components } from '@/api/schema'
import { yuan } from '@/lib/money'
import { count, rate } from '@/lib/number'
import { beijing } from '@/lib/time'

export type Day = components['schemas']['SceneDay']
export type Stay = components['schemas']['Stay']
export type Line = components['schemas']['SceneLineOutBody']

// With links beside codes, the clicks are a step of their own.
const clicks = { key: 'clicks', label: '链接点击' } as const

// The columns of a code's line, in the order things happen.
export const codeColumns = [
  { key: 'scans', label: '扫码' },
  { key: 'new_follows', label: '新关注' },
  { key: 'stay1', label: '1 天后还在', stay: 0 },
  { key: 'stay7', label: '7 天后还在', stay: 1 },
  { key: 'stay30', label: '30 天后还在', stay: 2 },
  { key: 'course_views', label: '课程浏览' },
  { key: 'orders', label: '订单' },
  { key: 'net', label: '净收入', money: true },
] as const
export type Column = (typeof codeColumns)[number] | typeof clicks
export const partnerColumns: readonly Column[] = [codeColumns[0], clicks, ...codeColumns.slice(1)]

// value is a cell's number; null where there is none yet.
export function value(d: Day, c: Column): number | null {
  if ('stay' in c) return d.stayed[c.stay]?.people ?? null
  return d[c.key]
}

export function text(d: Day, c: Column): string {
  const v = value(d, c)
  if (v == null) return '观察期未满'
  return 'money' in c ? yuan(v) : count(v)
}

// stayNote says of whom the stayed are, and until when the rest is watched.
export function stayNote(s: Stay | undefined): string {
  if (!s) return ''
  const of = s.people != null && s.of ? `${rate(s.people / s.of)}，${count(s.of)} 人里` : ''
  const open = s.state === 'maturing' ? `观察期未满，至 ${beijing(s.matures_at, 'short')}` : ''
  return [of, open].filter(Boolean).join('；')
}

// csvRows are the days with the sum below; a number that is not there yet says so.
export function csvRows(line: Line): (string | number)[][] {
  const row = (what: string, d: Day) => [
    what, d.scans, d.scanners, d.new_follows, d.returned, ...d.stayed.map((s) => s.people ?? '观察期未满'), d.course_views, d.orders, yuan(d.gross), yuan(d.refunded), yuan(d.net),
  ]
  return [...line.days.map((d) => row(d.day ?? '', d)), row('合计', line.total), ['口径', line.rule]]
}
export const csvHead = ['日期', '扫码次数', '扫码人数', '新关注', '回流', '1 天后还在', '7 天后还在', '30 天后还在', '课程浏览', '订单', '收款', '退款', '净收入']

// bars places one column of the line as bars over days: from the zero line up, or down below it.
export function bars(days: Day[], c: Column, height: number): { y: number; h: number; open: boolean }[] {
  const all = days.map((d) => value(d, c))
  const top = Math.max(0, ...all.map((v) => v ?? 0))
  const bottom = Math.min(0, ...all.map((v) => v ?? 0))
  const scale = height / (top - bottom || 1)
  return all.map((v) => ({ y: (top - Math.max(v ?? 0, 0)) * scale, h: Math.abs(v ?? 0) * scale, open: v == null }))
}
