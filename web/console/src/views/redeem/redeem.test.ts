import { describe, expect, it } from 'vitest'
import { whole } from '@/lib/number'
import { batchWord, left } from './redeem'

const batch = (redeemed: number, withdrawn: number, over = false) => ({ size: 10, redeemed, withdrawn, over })

describe('redeem batches', () => {
  it('counts what is left', () => {
    expect(left(batch(3, 2))).toBe(5)
    expect(left(batch(3, 2, true))).toBe(0)
  })
  it('says where a batch stands', () => {
    expect(batchWord(batch(3, 2)).text).toBe('可兑换')
    expect(batchWord(batch(10, 0, true)).text).toBe('已兑完')
    expect(batchWord(batch(4, 6)).text).toBe('已作废')
    expect(batchWord(batch(4, 0, true)).text).toBe('已过期')
  })
  it('reads whole numbers within bounds', () => {
    expect(whole(' 12 ', 100)).toBe(12)
    for (const bad of ['', '0', '-1', '1.5', '101', '1e2', '１']) expect(whole(bad, 100)).toBeNull()
  })
})
