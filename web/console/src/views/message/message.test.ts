import { describe, expect, it } from 'vitest'
import { kindName, kinds, lastDays } from './message'

describe('messages', () => {
  it('names what it knows and leaves the rest as WeChat spells it', () => {
    expect(kindName('text')).toBe('文字')
    expect(kindName('event.CLICK')).toBe('点菜单')
    expect(kindName('event.invented_next_year')).toBe('invented_next_year')
    expect(kinds[0]!.value).toBe('')
  })
  it('takes days of Beijing, both ends included', () => {
    expect(lastDays(30, new Date('2026-03-30T17:00:00Z'))).toEqual({ from: '2026-03-02', to: '2026-03-31' })
  })
})
