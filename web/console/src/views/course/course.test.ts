import { describe, expect, it } from 'vitest'
import { moved } from '@/lib/move'
import { clock, emptyForm, faults, introHTML, introText, refundWords, seconds, toBody, type Form } from './course'

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

describe('the refund rule', () => {
  const form = (f: Partial<Form>): Form => ({ ...emptyForm(), title: '课', price: '199', ...f })
  it('is said in the words buyers will read', () => {
    expect(refundWords(form({}))).toBe('付款 7 天内可以退款')
    expect(refundWords(form({ refund_days: '0', refund_lessons: '2' }))).toBe('不支持退款')
    expect(refundWords(form({ refund_days: '3', refund_minutes: '30', refund_lessons: '0' }))).toBe('付款 3 天内、看过不超过 30 分钟、学完不超过 0 课，可以退款；学得更多的由客服判断')
    expect(refundWords(form({ refund_lessons: '2', refund_over: 'refuse' }))).toContain('学得更多的不能退')
    expect(refundWords(form({ refund_days: '' }))).toBe('')
  })
  it('leaves out what has no limit, and sends zero as a limit', () => {
    expect(toBody(form({})).refund_rule).toEqual({ days: 7, over: 'person' })
    expect(toBody(form({ refund_lessons: '0' })).refund_rule).toEqual({ days: 7, over: 'person', lessons: 0 })
  })
  it('names each field that is wrong', () => {
    const bad = faults(form({ refund_days: '366', refund_minutes: '1.5', refund_lessons: '-1' }))
    for (const f of ['days', 'minutes', 'lessons']) expect(bad[`refund_rule.${f}`]).toBeTruthy()
  })
})
