import { describe, expect, it } from 'vitest'
import { callName, lasted, ms, quotaText, urgent, type Check, type Outage, type Usage } from './calls'

const usage = (more: Partial<Usage>): Usage => ({ app: '公众号', path: '/cgi-bin/menu/get', calls: 1, errors: 0, last_at: '', error_at: null, stopped_until: null, asked_at: null, short: false, ...more })

describe('connection page', () => {
  it('puts what needs a hand first and keeps the order within', () => {
    const c = (key: string, state: Check['state']): Check => ({ key, state, title: key, text: '', at: null })
    expect(urgent([c('a', 'ok'), c('b', 'off'), c('c', 'warn'), c('d', 'bad'), c('e', 'ok')]).map((x) => x.key)).toEqual(['d', 'c', 'a', 'e', 'b'])
  })
  it('says what is known of a quota', () => {
    expect(quotaText(usage({}))).toBe('还没有问过')
    expect(quotaText(usage({ note: '微信不提供这个接口的额度' }))).toBe('微信不提供这个接口的额度')
    expect(quotaText(usage({ quota: { limit: 10000, used: 3, remain: 9997 } }))).toBe('用了 3 / 10,000，还剩 9,997')
    expect(quotaText(usage({ stopped_until: '2026-11-29T00:00:00Z' }))).toBe('今天的次数已用完')
  })
  it('names an interface, a whole family too, and leaves an unknown one alone', () => {
    expect(callName('/cgi-bin/menu/create')).toBe('发布菜单')
    expect(callName('/datacube/getusersummary')).toBe('统计数据')
    expect(callName('/cgi-bin/nobody/knows')).toBe('')
  })
  it('writes times', () => {
    const o: Outage = { part: 'redis', instance: 'a', began_at: '2026-11-28T00:00:00Z', ended_at: '2026-11-28T00:00:20Z', spooled: 0, drained: 0, peak: 0 }
    expect(lasted(o, '')).toBe('20 秒')
    expect(lasted({ ...o, ended_at: null }, '2026-11-28T02:30:00Z')).toBe('2.5 小时')
    expect([ms(0), ms(3.2), ms(250), ms(1500)]).toEqual(['–', '3.2 毫秒', '250 毫秒', '1.50 秒'])
  })
})
