import { describe, expect, it } from 'vitest'
import { emptyPlan, ends, faults, opens, tasks, words } from './wizard'

const found = (p: ReturnType<typeof emptyPlan>) => Object.entries(faults(p)).filter(([, v]) => v).map(([k]) => k)

describe('the wizard', () => {
  it('asks for what is switched on, and for nothing else', () => {
    const p = emptyPlan('2026-02-26')
    expect(found(p)).toEqual(['name'])
    p.name = '春'
    expect(found(p)).toEqual([])
    p.keyword.on = p.welcome.on = p.menu.on = p.coupon.on = p.poster.on = true
    p.menu.kind = 'click'
    expect(found(p)).toEqual(['words', 'keyword_text', 'welcome_text', 'menu_name', 'menu_text', 'coupon_value', 'poster'])
    p.menu.name = '双十二写作营'
    expect(faults(p).menu_name).toBe('一级按钮最多 5 个汉字')
    p.menu.under = 0
    expect(faults(p).menu_name).toBe(false)
    p.codes = Array.from({ length: 21 }, (_, i) => `码${i}`).join('\n')
    p.welcome.text = '欢迎'
    expect(faults(p).welcome_text).toContain('任何场景码')
  })
  it('opens with the first day and ends when the last is over, Beijing time', () => {
    const p = { ...emptyPlan('2026-02-26'), to: '2026-02-28' }
    expect([opens(p), ends(p)]).toEqual(['2026-02-26T00:00:00+08:00', '2026-03-01T00:00:00+08:00'])
    expect(new Date(ends(p)).toISOString()).toBe('2026-02-28T16:00:00.000Z')
  })
  it('makes the campaign first and publishes last, and publishes nothing where there is no rule', () => {
    const p = emptyPlan('2026-02-26')
    p.publish = true
    expect(tasks(p).map((t) => t.key)).toEqual(['campaign'])
    p.codes = ' 店一 \n\n店二\n店一'
    p.keyword = { on: true, words: '写作，春天 写作', text: '好' }
    p.menu.on = true
    expect(tasks(p).map((t) => t.key)).toEqual(['campaign', 'codes', 'keyword', 'menu', 'publish'])
    expect(tasks(p)[1]!.label).toBe('2 个二维码')
    expect(words(p.keyword.words)).toEqual(['写作', '春天'])
  })
})
