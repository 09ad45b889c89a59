import { describe, expect, it } from 'vitest'
import { leftText, sizeText, soon } from './material'

const now = Date.UTC(2026, 6, 1)
const after = (hours: number) => new Date(now + hours * 3_600_000).toISOString()

describe('temporary material', () => {
  it('says how long it lives yet', () => {
    expect(leftText(after(72), now)).toBe('还剩 3 天')
    expect(leftText(after(51), now)).toBe('还剩 2 天 3 小时')
    expect(leftText(after(5), now)).toBe('还剩 5 小时')
    expect(leftText(after(0.5), now)).toBe('还剩 30 分钟')
    expect(leftText(after(0), now)).toBe('已失效')
    expect(leftText(null, now)).toBe('')
  })
  it('warns within a day of its end', () => {
    expect(soon(after(25), now)).toBe(false)
    expect(soon(after(23), now)).toBe(true)
    expect(soon(null, now)).toBe(false)
  })
  it('writes sizes as people read them', () => {
    expect(sizeText(0)).toBe('–')
    expect(sizeText(300)).toBe('1 KB')
    expect(sizeText(64 << 10)).toBe('64 KB')
    expect(sizeText(3 << 19)).toBe('1.5 MB')
  })
})
