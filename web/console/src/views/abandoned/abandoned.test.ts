import { describe, expect, it } from 'vitest'
import { faultText, reachText } from './abandoned'

describe('why an order was not paid', () => {
  it('names a known code and keeps it', () => expect(faultText('NO_AUTH')).toBe('商户没有这个权限（NO_AUTH）'))
  it('shows an unknown one as it came', () => expect(faultText('-15001')).toBe('-15001'))
  it('says that nothing was heard without a code', () => expect(faultText('no_answer')).toBe('微信没有回应'))
  it('says nothing of none', () => expect(faultText('')).toBe(''))
})

describe('whether they may be written to', () => {
  const reach = { follower_id: 1, name: '', left: 0, until: null, why: '已取关，微信不让发' }
  it('counts what is left', () => expect(reachText({ ...reach, left: 3 })).toBe('能发 3 条'))
  it('says no', () => expect(reachText(reach)).toBe('不能发'))
})
