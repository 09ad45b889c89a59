import { describe, expect, it } from 'vitest'
import { presetRange } from '@/lib/time'
import { fromSaved, rangeName, toSaved } from './saved'

const usual = presetRange('now')

describe('a saved question', () => {
  it('keeps a usual range by its name, so that it moves on', () => {
    const kept = toSaved({ ...presetRange('7'), steps: 'course_view,code=a%26b;paid' }, usual)
    expect(new URLSearchParams(kept).get('range')).toBe('7')
    expect(rangeName(kept)).toBe('近 7 天')
    expect(fromSaved(kept, new Date('2027-01-10T04:00:00Z'))).toEqual({ steps: 'course_view,code=a%26b;paid', from: '2027-01-03', to: '2027-01-09' })
  })
  it('keeps days somebody chose as they are', () => {
    const kept = toSaved({ from: '2026-01-05', to: '2026-01-31', kind: 'active' }, usual)
    expect(fromSaved(kept)).toEqual({ from: '2026-01-05', to: '2026-01-31', kind: 'active' })
    expect(rangeName(kept)).toBe('2026-01-05 至 2026-01-31')
  })
  it('takes a page without a range to be asked about its usual one', () => {
    expect(toSaved({}, usual)).toBe('range=now')
    expect(fromSaved('range=nonsense&by=channel')).toEqual({ by: 'channel' })
  })
})
