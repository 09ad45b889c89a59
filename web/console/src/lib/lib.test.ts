import { beforeEach, describe, expect, it } from 'vitest'
import { cutBytes, utf8Bytes } from './bytes'
import { fieldKey } from './formErrors'
import { fenText, toFen, yuan } from './money'
import { change, rate } from './number'
import { before, beijing, day, daysBetween, presetOf, presetRange, soundRange } from './time'
import { readDraft, writeDraft } from './unsaved'
import { readQuery, writeQuery } from './urlState'

describe('a range from the address', () => {
  const usual = { from: '2026-11-18', to: '2026-11-24' }
  it('is taken as it is, turned round when backwards, and the usual one when it is none', () => {
    expect(soundRange({ from: '2026-11-01', to: '2026-11-02' }, usual)).toEqual({ from: '2026-11-01', to: '2026-11-02' })
    expect(soundRange({ from: '2026-11-02', to: '2026-11-01' }, usual)).toEqual({ from: '2026-11-01', to: '2026-11-02' })
    for (const from of ['hello', '', '2026-13-40', '2026-1-1']) expect(soundRange({ from, to: '2026-11-02' }, usual)).toEqual(usual)
  })
})

describe('money', () => {
  it.each([[0, '¥0.00'], [5, '¥0.05'], [19900, '¥199.00'], [123456789, '¥1,234,567.89'], [-19900, '−¥199.00'], [null, '–']])('%s fen is %s', (fen, text) => {
    expect(yuan(fen)).toBe(text)
  })
  it.each([['199', 19900], ['19.9', 1990], ['¥1,234.56', 123456], [' 0.01 ', 1], ['0.1', 10], ['19.999', null], ['-1', null], ['1e3', null], ['', null]])('"%s" typed is %s fen', (text, fen) => {
    expect(toFen(text)).toBe(fen)
  })
  it('typed text goes there and back for every fen up to a hundred yuan', () => {
    for (let fen = 0; fen <= 10_000; fen++) expect(toFen(fenText(fen))).toBe(fen)
  })
})

describe('rates', () => {
  it.each([[0.25, '25.0%'], [0.0075, '0.75%'], [0.125, '12.5%'], [0.33333, '33.3%'], [1.05, '105.0%'], [0, '0.0%'], [0.001, '0.10%'], [null, '–']])('%s is %s', (v, text) => {
    expect(rate(v)).toBe(text)
  })
  it('compares with the period before, and with nothing says nothing', () => {
    expect(change(150, 100)).toEqual({ text: '+50.0%', sign: 1 })
    expect(change(50, 100)).toEqual({ text: '−50.0%', sign: -1 })
    expect(change(100, 100)).toEqual({ text: '持平', sign: 0 })
    expect(change(5, 0)).toBeNull()
    expect(change(null, 5)).toBeNull()
  })
})

describe('days are Beijing days', () => {
  it('midnight in Beijing is four in the afternoon in UTC', () => {
    expect(day(new Date('2026-03-08T15:59:59Z'))).toBe('2026-03-08')
    expect(day(new Date('2026-03-08T16:00:00Z'))).toBe('2026-03-09')
    expect(beijing('2026-03-08T16:00:00Z')).toBe('2026-03-09 00:00:00')
  })
  it('last seven days end yesterday', () => {
    const now = new Date('2026-03-01T02:00:00Z')
    expect(presetRange('7', now)).toEqual({ from: '2026-02-22', to: '2026-02-28' })
    expect(presetRange('now', now)).toEqual({ from: '2026-01-31', to: '2026-03-01' })
    expect(presetRange('yesterday', now)).toEqual({ from: '2026-02-28', to: '2026-02-28' })
    expect(presetOf({ from: '2026-02-22', to: '2026-02-28' }, now)).toBe('7')
    expect(presetOf({ from: '2026-02-21', to: '2026-02-28' }, now)).toBeNull()
  })
  it('the period before has the same length', () => {
    expect(before({ from: '2026-03-01', to: '2026-03-07' })).toEqual({ from: '2026-02-22', to: '2026-02-28' })
    expect(daysBetween('2026-02-27', '2026-03-02')).toBe(3)
  })
})

describe('WeChat counts bytes', () => {
  it('three for a Chinese character, four for an emoji', () => {
    expect(utf8Bytes('学会写作')).toBe(12)
    expect(utf8Bytes('a课🎓')).toBe(8)
  })
  it('cuts between characters', () => {
    expect(cutBytes('学会写作课', 16)).toBe('学会写作课')
    expect(cutBytes('学会写作课程', 16)).toBe('学会写作课')
    expect(cutBytes('🎓🎓', 7)).toBe('🎓')
  })
})

describe('the address keeps the state', () => {
  const defaults = { q: '', status: '', p: 1, open: false }
  it('reads what is there and ignores nonsense', () => {
    expect(readQuery({ q: '张', p: '3', open: '1' }, defaults)).toEqual({ q: '张', status: '', p: 3, open: true })
    expect(readQuery({ p: 'x' }, defaults)).toEqual(defaults)
  })
  it('leaves defaults out and strangers in', () => {
    expect(writeQuery({ tab: 'x', q: 'old' }, { ...defaults, p: 2 }, defaults)).toEqual({ tab: 'x', p: '2' })
  })
  it('goes there and back', () => {
    const state = { q: 'a b', status: 'paid', p: 4, open: true }
    expect(readQuery(writeQuery({}, state, defaults) as Record<string, string>, defaults)).toEqual(state)
  })
})

describe('drafts', () => {
  beforeEach(() => localStorage.clear())
  it('come back as they were', () => {
    writeDraft('course.1', { title: '写作' }, new Date('2026-11-24T00:00:00Z'))
    expect(readDraft('course.1')).toEqual({ at: '2026-11-24T00:00:00.000Z', value: { title: '写作' } })
    expect(readDraft('course.2')).toBeNull()
  })
})

it('a field of the service meets the field on the screen', () => {
  expect(fieldKey('body.title')).toBe('title')
  expect(fieldKey('messages[0].content')).toBe('messages.0.content')
  expect(fieldKey('keywords.1.text')).toBe('keywords.1.text')
})
