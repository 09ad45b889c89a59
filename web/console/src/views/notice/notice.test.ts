import { describe, expect, it } from 'vitest'
import { fieldHint, gone, live, share, shown, sureText, whom, type Field } from './notice'

const sums = { waiting: 5, sending: 1, sent: 1, delivered: 2, refused: 1, failed: 0, unknown: 0 }
describe('notice', () => {
  it('says how far it is', () => {
    expect(gone(sums)).toBe(4)
    expect(share({ total: 10, sums })).toBe(40)
    expect(share({ total: 0, sums })).toBe(0)
  })
  it('knows when nothing moves any more', () => {
    const now = new Date().toISOString()
    expect(live({ state: 'sending', sums, ended_at: null })).toBe(true)
    expect(live({ state: 'done', sums, ended_at: now })).toBe(true)
    expect(live({ state: 'done', sums, ended_at: '2020-01-01T00:00:00Z' })).toBe(false)
    expect(live({ state: 'done', sums: { ...sums, sent: 0 }, ended_at: now })).toBe(false)
  })
  it('says to whom, and what is agreed to', () => {
    expect(whom({}, String, String)).toBe('全部关注中的粉丝')
    expect(whom({ tag: 2, q: '王', from: '2026-01-01' }, () => '老粉', String)).toBe('标签「老粉」，备注有「王」，2026-01-01 到 今天 关注的粉丝')
    expect(sureText(1200, 'template')).toContain('1,200 位')
    expect(sureText(3, 'subscribe')).toContain('订阅')
  })
  it('says what a field takes', () => {
    expect(fieldHint({ key: 'thing1', label: '', kind: 'thing', most: 20, personal: true } satisfies Field)).toBe('最多 20 个字，可以写 {备注}')
    expect(fieldHint({ key: 'first', label: '', kind: 'first', most: 0, personal: true } satisfies Field)).toContain('200')
    expect(shown('{备注}您好', '')).toBe('同学您好')
  })
})
