import { describe, expect, it } from 'vitest'
import { aim, arrow, freeSlot, grid, nameOf, targetText, toTarget, type Piece } from './calendar'

const p = (id: number, day: string, slot: number) => ({ id, day, slot }) as Piece

describe('the content calendar', () => {
  it.each([['read_rate', '9', 900], ['read_rate', '9.05%', 905], ['read_rate', '9.5', 950], ['read_rate', '101', null], ['read_rate', '0', null], ['readers', '1200', 1200], ['readers', '1.5', null], ['net', '1990.5', 199050], ['net', '0', null]])('%s "%s" is %s on the wire', (kpi, text, n) => {
    expect(toTarget(kpi, text)).toBe(n)
  })
  it('writes targets back', () => {
    expect([targetText('read_rate', 905), targetText('net', 199050), aim({ target_kpi: 'read_rate', target: 900 }), aim({ target_kpi: 'buyers', target: 12 }), aim({ target_kpi: '', target: 0 })]).toEqual(['9.05', '1990.50', '阅读率 9%', '购买人数 12 人', ''])
  })
  it('finds the next free place, and names what has no title', () => {
    const all = [p(1, '2026-11-27', 1), p(2, '2026-11-27', 3)]
    expect([freeSlot(all, '2026-11-27'), freeSlot(all, '2026-11-27', 1), freeSlot(all, '2026-11-28')]).toEqual([2, 1, 1])
    expect(nameOf({ title: '', column: '干货' })).toBe('干货（还没有题目）')
  })
  it('moves by days and weeks, and lays weeks out', () => {
    expect([arrow('ArrowLeft', p(1, '2026-12-01', 2)), arrow('ArrowDown', p(1, '2026-12-01', 2)), arrow('a', p(1, '2026-12-01', 2))]).toEqual([{ day: '2026-11-30', slot: 2 }, { day: '2026-12-08', slot: 2 }, null])
    const g = grid('2026-10-26', '2026-12-06')
    expect([g.length, g[0]![0], g[5]![6]]).toEqual([6, '2026-10-26', '2026-12-06'])
  })
})
