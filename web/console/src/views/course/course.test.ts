import { describe, expect, it } from 'vitest'
import { moved } from '@/lib/move'
import { clock, emptyForm, faults, introHTML, introText, seconds, toBody } from './course'

describe('a course', () => {
  it('takes yuan and sends fen', () => {
    expect(toBody({ ...emptyForm(), title: ' 写作 ', price: '19.9', original_price: '' })).toMatchObject({ title: '写作', price: 1990, original_price: null })
  })
  it('names what is wrong with a price', () => {
    expect(faults({ ...emptyForm(), title: 'a', price: '十元' }).price).toBeTruthy()
    expect(faults({ ...emptyForm(), title: 'a', price: '200', original_price: '100' }).original_price).toContain('不低于')
    expect(Object.values(faults({ ...emptyForm(), title: 'a', price: '0' })).some(Boolean)).toBe(false)
  })
  it('keeps an intro through the service and back', () => {
    for (const text of ['一行', '一\n二 < 三 & "四"', '']) expect(introText(introHTML(text))).toBe(text)
    const rich = '<h2>题</h2><ul><li>一</li></ul>'
    expect(introHTML(introText(rich))).toBe(rich)
  })
})

describe('a length', () => {
  it('is read and shown', () => {
    expect([seconds('12:05'), seconds('725'), seconds('1:02:03'), seconds(''), seconds('x'), seconds('1:99')]).toEqual([725, 725, 3723, 0, null, null])
    expect([clock(725), clock(3723), clock(0), clock(59)]).toEqual(['12:05', '1:02:03', '', '0:59'])
  })
})

describe('moved', () => {
  it('takes one along and leaves the list alone when out of range', () => {
    expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b'])
    expect(moved(['a', 'b'], 0, 2)).toEqual(['a', 'b'])
  })
})
