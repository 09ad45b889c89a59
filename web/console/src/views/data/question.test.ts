import { describe, expect, it } from 'vitest'
import { question, readSteps, took, writeSteps, type Asked } from './question'

describe('a question in the address', () => {
  it('reads back what it wrote', () => {
    const steps = [{ type: 'scan', channel: '线下,海报;甲=乙' }, { type: 'course_view', course_id: 3 }, { type: 'paid', article_id: 7, code: 'a b' }]
    expect(readSteps(writeSteps(steps))).toEqual(steps)
  })
  it('leaves nonsense out', () => {
    expect(readSteps('nothing;paid,course_id=-1;;toString;follow,channel=%E4%B8;scan,x=1')).toEqual([{ type: 'paid' }, { type: 'follow' }, { type: 'scan' }])
    expect(readSteps('paid;'.repeat(40))).toHaveLength(10)
  })
  const asked: Asked = { from: '2026-03-02', to: '2026-03-08', steps: 'follow;paid', hours: 168, order: 'any', same: '', by: '', at: 'entry', compare: false }
  it('asks the service only what it knows', () => {
    expect(question(asked)).toEqual({ from: '2026-03-02', to: '2026-03-08', steps: [{ type: 'follow' }, { type: 'paid' }], window_hours: 168, order: 'any' })
    expect(question({ ...asked, order: 'x', same: 'openid', by: 'channel', at: 'last', hours: 1e9, compare: true }))
      .toEqual({ from: '2026-03-02', to: '2026-03-08', steps: [{ type: 'follow' }, { type: 'paid' }], window_hours: 8784, order: 'ordered', breakdown: 'channel', breakdown_at: 'last', compare: true })
    expect(question({ ...asked, steps: 'paid' })).toBeNull()
  })
  it('says how long it took', () => {
    expect([null, 42, 59.6, 1080, 12600, 181440].map(took)).toEqual(['–', '42 秒', '60 秒', '18 分钟', '3.5 小时', '2.1 天'])
  })
})
