import { describe, expect, it } from 'vitest'
import { bars, codeColumns, csvHead, csvRows, stayNote, text, type Day, type Line } from './line'

const stay = (days: number, people: number | null, of: number) => ({ days, people, of, state: people == null ? 'maturing' as const : 'final' as const, ...(people == null ? { matures_at: '2026-03-11T16:00:00Z' } : {}) })
const day = (over: Partial<Day>): Day => ({
  day: '2026-03-02', scans: 5, clicks: 0, scanners: 4, new_follows: 2, returned: 0, stayed: [stay(1, 1, 2), stay(7, null, 0), stay(30, null, 0)], course_views: 1, orders: 1, gross: 19900, refunded: 0, net: 19900, state: 'final', ...over,
})
const column = (key: string) => codeColumns.find((c) => c.key === key)!

describe('a code’s line', () => {
  it('never writes a zero where the window is open', () => {
    expect(text(day({}), column('stay1'))).toBe('1')
    expect(text(day({}), column('stay7'))).toBe('观察期未满')
    expect(stayNote(stay(1, 1, 2))).toBe('50.0%，2 人里')
    expect(stayNote(stay(7, null, 0))).toContain('观察期未满，至')
  })
  it('has a cell for every head, and says the rule below', () => {
    const line = { total: day({ day: undefined }), days: [day({}), day({ day: '2026-03-03' })], as_of: '', rule: '扫码按次数' } as Line
    const rows = csvRows(line)
    expect(rows.slice(0, 3).map((r) => r.length)).toEqual([csvHead.length, csvHead.length, csvHead.length])
    expect(rows[0]![6]).toBe('观察期未满')
    expect(rows.at(-1)).toEqual(['口径', '扫码按次数'])
  })
  it('draws what was given back below the line', () => {
    const drawn = bars([day({ net: 100 }), day({ net: -300 }), day({ net: 0 })], column('net'), 80)
    expect(drawn.map((b) => [b.y, b.h])).toEqual([[0, 20], [20, 60], [20, 0]])
    expect(bars([day({})], column('stay7'), 80)[0]!.open).toBe(true)
  })
})
