import type { components } from '@/api/schema'
import { addDays } from '@/lib/time'

type S = components['schemas']
export type Task = S['TaskBody']
export type Tasks = S['TasksOutBody']
export type Coming = S['ComingBody']
export type Sum = S['TaskSum']

// The four quadrants in the order everybody draws them.
export const quadrants = [
  { key: 1, important: true, urgent: true, name: '重要且紧急', hint: '马上做' },
  { key: 2, important: true, urgent: false, name: '重要不紧急', hint: '排时间做' },
  { key: 3, important: false, urgent: true, name: '紧急不重要', hint: '尽快做完，或交给别人' },
  { key: 4, important: false, urgent: false, name: '不重要不紧急', hint: '少做' },
] as const
export const quadrantOf = (t: { important: boolean; urgent: boolean }) => quadrants.find((q) => q.important === t.important && q.urgent === t.urgent)!

export const kpiNames: Record<string, string> = {
  read_rate: '阅读率', share_rate: '转发率', conversion: '转化率', followers: '关注人数', active: '活跃度', visitors: '浏览人数', users: '使用人数', buyers: '购买人数',
}
export const repeatNames: Record<string, string> = { '': '不重复', daily: '每天', weekdays: '工作日', weekly: '每周' }

// clock writes a minute of the day as 09:05.
export const clock = (minute: number) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

// toMinute reads what people type for a time: 9, 930, 9:30, 9：30. null where it is none.
export function toMinute(text: string): number | null {
  const m = /^(\d{1,2})(?:[:：点.]?(\d{2}))?$/.exec(text.trim())
  if (!m) return null
  const h = Number(m[1]), min = Number(m[2] ?? 0)
  return h < 24 && min < 60 ? h * 60 + min : null
}

// minutesText says a length in words: 1 小时 30 分.
export function minutesText(n: number): string {
  if (n < 60) return `${n} 分`
  return n % 60 ? `${Math.floor(n / 60)} 小时 ${n % 60} 分` : `${n / 60} 小时`
}

export const monday = (day: string) => addDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7))

// spanOf gives the days a view shows around one day.
export function spanOf(view: string, day: string): { from: string; to: string } {
  if (view === 'week') return { from: monday(day), to: addDays(monday(day), 6) }
  if (view === 'month') {
    const first = `${day.slice(0, 7)}-01`
    const [y, m] = day.split('-').map(Number) as [number, number]
    return { from: first, to: new Date(Date.UTC(y, m, 0)).toISOString().slice(0, 10) }
  }
  return { from: day, to: day }
}

// What has no estimate takes half an hour on the timeline, so that it can be seen and taken hold of.
export const lengthOf = (t: { estimated_minutes: number }) => Math.max(15, t.estimated_minutes || 30)

export interface Block { task: Task; start: number; end: number; column: number; columns: number; clash: boolean }

// lay puts timed tasks side by side where they overlap.
export function lay(tasks: Task[]): Block[] {
  const blocks: Block[] = tasks.filter((t) => t.start !== null)
    .map((task) => ({ task, start: task.start!, end: Math.min(1440, task.start! + lengthOf(task)), column: 0, columns: 1, clash: false }))
    .sort((a, b) => a.start - b.start || b.end - a.end)
  let group: Block[] = []
  let until = -1
  const close = () => {
    const n = Math.max(0, ...group.map((b) => b.column)) + 1
    for (const b of group) { b.columns = n; b.clash = n > 1 }
    group = []
  }
  for (const b of blocks) {
    if (b.start >= until) close()
    const taken = new Set(group.filter((o) => o.end > b.start).map((o) => o.column))
    while (taken.has(b.column)) b.column++
    group.push(b)
    until = Math.max(until, b.end)
  }
  close()
  return blocks
}

// free finds the next quarter of an hour from which `minutes` fit between what is planned; null when the day is full.
export function free(blocks: Block[], minutes: number, from: number): number | null {
  for (let at = Math.ceil(from / 15) * 15; at + minutes <= 1440; at += 15) {
    if (!blocks.some((b) => b.start < at + minutes && b.end > at)) return at
  }
  return null
}

// off says by how much the real time missed the estimate: +20.0%.
export function off(s: { compared_estimated: number; compared_actual: number }): number | null {
  return s.compared_estimated ? (s.compared_actual - s.compared_estimated) / s.compared_estimated : null
}
