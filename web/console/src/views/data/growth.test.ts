import { describe, expect, it } from 'vitest'
import { kText, ripe, share, weekName, type Cohort } from './growth'

const step = (people: number, state: 'final' | 'maturing' = 'final') => ({ people, state, matures_at: '2026-05-08T00:00:00+08:00' })
const cohort = (size: number, active: number, state: 'final' | 'maturing'): Cohort => ({ cohort: '2026-03-02', size, active: step(active, state), retained: step(0), paid: step(0), referrers: step(0), brought: step(0) })

describe('the loop', () => {
  it('adds up only the cohorts whose time is over, people over people', () => {
    expect(ripe([cohort(100, 10, 'final'), cohort(60, 30, 'final'), cohort(1000, 0, 'maturing')], 'active')).toEqual({ size: 160, people: 40 })
    expect(ripe([cohort(5, 1, 'maturing')], 'active')).toBeNull()
  })
  it('writes the worked example of the definitions', () => {
    expect(kText(share(14, 200))).toBe('0.07')
    expect(kText(share(1, 0))).toBe('–')
    expect(weekName('2026-12-28')).toBe('12-28 至 01-03')
  })
})
