import { describe, expect, it } from 'vitest'
import { bothWays, own, same, shareText, type Item, type Near } from './overlap'

const near = (mine_share: number, theirs_share: number) => ({ mine: 120, theirs: 120, mine_share, theirs_share }) as Near

describe('containment', () => {
  it('says who is in whom', () => {
    expect(same(near(0.9, 0.95))).toBe('几乎一样')
    expect(same(near(0.9, 0.1))).toBe('这一篇几乎都在那篇里')
    expect(same(near(0.1, 0.8))).toBe('那篇几乎都在这一篇里')
    expect(same(near(0.3, 0.1))).toBe('有大段相同')
    expect(same(near(0.1, 0.1))).toBe('有几段相同')
    expect(bothWays(near(0.6, 0.125))).toEqual({ mine: '这一篇的 60.0%（120 字）也在那篇里', theirs: '那篇的 12.5%（120 字）也在这一篇里' })
  })
  it('knows an item without text, and where items are kept', () => {
    expect(shareText({ share: null } as Item)).toBe('没有文字')
    expect(shareText({ share: 0 } as Item)).toBe('0.0%')
    expect(own({ kind: 'lesson', id: 3, course_id: 7 })).toBe('/courses/7/lessons/3')
    expect(own({ kind: 'article', id: 3, course_id: 0 })).toBe('/articles/3')
  })
})
