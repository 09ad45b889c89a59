import { describe, expect, it } from 'vitest'
import { showPart } from './figures'

describe('what a rate is made of', () => {
  it('is money where the rate is of money', () => {
    expect(showPart('refund_rate', 264320)).toBe('¥2,643.20')
    expect(showPart('roi', 0)).toBe('¥0.00')
    expect(showPart('paid_rate', 264320)).toBe('264,320')
    expect(showPart('paid_rate', null)).toBe('')
  })
})
