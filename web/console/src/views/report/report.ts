import type { components } from '@/api/schema'
import { fenText, toFen } from '@/lib/money'
import { addDays, day } from '@/lib/time'
import type { Word } from '@/lib/words'

type S = components['schemas']
export type ReportWhole = S['ReportBody']
export type ReportLine = S['ReportLine']
export type Cell = S['ReportCell']
export type Day = S['ReportDay']
export type Targets = S['TargetsOutBody']

export const kindNames: Record<string, string> = { week: '周报', month: '月报' }
export const reportWords: Record<string, Word> = {
  draft: { text: '草稿', mood: 'muted', shape: 'hollow' }, waiting: { text: '待确认', mood: 'warn', shape: 'half' }, confirmed: { text: '已确认', mood: 'good' },
}
export const sections = [
  { key: 'goals', title: '一、目标与完成' }, { key: 'work', title: '二、重点工作' }, { key: 'problems', title: '三、问题与原因' }, { key: 'next', title: '四、下期计划' },
] as const
export type Section = (typeof sections)[number]['key']

// stateMark says beside a figure that it may still move, as the files do.
export const stateMark = (state: string) => (state === 'missing' ? '未取到' : state === 'running' || state === 'maturing' ? '可能变' : '')

// dayName spells the service's number of a day: 20261124 as 2026-11-24.
export const dayName = (n: number) => String(n).replace(/(\d{4})(\d\d)(\d\d)/, '$1-$2-$3')

// lastPeriod is a day of the last whole week or month: what one reports on.
export function lastPeriod(kind: string, now = new Date()): string {
  const today = day(now)
  if (kind === 'month') return addDays(today.slice(0, 8) + '01', -1)
  const weekday = (new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7
  return addDays(today, -weekday - 1)
}

// A target is typed in the unit people read and kept in the service's: fen, ten-thousandths, people.
export const unitOf = (kind: string) => (kind === 'fen' ? '元' : kind === 'rate' ? '%' : '')
export function targetText(kind: string, n: number): string {
  return kind === 'fen' ? fenText(n) : kind === 'rate' ? String(n / 100) : String(n)
}
// readTarget gives null for what is no amount; an empty text is no target at all.
export function readTarget(kind: string, text: string): number | null {
  const t = text.trim().replace(/%$/, '')
  if (kind === 'fen') return toFen(t)
  if (kind === 'rate') {
    if (!/^\d{1,3}(\.\d{1,2})?$/.test(t)) return null
    const n = Math.round(Number(t) * 100)
    return n <= 10_000 ? n : null
  }
  return /^\d{1,9}$/.test(t.replace(/,/g, '')) ? Number(t.replace(/,/g, '')) : null
}

export interface Line { name: string; points: (number | null)[] }

// pieces cuts a line at its gaps: what WeChat has not told is no zero.
export function pieces(points: (number | null)[], x: (i: number) => number, y: (v: number) => number): string {
  let pen = 'M'
  let path = ''
  points.forEach((v, i) => {
    if (v === null) { pen = 'M'; return }
    path += `${pen}${x(i).toFixed(1)} ${y(v).toFixed(1)}`
    pen = 'L'
  })
  return path
}
