import { describe, expect, it } from 'vitest'
import { checks, fetchFix, type Health } from './health'

const quiet: Health = {
  as_of: '2026-03-02T12:00:00+08:00', types: [], intake: {}, excluded: {}, rejected: {}, persons: 0, without_union: 0, staff: 0,
  waiting: 0, counters: 'fed', behind: 0, checks: [], unequal: [], bills: [], fetches: [],
}
const state = (h: Partial<Health>) => Object.fromEntries(checks({ ...quiet, ...h }).map((c) => [c.key, c.state]))

describe('data health in words', () => {
  it('calls what never ran not in use, not healthy', () => {
    expect(state({})).toEqual({ intake: 'off', fold: 'ok', live: 'ok', check: 'off', orders: 'ok', bills: 'off', fetch: 'off', union: 'off' })
  })
  it('is alarmed by batches that wait, not by those just stored', () => {
    expect(state({ waiting: 2, waiting_since: '2026-03-02T11:59:30+08:00' }).fold).toBe('ok')
    expect(state({ waiting: 2, waiting_since: '2026-03-02T11:50:00+08:00' }).fold).toBe('bad')
  })
  it('does not call a check whole that could not ask Redis', () => {
    const check = { checked_at: quiet.as_of, from: '2026-02-28', to: '2026-03-02', found: 0, redis_asked: false, differences: [] }
    expect(state({ checks: [check] }).check).toBe('warn')
    expect(state({ checks: [{ ...check, redis_asked: true }] }).check).toBe('ok')
    expect(state({ checks: [{ ...check, found: 1, redis_asked: true }] }).check).toBe('warn')
    expect(state({ checks: [{ ...check, redis_asked: true, checked_at: '2026-02-28T12:00:00+08:00' }] }).check).toBe('warn')
  })
  it('names what to do about a refusal of WeChat', () => {
    const fetch = { kind: 'articles' as const, day: '2026-03-01', state: 'failed' as const, code: '48001', tries: 1, fetched_at: quiet.as_of }
    expect(checks({ ...quiet, fetches: [fetch] }).find((c) => c.key === 'fetch')).toMatchObject({ state: 'bad', fix: fetchFix('48001') })
    expect(state({ fetches: [{ ...fetch, state: 'unready', code: '61503' }] }).fetch).toBe('ok')
  })
  it('says that some people may be counted twice', () => {
    expect(state({ persons: 3, without_union: 1 }).union).toBe('warn')
    expect(state({ persons: 3 }).union).toBe('ok')
  })
})
