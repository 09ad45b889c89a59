import { expect, test } from 'vitest'
import { changes, kept } from './release'

test('one difference, and only the parts that differ', () => {
  expect(changes({ menu: [], replies: [] })).toEqual([])
  expect(changes({ menu: [], replies: ['新增'] }).map((p) => p.words)).toEqual([['新增']])
  expect(changes({ menu: ['a', 'b'], replies: ['c'] })[0]!.title).toBe('菜单 2 处')
})

test('what was not laid back is named', () => {
  expect(kept([])).toContain('回到了草稿')
  expect(kept(['价格', '菜单'])).toContain('「价格」、「菜单」')
})
