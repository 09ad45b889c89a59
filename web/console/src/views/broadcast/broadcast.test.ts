import { describe, expect, it } from 'vitest'
import { left, moveMonth, weeks, type Quota } from './broadcast'

const quota = { day_limit: 100, day_left: 99, all_today: 0, all_month: 0, month: 1, foreign: 1, month_most: 4, once: false } as Quota

describe('broadcast', () => {
  it('says what is left and warns before WeChat refuses', () => {
    expect(left(quota, true).map((l) => l.warn)).toEqual([false, false, false, false])
    expect(left({ ...quota, all_today: 1, all_month: 4 }, true).map((l) => l.warn)).toEqual([false, true, true, false])
    expect(left({ ...quota, all_today: 1 }, false)).toHaveLength(2)
    expect(left({ ...quota, day_limit: 1, day_left: 0, once: true }, true)).toEqual([{ text: '今天还能提交 0 次（每天 1 次）', warn: true }])
    expect(left({ ...quota, day_limit: -1 }, false)).toHaveLength(1)
  })
  it('lays a month out by weeks', () => {
    const w = weeks('2026-11') // begins on a Sunday
    expect(w[0]).toEqual(['', '', '', '', '', '', '2026-11-01'])
    expect(w.at(-1)![0]).toBe('2026-11-30')
    expect(weeks('2026-02')).toHaveLength(5)
    expect(moveMonth('2026-12', 1)).toBe('2027-01')
    expect(moveMonth('2026-01', -1)).toBe('2025-12')
  })
})
