import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'

export type Broadcast = components['schemas']['BroadcastBody']
export type BroadcastWhole = components['schemas']['BroadcastWhole']
export type Quota = components['schemas']['BroadcastQuotaOutBody']
export type Kind = Broadcast['kind']

export const broadcastWords = {
  draft: { text: '草稿', mood: 'muted', shape: 'half' },
  waiting: { text: '待确认', mood: 'warn', shape: 'half' },
  confirmed: { text: '已确认', mood: 'good', shape: 'half' },
  scheduled: { text: '已定时', mood: 'warn', shape: 'hollow' },
  sending: { text: '正在提交微信', mood: 'warn', shape: 'half' },
  sent: { text: '微信发送中', mood: 'warn', shape: 'half' },
  done: { text: '已发出', mood: 'good' },
  failed: { text: '没有发出', mood: 'bad' },
  unknown: { text: '不知道发没发出', mood: 'bad', shape: 'half' },
  cancelled: { text: '已取消', mood: 'muted', shape: 'hollow' },
} satisfies Record<string, Word>

export const kindNames: Record<Kind, string> = { text: '文字', mpnews: '图文', images: '图片' }
export const editable = (state: string) => ['draft', 'waiting', 'confirmed', 'failed'].includes(state)
export const toWhom = (b: { to_all: boolean; tag_id: number; tag_name: string }) => (b.to_all ? '全部粉丝' : `标签「${b.tag_name || b.tag_id}」`)
export const whenOf = (b: Broadcast) => b.send?.created_at ?? b.planned_at ?? b.updated_at

// left says in words what may still be sent; a warning where the next one would be refused.
export function left(q: Quota, toAll: boolean): { text: string; warn: boolean }[] {
  const out: { text: string; warn: boolean }[] = []
  if (q.day_limit >= 0) out.push({ text: `今天还能提交 ${q.day_left} 次（每天 ${q.day_limit} 次）`, warn: q.day_left <= 0 })
  if (q.once) return out
  if (toAll) {
    out.push({ text: q.all_today ? '今天已向全部粉丝群发过，微信每天只收一次' : '今天还能向全部粉丝群发 1 次', warn: q.all_today > 0 })
    out.push({ text: `这个月已向全部粉丝群发 ${q.all_month} 次，最多 ${q.month_most} 次`, warn: q.all_month >= q.month_most })
  }
  out.push({ text: `每位粉丝每月最多收到 ${q.month_most} 次，这个月已发 ${q.month} 次${q.foreign ? `（其中微信后台 ${q.foreign} 次）` : ''}`, warn: q.month >= q.month_most })
  return out
}

// weeks lays a month out from Monday to Sunday; days of other months are empty.
export function weeks(month: string): string[][] {
  const [y, m] = month.split('-').map(Number) as [number, number]
  const first = new Date(Date.UTC(y, m - 1, 1))
  const days = new Date(Date.UTC(y, m, 0)).getUTCDate()
  const cells: string[] = Array.from({ length: (first.getUTCDay() + 6) % 7 }, () => '')
  for (let d = 1; d <= days; d++) cells.push(`${month}-${String(d).padStart(2, '0')}`)
  while (cells.length % 7) cells.push('')
  return Array.from({ length: cells.length / 7 }, (_, i) => cells.slice(i * 7, i * 7 + 7))
}

export function moveMonth(month: string, n: number): string {
  const [y, m] = month.split('-').map(Number) as [number, number]
  return new Date(Date.UTC(y, m - 1 + n, 1)).toISOString().slice(0, 7)
}
