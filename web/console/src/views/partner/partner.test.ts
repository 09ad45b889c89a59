import { describe, expect, it } from 'vitest'
import { csvHead, months, share, sheetRows, stayed, toBp, type Settlement } from './partner'

describe('a partner', () => {
  it('reads a share of two decimals, and nothing else', () => {
    expect(['15', '12.5', '12.05%', '0', '100'].map(toBp)).toEqual([1500, 1250, 1205, 0, 10_000])
    expect(['', '-1', '100.01', '12.345', '一成', '1e2'].map(toBp)).toEqual([null, null, null, null, null, null])
    expect([share(1250), share(0), share(null)]).toEqual(['12.5%', '0%', '不分成'])
  })
  it('offers this month and two years back', () => {
    const list = months(new Date('2026-01-31T17:00:00Z')) // the first of February in Shanghai
    expect([list[0], list[1], list[2], list.at(-1), list.length]).toEqual(['2026-02', '2026-01', '2025-12', '2024-02', 25])
  })
  it('writes its sheet with a cell for every head', () => {
    const s = { month: '2026-01', share_bp: 1000, orders: 1, gross: 700, refunded: 0, correction: -1000, net: -300, payable: -30, settled_at: '', figures: { scans: 1, clicks: 2, people: 3, new_follows: 1, returned: 0, stayed_7: 1, stayed_7_of: 1, stayed_30: null, stayed_30_of: 0, course_views: 0 } } as Settlement
    const [row] = sheetRows([s])
    expect(row!.length).toBe(csvHead.length)
    expect(row![6]).toBe('观察期未满')
    expect(stayed(1, 2)).toBe('1 / 2')
  })
})
