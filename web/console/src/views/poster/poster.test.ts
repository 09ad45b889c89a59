import { describe, expect, it } from 'vitest'
import { fileName, picture, ready, type Poster } from './poster'

describe('a poster', () => {
  it('is not drawn before there is something to draw', () => {
    const p = { title: '写作营', colour: '#123456', kind: 'code' as const, ref: 'a1' }
    expect([p, { ...p, title: ' ' }, { ...p, ref: '' }, { ...p, colour: 'red' }].map(ready)).toEqual([true, false, false, false])
  })
  it('has a name every system takes, and a new address for a new version', () => {
    expect(fileName({ title: '早鸟价\n9/10 号: "最后"' })).toBe('早鸟价 9 10 号 最后.png')
    expect(fileName({ title: '???' })).toBe('海报.png')
    expect(picture({ id: 3, version: 2 } as Poster)).toBe('/console/v1/posters/3/picture.png?v=2')
  })
})
