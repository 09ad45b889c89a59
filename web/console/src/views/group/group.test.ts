import { expect, test } from 'vitest'
import { address } from './group'

test('an address names its channel', () => {
  expect(address({ url: 'https://a/g/x' }, ' ')).toBe('https://a/g/x')
  expect(address({ url: 'https://a/g/x' }, '公众号 & 菜单')).toBe('https://a/g/x?c=%E5%85%AC%E4%BC%97%E5%8F%B7%20%26%20%E8%8F%9C%E5%8D%95')
})
