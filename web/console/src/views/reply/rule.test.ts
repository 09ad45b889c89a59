import { describe, expect, it } from 'vitest'
import { activeText, emptyForm, faults, find, messageFault, newMessage, toForm, toInput, type Rule } from './rule'

const rule = (): Rule => ({
  id: 7, name: '退款', kind: 'keyword', event_key: '', keywords: [{ text: '退款', match: 'contains' }], priority: 3, pick: 'all', enabled: true, revision: 2, state: 'live',
  active: { days: [1, 5], from: '09:00', to: '18:00', starts_at: '2026-11-01T00:00:00+08:00' }, messages: [{ type: 'text', content: '七天可退' }], updated_by: 'a', updated_at: '2026-11-24T00:00:00Z', warnings: [],
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
