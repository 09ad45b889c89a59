import { describe, expect, it } from 'vitest'
import { moved } from '@/lib/move'
import { clock, draftBody, dueNow, emptyForm, faults, introHTML, introText, oldPriceWords, refundWords, releaseBody, releaseFaults, seconds, toBody, toRelease, type Form } from './course'

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

describe('the sale', () => {
  const form = (f: Partial<Form>): Form => ({ ...emptyForm(), title: '课', price: '199', ...f })
  const flash = { flash_price: '99', flash_from: '2026-11-28 20:00', flash_until: '2026-11-29 20:00' }
  it('is sent as Beijing time, and what is empty as none', () => {
    expect(toBody(form({})).sale).toEqual({ sale_from: null, sale_until: null, flash_price: null, flash_from: null, flash_until: null, seats: null })
    expect(toBody(form({ ...flash, sale_until: '2026-12-01 00:00' })).sale).toEqual({ sale_from: null, sale_until: '2026-12-01T00:00:00+08:00', flash_price: 9900, flash_from: '2026-11-28T20:00:00+08:00', flash_until: '2026-11-29T20:00:00+08:00', seats: null })
    expect('sale' in draftBody(form({}))).toBe(false)
  })
  it('names each field that is wrong', () => {
    expect(faults(form({ sale_from: '2026-12-02 00:00', sale_until: '2026-12-01 00:00' }))['sale.sale_until']).toContain('之后')
    expect(faults(form({ ...flash, flash_price: '199' }))['sale.flash_price']).toContain('低于价格')
    expect(faults(form({ seats: '0' }))['sale.seats']).toBeTruthy()
    expect(toBody(form({ seats: '50' })).sale.seats).toBe(50)
    expect(faults(form({ ...flash, flash_price: '' }))['sale.flash_price']).toBeTruthy()
    expect(faults(form({ flash_price: '99' }))['sale.flash_from']).toBeTruthy()
    expect(Object.values(faults(form(flash))).some(Boolean)).toBe(false)
  })
  it('costs the flash price from its start until before its end', () => {
    expect(['19:59:59', '20:00:00'].map((t) => dueNow(form(flash), new Date(`2026-11-28T${t}+08:00`)))).toEqual([19900, 9900])
    expect(dueNow(form(flash), new Date('2026-11-29T20:00:00+08:00'))).toBe(19900)
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

describe('a release', () => {
  it('goes to the service and back, and leaves out what another way was typed for', () => {
    expect(releaseBody({ how: 'date', at: '2026-12-01 20:00', days: '7' })).toEqual({ how: 'date', at: '2026-12-01T20:00:00+08:00' })
    expect(releaseBody({ how: 'order', at: '2026-12-01 20:00', days: '7' })).toEqual({ how: 'order' })
    expect(toRelease({ how: 'days', at: null, days: 3, words: '' })).toEqual({ how: 'days', at: '', days: '3' })
  })
  it('names what is missing', () => {
    expect(releaseFaults({ how: 'date', at: '', days: '' })['release.at']).toBeTruthy()
    expect(releaseFaults({ how: 'days', at: '', days: '0' })['release.days']).toBeTruthy()
    expect(Object.values(releaseFaults({ how: '', at: '', days: 'x' })).some(Boolean)).toBe(false)
  })
})

describe('a new price', () => {
  it('says who still pays the old one', () => {
    expect(oldPriceWords(29900, [])).toBe('')
    expect(oldPriceWords(29900, [{ price: 29900, people: 3 }])).toBe('')
    expect(oldPriceWords(29900, [{ price: 19900, people: 14 }, { price: 9900, people: 1 }])).toContain('14 人手里有按 ¥199 下的未付订单，1 人手里有按 ¥99 下的未付订单')
  })
})

describe('a draft', () => {
  it('is saved without price and refund rule', () => {
    expect(draftBody({ ...emptyForm(), title: ' 写作 ', price: '19.9', teacher: '王' })).toEqual({ title: '写作', category: '', teacher: '王', cover: '', intro: '' })
  })
})
