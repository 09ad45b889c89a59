import { describe, expect, it } from 'vitest'
import { found, pagesFor, where } from './found'

describe('what a search finds', () => {
  it('leads to the page of the thing', () => {
    expect(where({ kind: 'lesson', id: '4', title: '', note: '', parent: '9' })).toBe('/courses/9/lessons/4')
    expect(where({ kind: 'task', id: '4', title: '', note: '', parent: '2026-03-02' })).toEqual({ path: '/plan', query: { day: '2026-03-02' } })
    expect(where({ kind: 'task', id: '4', title: '', note: '' })).toEqual({ path: '/plan', query: {} })
    expect(where({ kind: 'order', id: 'L2', title: '', note: '' })).toBe('/orders/L2')
    expect(where({ kind: 'notice', id: '21', title: '', note: '' })).toBe('/notices/21')
    expect(where({ kind: 'signup', id: '41', title: '', note: '', parent: '31' })).toBe('/campaigns/31/signup')
  })
  it('names a person without a remark by their number', () => {
    expect(found({ kind: 'fan', id: '6', title: '', note: '' }, () => '')).toMatchObject({ title: '粉丝 6', group: '粉丝' })
  })
  it('offers pages by name, all before a word is typed', () => {
    const pages = [{ to: '/orders', label: '订单' }, { to: '/bills', label: '对账' }]
    expect(pagesFor('', pages)).toHaveLength(2)
    expect(pagesFor(' 对 ', pages).map((p) => p.to)).toEqual(['/bills'])
  })
})
