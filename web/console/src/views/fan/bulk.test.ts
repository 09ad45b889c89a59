import { expect, test } from 'vitest'
import { blockText, bulkTitle, share, skipReason } from './bulk'

test('what a bulk does, and how far it is', () => {
  expect(bulkTitle({ blocks: false, on: true, tag: '老粉', undoes: 0 })).toBe('批量加标签「老粉」')
  expect(bulkTitle({ blocks: false, on: false, tag: '老粉', undoes: 3 })).toBe('撤销：批量去标签「老粉」')
  expect(bulkTitle({ blocks: true, on: true, tag: '', undoes: 0 })).toBe('批量拉黑')
  expect(bulkTitle({ blocks: true, on: false, tag: '', undoes: 3 })).toBe('撤销：批量移出黑名单')
  expect(skipReason({ blocks: true })).toBe('微信不让')
  expect(blockText(true, 41)).toContain('约 3 次')
  expect(share({ seen: 50, total: 0 })).toBe(0)
  expect(share({ seen: 131, total: 130 })).toBe(100)
})
