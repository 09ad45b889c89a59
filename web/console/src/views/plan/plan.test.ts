import { describe, expect, it } from 'vitest'
import { clock, free, lay, minutesText, monday, off, quadrantOf, spanOf, toMinute, type Task } from './plan'

const task = (id: number, start: number | null, estimated_minutes: number) => ({ id, start, estimated_minutes }) as Task

describe('a day plan', () => {
  it.each([['9', 540], ['930', 570], ['9:30', 570], ['9：05', 545], ['23:59', 1439], ['24:00', null], ['9:60', null], ['早上', null], ['', null]])('"%s" typed is minute %s', (text, minute) => {
    expect(toMinute(text)).toBe(minute)
  })
  it('writes times and lengths', () => {
    expect([clock(545), clock(0), minutesText(45), minutesText(90), minutesText(120)]).toEqual(['09:05', '00:00', '45 分', '1 小时 30 分', '2 小时'])
  })
  it('knows quadrants, weeks and months', () => {
    expect(quadrantOf({ important: false, urgent: true }).key).toBe(3)
    expect([monday('2026-11-29'), monday('2026-11-23')]).toEqual(['2026-11-23', '2026-11-23'])
    expect(spanOf('week', '2026-12-01')).toEqual({ from: '2026-11-30', to: '2026-12-06' })
    expect(spanOf('month', '2026-02-10')).toEqual({ from: '2026-02-01', to: '2026-02-28' })
  })
  it('lays what overlaps side by side, and marks it', () => {
    const b = lay([task(1, 540, 60), task(2, 570, 60), task(3, 600, 30), task(4, 660, 30), task(5, null, 30)])
    expect(b.map((x) => [x.task.id, x.column, x.columns, x.clash])).toEqual([[1, 0, 2, true], [2, 1, 2, true], [3, 0, 2, true], [4, 0, 1, false]])
  })
  it('finds the next gap', () => {
    const b = lay([task(1, 540, 60), task(2, 615, 45)])
    expect([free(b, 15, 540), free(b, 30, 540), free(b, 30, 1425)]).toEqual([600, 660, null])
  })
  it('compares only what was measured', () => {
    expect(off({ compared_estimated: 100, compared_actual: 120 })).toBeCloseTo(0.2)
    expect(off({ compared_estimated: 0, compared_actual: 120 })).toBeNull()
  })
})
