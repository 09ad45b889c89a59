import { describe, expect, it } from 'vitest'
import { inOrder, seenKey, seenText } from './seen'

const cell = (html: string) => { const td = document.createElement('td'); td.innerHTML = html; return td }

describe('a cell, read back', () => {
  it('is what one reads, without buttons and with whole times', () => {
    expect(seenText(cell('<a href="/x"> 写作课 </a><span class="sr">详情</span><button>复制</button><small>计划</small>'))).toBe('写作课 计划')
    expect(seenText(cell('<time datetime="2026-11-28T01:02:03Z">11-28 09:02</time>'))).toBe('2026-11-28 09:02:03')
    expect(seenText(cell('<span>–</span>'))).toBe('')
  })
  it('is sorted by its instant where it has one', () => {
    expect(seenKey(cell('<time datetime="2026-11-28T09:02:03+08:00">x</time>计划'))).toBe('2026-11-28T01:02:03.000Z')
  })
})

describe('an order', () => {
  const sorted = (keys: (string | number)[], down = false) => inOrder(keys, down).map((i) => keys[i])
  it('has numbers by size, whatever stands around them', () => {
    expect(sorted(['¥1,200.00', '¥99.00', '−¥3.00', '¥100.50'])).toEqual(['−¥3.00', '¥99.00', '¥100.50', '¥1,200.00'])
    expect(sorted(['9 人', '10 人', '1 人'], true)).toEqual(['10 人', '9 人', '1 人'])
    expect(sorted([3, 20, 1])).toEqual([1, 3, 20])
    expect(sorted(['¥1,200.00', '免费', '¥99.00'])).toEqual(['免费', '¥99.00', '¥1,200.00'])
  })
  it('has what is empty last both ways, and equals as they stood', () => {
    expect(sorted(['', '2', '1'])).toEqual(['1', '2', ''])
    expect(sorted(['', '2', '1'], true)).toEqual(['2', '1', ''])
    expect(inOrder(['a', 'a', ''], true)).toEqual([0, 1, 2])
  })
  it('has words by pinyin, dates by time, mixed ones as words', () => {
    expect(sorted(['写作', '阿姨', '编程'])).toEqual(['阿姨', '编程', '写作'])
    expect(sorted(['2026-11-02', '2026-02-11', '2025-12-31'])).toEqual(['2025-12-31', '2026-02-11', '2026-11-02'])
  })
})
