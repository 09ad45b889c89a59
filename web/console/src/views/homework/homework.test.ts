import { expect, test } from 'vitest'
import { mayDo, scoreOf } from './homework'

test('what waits is marked or given back; only what is marked and passed WeChat is put among the good ones', () => {
  expect(mayDo({ state: 'waiting', check: 'checking', featured: false })).toEqual({ mark: true, giveBack: true, feature: false })
  expect(mayDo({ state: 'marked', check: 'review', featured: false })).toEqual({ mark: true, giveBack: false, feature: false })
  expect(mayDo({ state: 'marked', check: 'pass', featured: false })).toEqual({ mark: true, giveBack: false, feature: true })
  expect(mayDo({ state: 'returned', check: 'risky', featured: false })).toEqual({ mark: false, giveBack: false, feature: false })
})

test('a score is 0 to 100, or none', () => {
  expect([scoreOf(''), scoreOf(' 95 '), scoreOf('0'), scoreOf('101'), scoreOf('9.5'), scoreOf('好')]).toEqual([undefined, 95, 0, null, null, null])
})
