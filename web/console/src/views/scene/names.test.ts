import { expect, it } from 'vitest'
import { linesOf, most, nameFault, numbered } from './names'

it('reads a pasted list', () => {
  expect(linesOf(' 朝阳店 \r\n\n海淀店\n')).toEqual(['朝阳店', '海淀店'])
})

it('numbers a prefix with as many digits as the last needs', () => {
  expect(numbered('店-', 3)).toEqual(['店-01', '店-02', '店-03'])
  expect(numbered('p', 2, 999)).toEqual(['p0999', 'p1000'])
})

it('finds what would be refused', () => {
  expect(nameFault([])).toBe('一行写一个名字')
  expect(nameFault(['a', 'b'])).toBe('')
  expect(nameFault(['a', 'b', 'a'])).toBe('第 1 个和第 3 个都是「a」')
  expect(nameFault(['字'.repeat(22)])).toContain('第 1 个')
  expect(nameFault(numbered('x', most + 1))).toContain(String(most + 1))
})
