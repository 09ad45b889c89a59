import { expect, test } from 'vitest'
import { asTask, faultsOf, formOf } from './invite'

test('a form says what is wrong with it, and becomes a task otherwise', () => {
  const f = formOf(null)
  expect(Object.entries(faultsOf(f)).filter(([, v]) => v).map(([k]) => k)).toEqual(['poster_id', 'reward_ref'])
  f.poster_id = 4
  f.reward_ref = 7
  expect(Object.values(faultsOf(f)).some(Boolean)).toBe(false)
  for (const bad of ['0', '', '三', '1.5', '721']) expect(faultsOf({ ...f, hold_hours: bad }).hold_hours).toBe('1 到 720')
  expect(faultsOf({ ...f, keyword: '一二三四五六七八九十一' }).keyword).toBe('1 到 10 个字')
  const t = asTask({ ...f, keyword: ' 海报 ', need: '5' }, 2)
  expect(t).toMatchObject({ keyword: '海报', need: 5, poster_id: 4, reward: 'coupon', reward_ref: 7, version: 2 })
  expect(formOf(t)).toMatchObject({ keyword: '海报', need: '5', poster_id: 4 })
})
