import { describe, expect, it } from 'vitest'
import { answerOf, newKey, unanswered } from './answers'
import { addSub, addTop, check, clean, courseOf, History, move, pathOf, remove, whose, type Button, type Menus } from './menu'
import { sharing, sums, tapsOn } from './taps'
import type { Rule } from '@/views/reply/rule'

const menu = (): Button[] => [
  { name: '课程', type: 'click', key: 'COURSES' },
  { name: '关于', sub_button: [{ name: '我们', type: 'view', url: 'https://example.com/a' }, { name: '联系', type: 'view', url: 'https://example.com/b' }] },
]
const texts = (b: Button[]) => check(b).map((f) => f.text)

describe('the limits of a menu', () => {
  it('lets a good menu pass', () => expect(check(menu())).toEqual([]))
  it('counts names in bytes, 16 at the top and 60 below', () => {
    const b = menu()
    b[0]!.name = '五个汉字啊x' // 16
    expect(check(b)).toEqual([])
    b[0]!.name = '六个汉字的名' // 18
    expect(check(b)).toEqual([{ path: [0], field: 'name', text: '按钮「六个汉字的名」的名称有 18 字节，最多 16 字节（约 5 个汉字）' }])
    const s = menu()
    s[1]!.sub_button![1]!.name = '字'.repeat(20)
    expect(check(s)).toEqual([])
    s[1]!.sub_button![1]!.name = '字'.repeat(20) + 'x'
    expect(check(s)[0]).toMatchObject({ path: [1, 1], field: 'name' })
  })
  it('bounds key and address', () => {
    expect(texts([{ name: 'a', type: 'click', key: '键'.repeat(43) }])[0]).toContain('129 字节，最多 128 字节')
    expect(texts([{ name: 'a', type: 'view', url: 'https://e.com/' + 'x'.repeat(1010) }])).toEqual([])
    expect(texts([{ name: 'a', type: 'view', url: 'https://e.com/' + 'x'.repeat(1011) }])[0]).toContain('1025 字节，最多 1024 字节')
    expect(texts([{ name: 'a', type: 'view', url: 'example.com' }])[0]).toContain('不完整')
  })
  it('says what each action needs', () => {
    expect(texts([{ name: 'a', type: 'miniprogram' }])).toHaveLength(3)
    expect(texts([{ name: 'a', type: 'media_id' }])[0]).toContain('media_id')
    expect(texts([{ name: 'a' }])[0]).toContain('没有选择动作')
    expect(texts([])[0]).toBe('菜单至少要有一个按钮')
    expect(texts([1, 2, 3, 4].map((n) => ({ name: `${n}`, type: 'click', key: 'k' })))[0]).toContain('最多 3 个')
  })
})

describe('editing', () => {
  it('adds, and keeps what a button did as its first child', () => {
    expect(addTop(menu()).path).toEqual([2])
    const r = addSub(menu(), 0)
    expect(r.path).toEqual([0, 1])
    expect(r.buttons[0]).toEqual({ name: '课程', sub_button: [{ name: '课程', type: 'click', key: 'COURSES' }, { name: '子菜单名称', type: 'click', key: '' }] })
  })
  it('moves among siblings and no further', () => {
    expect(move(menu(), [1, 1], 0).buttons[1]!.sub_button!.map((b) => b.name)).toEqual(['联系', '我们'])
    expect(move(menu(), [0], -1)).toEqual({ buttons: menu(), path: [0] })
    expect(move(menu(), [0], 1).path).toEqual([1])
  })
  it('removes, and a parent without children is a button again', () => {
    const one = remove(menu(), [1, 0])
    expect(one.path).toEqual([1, 0])
    const none = remove(one.buttons, [1, 0])
    expect(none.buttons[1]).toEqual({ name: '关于', type: 'click', key: '' })
    expect(remove(remove(menu(), [0]).buttons, [0])).toEqual({ buttons: [], path: null })
  })
  it('sends only the fields of the chosen action', () => {
    expect(clean({ name: 'a', type: 'view', key: 'old', url: 'https://e.com', media_id: 'm' })).toEqual({ name: 'a', type: 'view', url: 'https://e.com' })
  })
})

describe('undo', () => {
  it('goes back and forth, and a run of typing is one step', () => {
    const h = new History('a')
    h.push('ab', 'name', 1000)
    h.push('abc', 'name', 1500)
    h.push('x', '', 1600)
    expect([h.undo(), h.undo(), h.undo()]).toEqual(['abc', 'a', null])
    expect([h.redo(), h.redo(), h.redo()]).toEqual(['abc', 'x', null])
    h.undo()
    h.push('y')
    expect(h.canRedo).toBe(false)
  })
})

describe('who answers a key', () => {
  const rule = (name: string, event_key: string, state: string, more: object = {}) => ({ id: 1, name, kind: 'menu', event_key, state, enabled: true, messages: [], ...more }) as unknown as Rule
  it('prefers a live rule of its own, then the live one for any key, then what is only written', () => {
    const rules = [rule('任意', '', 'live'), rule('草稿', 'A', 'new'), rule('自己的', 'B', 'changed'), rule('停了', 'C', 'off', { enabled: false })]
    expect(answerOf(rules, 'A')).toMatchObject({ state: 'live', any: true, rule: { name: '任意' } })
    expect(answerOf(rules, 'B')).toMatchObject({ state: 'live', any: false, rule: { name: '自己的' } })
    expect(answerOf(rules.slice(1), 'A').state).toBe('draft')
    expect(answerOf(rules.slice(1), 'C').state).toBe('none')
  })
  it('names the buttons that stay silent, in every menu', () => {
    const menus: Menus = { buttons: menu(), conditional: [{ name: '老学员', button: [{ name: '续课', type: 'click', key: 'AGAIN' }], matchrule: { tag_id: '1' } }] }
    expect(unanswered([rule('续', 'AGAIN', 'new')], menus).map((u) => u.text)).toEqual(['按钮「课程」点了没有回复：没有规则回答 COURSES', '「老学员」的按钮「续课」的回复「续」还没有发布'])
    expect(newKey(menus)).toBe('MENU_3')
  })
})

describe('taps', () => {
  const taps = [{ version: 1, event: 'CLICK', key: 'COURSES', count: 3 }, { version: 2, event: 'CLICK', key: 'COURSES', count: 4 }, { version: 2, event: 'VIEW', key: 'https://example.com/a', count: 5 }]
  it('stand on the button that sent them, by version or together; a parent has those of its children', () => {
    const b = menu()
    expect(tapsOn(b[0]!, sums(taps, null))).toBe(7)
    expect(tapsOn(b[0]!, sums(taps, 1))).toBe(3)
    expect(tapsOn(b[1]!, sums(taps, null))).toBe(5)
    expect(tapsOn({ name: 'x', type: 'media_id', media_id: 'm' }, sums(taps, null))).toBeNull()
    expect(sharing(b[0]!, [...b, { ...b[0]!, name: '又一个' }])).toBe(2)
  })
})

describe('pages of the Mini Program', () => {
  it('are chosen by course', () => {
    expect(courseOf(pathOf(12))).toBe(12)
    expect(courseOf('pages/course/index?from=menu&id=7')).toBe(7)
    expect(courseOf('pages/index/index?id=7')).toBeNull()
    expect(whose({ tag_id: '3', client_platform_type: '2' }, [{ id: 3, name: '老学员', fans: 1 }])).toBe('标签 老学员、安卓')
    expect(whose({}, [])).toBe('没有条件')
  })
})
