import { describe, expect, it } from 'vitest'
import { liftText } from './campaign'

describe('lift in words', () => {
  it('writes the worked example of the definitions', () => {
    expect(liftText({ value: 450, baseline: 150, lift: 300, low: 146, high: 154, weeks: 4 }, String)).toBe('+300（活动期间 450，前四周同样的星期平均 150，那些周在 146 到 154 之间）。')
  })
  it('estimates nothing from one week', () => {
    expect(liftText({ value: 5, baseline: null, lift: null, low: null, high: null, weeks: 1 }, String)).toContain('不估算')
  })
  it('says a loss with its sign', () => {
    expect(liftText({ value: 1, baseline: 3, lift: -2, low: 2, high: 4, weeks: 4 }, String)).toMatch(/^−2/)
  })
})
