import type { components } from '@/api/schema'
import { fenText, toFen } from '@/lib/money'
import { addDays, daysBetween } from '@/lib/time'

type S = components['schemas']
export type Piece = S['PieceBody']
export type CalendarBody = S['CalendarOutBody']
export type Gap = S['GapBody']
export type Send = S['DaySend']

export const slotNames = ['头条', '次条', '第三条', '第四条', '第五条', '第六条', '第七条', '第八条']
export const slotName = (slot: number) => slotNames[slot - 1] ?? `第 ${slot} 条`
export const nameOf = (p: { title: string; column: string }) => p.title || `${p.column}（还没有题目）`

// What a piece may aim at, and in what a target is written.
export const targets: Record<string, { name: string; unit: string }> = {
  read_rate: { name: '阅读率', unit: '%' }, share_rate: { name: '转发率', unit: '%' }, finish_rate: { name: '完读率', unit: '%' }, click_rate: { name: '点击率', unit: '%' }, conversion_readers: { name: '转化率', unit: '%' },
  readers: { name: '阅读人数', unit: '人' }, buyers: { name: '购买人数', unit: '人' }, net: { name: '净收入', unit: '元' },
}

// Targets go over the wire as whole numbers: ten-thousandths, people or fen.
export function targetText(kpi: string, target: number): string {
  const t = targets[kpi]
  if (!t || !target) return ''
  if (t.unit === '%') return String(target / 100)
  return t.unit === '元' ? fenText(target) : String(target)
}
export function toTarget(kpi: string, text: string): number | null {
  const unit = targets[kpi]?.unit
  if (unit === '元') return toFen(text) || null
  if (unit === '人') return /^[1-9]\d{0,8}$/.test(text.trim()) ? Number(text) : null
  const m = /^(\d{1,3})(?:\.(\d{1,2}))?%?$/.exec(text.trim())
  if (!m) return null
  const n = Number(m[1]) * 100 + Number((m[2] ?? '').padEnd(2, '0') || 0)
  return n > 0 && n <= 10_000 ? n : null
}
export const aim = (p: { target_kpi: string; target: number }) => (p.target_kpi && p.target ? `${targets[p.target_kpi]?.name ?? p.target_kpi} ${targetText(p.target_kpi, p.target)}${targets[p.target_kpi]?.unit === '%' ? '%' : ` ${targets[p.target_kpi]?.unit}`}` : '')

// freeSlot is the first place of a day that nothing stands in; 8 when it is full, which then shows as a clash.
export function freeSlot(items: Piece[], day: string, but = 0): number {
  const taken = new Set(items.filter((p) => p.day === day && p.id !== but).map((p) => p.slot))
  for (let s = 1; s <= 8; s++) if (!taken.has(s)) return s
  return 8
}

// grid gives whole weeks, Monday first, that hold from … to.
export function grid(from: string, to: string): string[][] {
  const out: string[][] = []
  for (let d = from; daysBetween(d, to) >= 0; d = addDays(d, 7)) out.push(Array.from({ length: 7 }, (_, i) => addDays(d, i)))
  return out
}

// arrow tells where the arrow keys take a piece.
export function arrow(key: string, p: Piece): { day: string; slot: number } | null {
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[key]
  return by === undefined ? null : { day: addDays(p.day, by), slot: p.slot }
}
