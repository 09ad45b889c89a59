import { describe, expect, it } from 'vitest'
import { blockers, counts, says, trigger, type Line, type Live } from './switchon'

const line = (more: Partial<Line>): Line => ({ name: '课表', kind: 'keyword', enabled: true, pick: 'all', keywords: [], messages: [], state: 'new', files: 0, notes: [], ...more })

describe('switch-on', () => {
  it('says what a rule answers and how', () => {
    expect(trigger(line({ keywords: [{ text: '课表', match: 'contains' }, { text: 'KB', match: 'exact' }] }))).toBe('「课表」半匹配、「KB」全匹配')
    expect(trigger(line({ kind: 'follow' }))).toBe('被关注')
    expect(says(line({ messages: [{ type: 'text', content: '在这' }, { type: 'image' }] }))).toBe('文字：在这；图片')
    expect(says(line({ pick: 'random', messages: [{ type: 'text', content: '一' }, { type: 'text', content: '二' }] }))).toBe('随机一条：文字：一；文字：二')
    expect(says(line({}))).toBe('–')
  })
  it('counts what an import would do', () => {
    const live: Live = { lines: [line({ files: 2 }), line({ state: 'had', files: 1 }), line({ state: 'lost' })], buttons: 1, menu_open: true, menu_changes: [], menu_files: 1, menu_notes: [] }
    expect(counts(live)).toEqual({ fresh: 1, had: 1, lost: 1, files: 3 })
  })
  it('is kept by what is broken, not by what is to be looked at', () => {
    expect(blockers([{ key: 'a', title: 'a', state: 'warn', text: '', at: null }, { key: 'b', title: 'b', state: 'bad', text: '', at: null }]).map((c) => c.key)).toEqual(['b'])
  })
})
