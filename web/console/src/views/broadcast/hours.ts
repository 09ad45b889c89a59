import type { components } from '@/api/schema'
import { count, rate } from '@/lib/number'

export type SendHours = components['schemas']['SendHours']

export const hourName = (h: number) => `${String(h).padStart(2, '0')}:00–${String(h + 1).padStart(2, '0')}:00`

export interface Saying { key: 'read' | 'send'; label: string; value: string; basis: string; enough: boolean }

// sayings are the two answers to when to send, each with what it rests on; one that rests on too little says so and names no hour.
// Hours that are level are all named.
export function sayings(d: SendHours): Saying[] {
  const few = '数据不足'
  const untold = d.untold ? `，另有 ${count(d.untold)} 次微信还没有给出人数` : ''
  const read = d.best_read === null ? null : d.hours[d.best_read]!
  const send = d.best_send === null ? null : d.hours[d.best_send]!
  const all = (same: (h: SendHours['hours'][number]) => boolean) => d.hours.filter(same).map((h) => hourName(h.hour)).join('、')
  return [
    read === null
      ? { key: 'read', label: '点击的人最多', value: few, enough: false, basis: `${d.read_from} 到 ${d.read_to} 点击过的有 ${count(d.readers)} 人，满 ${count(d.need_readers)} 人才说` }
      : { key: 'read', label: '点击的人最多', value: all((h) => h.readers === read.readers), enough: true, basis: `一个小时里 ${count(read.readers)} 人点击；${d.read_from} 到 ${d.read_to} 点击过的共 ${count(d.readers)} 人` },
    send === null
      ? { key: 'send', label: '群发后阅读率最高', value: few, enough: false, basis: `${d.send_from} 以来算得进的图文群发有 ${count(d.sends)} 次${untold}；至少要有 ${d.need_hours} 个小时各发过 ${d.need_sends} 次才说` }
      : { key: 'send', label: '群发后阅读率最高', value: `${all((h) => h.rate === send.rate)}，${rate(send.rate)}`, enough: true, basis: `${hourName(send.hour)} 的 ${count(send.sends)} 次群发，${count(send.delivered)} 人次收到；${d.send_from} 以来共算 ${count(d.sends)} 次${untold}` },
  ]
}
