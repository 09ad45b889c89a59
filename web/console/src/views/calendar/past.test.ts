import { describe, expect, it } from 'vitest'
import { near, pastFor } from './past'

const review = (id: number, title: string, kpi = '', decision = 'keep', decided_at = `2026-05-0${id}T00:00:00Z`) => ({ id, title, kpi, decision, decided_at }) as Parameters<typeof pastFor>[0][number]
const name = (k: string) => ({ read_rate: '阅读率' })[k] ?? k

describe('past decisions for what is planned', () => {
  it('measures how much two titles share', () => {
    expect(near('标题的十种写法', '标题的十种写法')).toBe(1)
    expect(near('标题的十种写法', '《标题》的十种写法！')).toBe(1)
    expect(near('标题的十种写法', '年终汇报')).toBe(0)
    expect(near('', '年终汇报')).toBe(0)
  })
  it('puts a like title before the same figure, the later decision first, and three at most', () => {
    const got = pastFor([review(1, '年终汇报怎么写', 'read_rate'), review(2, '标题的九种写法'), review(3, '粉丝问答', 'read_rate'), review(4, '选题从哪来', 'read_rate'), review(5, '没结论的标题的十种写法', '', '')], { title: '标题的十种写法', target_kpi: 'read_rate' }, name)
    expect(got.map((x) => x.review.id)).toEqual([2, 4, 3])
    expect(got.map((x) => x.why)).toEqual(['题目相近', '也是为了阅读率', '也是为了阅读率'])
  })
  it('says nothing where nothing is near', () => {
    expect(pastFor([review(1, '年终汇报')], { title: '标题', target_kpi: '' }, name)).toEqual([])
    expect(pastFor([review(1, '年终汇报')], { title: '', target_kpi: '' }, name)).toEqual([])
  })
})
