import { expect, test } from 'vitest'
import { kept, partGroups, partWord } from './mini'

test('a source without a word keeps its number', () => {
  expect(partWord('access_source_session_cnt', 18)).toBe('公众号文章')
  expect(partWord('access_source_session_cnt', 36)).toBe('来源 36')
  expect(partWord('access_staytime_info', 8)).toBe('100 秒以上')
  expect(partWord('access_depth_info', 9)).toBe('深度 9')
})

test('parts are grouped, the largest first', () => {
  const g = partGroups([{ index: 'access_depth_info', key: 1, value: 2 }, { index: 'access_source_session_cnt', key: 1, value: 3 }, { index: 'access_source_session_cnt', key: 18, value: 9 }])
  expect(g.map((x) => x.index)).toEqual(['access_source_session_cnt', 'access_depth_info'])
  expect(g[0]!.rows.map((r) => r.word)).toEqual(['公众号文章', '小程序历史列表'])
  expect(g[0]!.total).toBe(12)
})

test('what is not known yet is no zero', () => {
  const list = [{ key: 0, value: 20 }, { key: 1, value: 5 }, { key: 2, value: 0 }]
  expect(kept(list, 1)).toBe(0.25)
  expect(kept(list, 2)).toBe(0)
  expect(kept(list, 7)).toBeNull()
  expect(kept([{ key: 0, value: 0 }], 1)).toBeNull()
})
