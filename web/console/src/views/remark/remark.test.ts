import { expect, test } from 'vitest'
import { mayDo } from './remark'

test('nothing is decided about a comment WeChat has not been heard on, and only a shown one is put first', () => {
  expect(mayDo({ state: 'checking' })).toEqual({ show: false, refuse: false, reply: false, pin: false })
  expect(mayDo({ state: 'waiting' })).toEqual({ show: true, refuse: true, reply: true, pin: false })
  expect(mayDo({ state: 'shown' })).toEqual({ show: false, refuse: true, reply: true, pin: true })
  expect(mayDo({ state: 'refused' })).toEqual({ show: true, refuse: false, reply: false, pin: false })
})
