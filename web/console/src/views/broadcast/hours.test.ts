import { describe, expect, it } from 'vitest'
import { hourName, sayings, type SendHours } from './hours'

const none: SendHours = {
  hours: Array.from({ length: 24 }, (_, hour) => ({ hour, readers: 0, sends: 0, delivered: 0, read: 0, rate: null })),
  read_from: '2026-04-22', read_to: '2026-05-19', send_from: '2025-11-21', readers: 99, sends: 4, untold: 0, best_read: null, best_send: null, need_readers: 100, need_sends: 3, need_hours: 2, rules: {}, as_of: '2026-05-20T04:00:00Z',
}

describe('when to send', () => {
  it('names no hour while there is too little, and says how little', () => {
    const [read, send] = sayings(none)
    expect([read!.value, read!.enough, send!.value, send!.enough]).toEqual(['数据不足', false, '数据不足', false])
    expect(read!.basis).toContain('99 人，满 100 人才说')
    expect(send!.basis).toContain('有 4 次；至少要有 2 个小时各发过 3 次才说')
  })
  it('names midnight too, and what the answer rests on', () => {
    const hours = none.hours.map((h) => (h.hour === 0 ? { ...h, readers: 1200 } : h.hour === 20 ? { ...h, sends: 3, delivered: 4000, read: 1000, rate: 0.25 } : h))
    const [read, send] = sayings({ ...none, hours, readers: 3000, sends: 6, untold: 1, best_read: 0, best_send: 20 })
    expect([read!.value, read!.enough]).toEqual(['00:00–01:00', true])
    expect(read!.basis).toContain('一个小时里 1,200 人点击')
    expect(send!.value).toBe('20:00–21:00，25.0%')
    expect(send!.basis).toContain('3 次群发，4,000 人次收到')
    expect(send!.basis).toContain('另有 1 次微信还没有给出人数')
    const level = hours.map((h) => (h.hour === 21 ? { ...h, readers: 1200 } : h))
    expect(sayings({ ...none, hours: level, readers: 3000, best_read: 0 })[0]!.value).toBe('00:00–01:00、21:00–22:00')
    expect(hourName(23)).toBe('23:00–24:00')
  })
})
