import { describe, expect, it } from 'vitest'
import { lastPeriod, pieces, readTarget, targetText } from './report'

describe('the period one reports on', () => {
  it('is the week before this one, Monday and Sunday alike, by the Beijing day', () => {
    expect(lastPeriod('week', new Date('2026-11-23T00:00:00+08:00'))).toBe('2026-11-22')
    expect(lastPeriod('week', new Date('2026-11-29T23:59:00+08:00'))).toBe('2026-11-22')
    expect(lastPeriod('month', new Date('2026-11-01T00:00:00+08:00'))).toBe('2026-10-31')
  })
})
describe('a target', () => {
  it('is typed as people read it', () => {
    expect(readTarget('fen', '1,234.5')).toBe(123450)
    expect(readTarget('rate', '9.25%')).toBe(925)
    expect(readTarget('count', '1,200')).toBe(1200)
    expect(targetText('rate', 925)).toBe('9.25')
    for (const [kind, bad] of [['fen', '一千'], ['rate', '101'], ['rate', '1.234'], ['count', '1.5'], ['count', '-3']] as const) expect(readTarget(kind, bad)).toBeNull()
  })
})
describe('a line', () => {
  it('has a gap where nothing was told', () => {
    expect(pieces([1, null, 3, 4], (i) => i, (v) => v)).toBe('M0.0 1.0M2.0 3.0L3.0 4.0')
  })
})
