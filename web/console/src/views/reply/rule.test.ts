import { describe, expect, it } from 'vitest'
import { keysOf } from './choices'
import { later } from './hits'
import { activeText, emptyForm, eventText, faults, find, isPassive, messageFault, newDialog, newMessage, spanText, toForm, toInput, warningsAt, whoText, type Rule } from './rule'

const rule = (): Rule => ({
  id: 7, name: '退款', kind: 'keyword', event_key: '', scenes: [], keywords: [{ text: '退款', match: 'contains' }], priority: 3, pick: 'all', enabled: true, revision: 2, state: 'live',
  active: { days: [1, 5], from: '09:00', to: '18:00', starts_at: '2026-11-01T00:00:00+08:00' }, messages: [{ type: 'text', content: '七天可退' }], message_types: [], sources: [], interval_seconds: 0, updated_by: 'a', updated_at: '2026-11-24T00:00:00Z', warnings: [],
})

describe('a rule', () => {
  it('goes through the form unchanged', () => {
    expect(toInput(toForm(rule()))).toEqual({
      name: '退款', kind: 'keyword', priority: 3, pick: 'all', enabled: true, messages: [{ type: 'text', content: '七天可退' }], keywords: [{ text: '退款', match: 'contains' }],
      active: { days: [1, 5], from: '09:00', to: '18:00', starts_at: '2026-11-01T00:00:00+08:00' },
    })
  })
  it('sends no keywords for other kinds and no event key for keywords', () => {
    const f = { ...toForm(rule()), kind: 'scene' as const, event_key: ' poster ' }
    expect(toInput(f)).toMatchObject({ kind: 'scene', event_key: 'poster' })
    expect(toInput(f)).not.toHaveProperty('keywords')
    expect(toInput(toForm(rule()))).not.toHaveProperty('event_key')
    const many = { ...f, event_key: ' 店-01\n\n店-02 \n店-03\n' }
    expect(toInput(many)).toMatchObject({ scenes: ['店-01', '店-02', '店-03'] })
    expect(toInput(many)).not.toHaveProperty('event_key')
    expect(eventText(many.event_key)).toBe('店-01 等 3 个')
    expect(toForm({ ...rule(), kind: 'scene', scenes: ['店-01', '店-02'] }).event_key).toBe('店-01\n店-02')
  })
  it('drops empty keyword rows but the last', () => {
    const f = emptyForm()
    f.keywords = [{ text: 'a', match: 'exact' }, { text: ' ', match: 'exact' }]
    expect(toInput(f).keywords).toEqual([{ text: 'a', match: 'exact' }])
  })
  it('says when it answers', () => {
    expect(activeText(rule().active)).toBe('周一五 09:00–18:00 2026-11-01 00:00 起')
    expect(activeText({})).toBe('')
  })
  it('is found by name, word and answer', () => {
    expect([find(rule(), '退'), find(rule(), '七天'), find(rule(), '别的'), find(rule(), '')]).toEqual([true, true, false, true])
  })
})

describe('faults', () => {
  it('stand at their fields, all at once', () => {
    const f = { ...emptyForm(), from: '09:00', starts_at: '2026-11-02 00:00', ends_at: '2026-11-01 00:00' }
    expect(Object.keys(faults(f)).sort()).toEqual(['active.ends_at', 'active.from', 'keywords.0', 'messages.0', 'name'])
  })
  it('tell a doubled word, but not the same word under another match', () => {
    const f = { ...emptyForm(), name: 'a', messages: [{ type: 'text' as const, content: 'b' }] }
    f.keywords = [{ text: '退', match: 'exact' }, { text: '退', match: 'contains' }, { text: '退', match: 'exact' }]
    expect(faults(f)).toEqual({ 'keywords.2': '「退」重复了' })
  })
  it('count text in bytes', () => {
    expect(messageFault({ type: 'text', content: '字'.repeat(682) }, 1)).toBe('')
    expect(messageFault({ type: 'text', content: '字'.repeat(683) }, 1)).toContain('2048')
  })
  it('allow one article in answer to a message', () => {
    const news = { type: 'news' as const, articles: [1, 2].map(() => ({ title: 't', url: 'https://e.com' })) }
    expect(messageFault(news, 1)).toContain('现有 2 条')
    expect(messageFault(news, 8)).toBe('')
    expect(messageFault(newMessage('miniprogrampage'), 1)).toBe('请填写卡片标题')
  })
})

describe('to whom, how often, and what comes next', () => {
  it('goes through the form, each with its kind alone', () => {
    const dialog = { seconds: 300, answers: [{ answer: '1', messages: [{ type: 'text' as const, content: '一' }] }] }
    const other: Rule = { ...rule(), kind: 'default', keywords: [], message_types: ['image'], interval_seconds: 3600, dialog }
    expect(toInput(toForm(other))).toMatchObject({ kind: 'default', message_types: ['image'], interval_seconds: 3600, dialog })
    expect(toInput({ ...toForm(other), kind: 'follow' })).not.toHaveProperty('message_types')
    const came = toInput({ ...toForm(other), kind: 'follow', sources: ['ADD_SCENE_SEARCH'] })
    expect(came).toMatchObject({ sources: ['ADD_SCENE_SEARCH'] })
    expect(came).not.toHaveProperty('dialog') // it speaks behind the welcome and remembers nothing
    expect(came).not.toHaveProperty('interval_seconds')
    expect(toForm(other).dialog).not.toBe(dialog)
  })
  it('is said in one line', () => {
    expect(whoText({ ...rule(), sources: ['ADD_SCENE_SEARCH'], interval_seconds: 86400 })).toBe('来自搜索公众号 · 每人 1 天一次')
    expect(whoText({ ...rule(), message_types: ['image', 'voice'], dialog: newDialog() })).toBe('图片、语音 · 接着答 1、2')
    expect([spanText(50), spanText(60), spanText(7200), spanText(90)]).toEqual(['50 秒', '1 分钟', '2 小时', '90 秒'])
  })
  it('files warnings under the fields of the form', () => {
    expect(warningsAt([{ field: 'keywords[1]', message: 'a' }, { field: 'keywords[1]', message: 'b' }, { field: 'dialog.answers[0].messages[2]', message: 'c' }]))
      .toEqual({ 'keywords.1': ['a', 'b'], 'dialog.answers.0.messages.2': ['c'] })
  })
  it('keeps delays in order and inside the window', () => {
    const say = (...delays: number[]) => ({ ...emptyForm('follow'), name: 'a', messages: delays.map((d) => ({ type: 'text' as const, content: 'x', delay_seconds: d })) })
    expect(faults(say(0, 50))).toEqual({})
    expect(faults(say(0, 51))['messages.1']).toContain('50 秒')
    expect(faults(say(30, 10))['messages.1']).toContain('上一条')
    expect(isPassive({ type: 'text' })).toBe(true)
    expect(isPassive({ type: 'text', delay_seconds: 5 })).toBe(false)
  })
  it('finds faults of the dialog at the answer', () => {
    const f = { ...emptyForm(), name: 'a', keywords: [{ text: '选', match: 'exact' as const }], messages: [{ type: 'text' as const, content: 'x' }], dialog: newDialog() }
    f.dialog.answers[1]!.answer = '1'
    expect(faults(f)).toEqual({ 'dialog.answers.0': '请填写文字内容', 'dialog.answers.1': '「1」重复了' })
  })
})

describe('what the trial offers', () => {
  it('lists the keys of a menu by their buttons', () => {
    expect(keysOf([{ name: '课', sub_button: [{ name: '今日', type: 'click', key: 'TODAY' }] }, { name: '网页', type: 'view', url: 'https://e.com' }])).toEqual([{ value: 'TODAY', label: '课 / 今日（TODAY）' }])
  })
  it('knows the later of two hits', () => {
    expect([later(null, null), later('2026-01-01T00:00:00Z', null), later('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')]).toEqual([null, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'])
  })
})
