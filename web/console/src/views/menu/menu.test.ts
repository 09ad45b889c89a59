import { describe, expect, it } from 'vitest'
import { addSub, addTop, check, clean, diff, diffAll, History, move, remove, type Button } from './menu'

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

describe('what changed', () => {
  it('says it in words', () => {
    const after = menu()
    after[0]!.name = '好课'
    after[1]!.sub_button!.pop()
    after.push({ name: '新', type: 'click', key: 'N' })
    expect(diff(menu(), after)).toEqual(['按钮「课程」改名为「好课」', '删除按钮「关于 / 联系」', '新增按钮「新」：点击回复 N'])
    expect(diff(menu(), menu())).toEqual([])
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

describe('two drafts side by side', () => {
  it('tells the menus for some followers apart, too', () => {
    const conditional = [{ button: menu(), matchrule: { tag_id: '1' } }]
    const before = { buttons: menu(), conditional }
    expect(diffAll(before, before)).toEqual([])
    expect(diffAll(before, { buttons: menu(), conditional: [] })).toEqual(['个性化菜单由 1 个变为 0 个'])
    const other = menu()
    other[0]!.name = '新课'
    expect(diffAll(before, { buttons: menu(), conditional: [{ button: other, matchrule: { tag_id: '2' } }] })).toEqual(['个性化菜单 1：按钮「课程」改名为「新课」', '个性化菜单 1：换了给谁看'])
  })
})
