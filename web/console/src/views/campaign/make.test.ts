import { afterEach, describe, expect, it, vi } from 'vitest'
import { Maker, places, soon, withButton, type Button } from './make'
import { emptyPlan } from './wizard'

const button = (name: string, subs = 0): Button => ({ name, ...(subs ? { sub_button: Array.from({ length: subs }, (_, i) => ({ name: `${name}${i}`, type: 'view', url: 'https://a.cn' })) } : { type: 'view', url: 'https://a.cn' }) }) as Button

afterEach(() => vi.unstubAllGlobals())

describe('making a campaign', () => {
  it('offers the places a button still fits', () => {
    expect(places([])).toEqual([{ under: -1, label: '新的一级按钮' }])
    expect(places([button('甲', 5), button('乙', 2), button('丙')]).map((x) => x.under)).toEqual([1])
    expect(withButton([button('甲', 1)], 0, button('新')).map((b) => b.sub_button?.length)).toEqual([2])
    expect(withButton([button('甲', 1)], -1, button('新'))).toHaveLength(2)
  })
  it('publishes a menu that should be there already in two minutes', () => {
    const now = new Date('2026-03-02T04:00:00Z')
    expect(soon('2026-03-03T00:00:00+08:00', now)).toBe('2026-03-03T00:00:00+08:00')
    expect(soon('2026-03-02T00:00:00+08:00', now)).toBe('2026-03-02T04:02:00.000Z')
  })
  it('goes on after a failure with what failed, and makes nothing twice', async () => {
    const calls: string[] = []
    let refuse = true
    vi.stubGlobal('fetch', async (req: Request) => {
      const path = new URL(req.url).pathname.replace('/console/v1', '')
      calls.push(`${req.method} ${path}`)
      if (path === '/replies' && refuse) return new Response(JSON.stringify({ error: { code: 'conflict', message: '关键词重复' } }), { status: 409, headers: { 'Content-Type': 'application/json' } })
      return req.method === 'PUT' ? new Response(null, { status: 204 }) : new Response(JSON.stringify({ id: 7 }), { status: 201, headers: { 'Content-Type': 'application/json' } })
    })
    const p = emptyPlan('2026-03-02')
    Object.assign(p, { name: '春', course: 3, codes: '店一', keyword: { on: true, words: '春天', text: '好' } })
    const maker = new Maker()
    const done: string[] = []
    await expect(maker.run(p, (k) => done.push(k), () => {})).rejects.toThrow('关键词重复')
    expect(done).toEqual(['campaign', 'course', 'codes'])
    refuse = false
    p.keyword.words = '春日'
    await maker.run(p, (k) => done.push(k), () => {})
    expect(maker.id).toBe(7)
    expect(calls).toEqual(['POST /campaigns', 'PUT /campaigns/7/items', 'POST /scene-codes', 'POST /replies', 'POST /replies', 'PUT /campaigns/7/items'])
  })
  // A service with a menu draft that somebody else changes once, right after the button went in.
  const withMenu = () => {
    const live = [button('课程')]
    let buttons: Button[] = live, revision = 1, plans = 0, meddled = false
    const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
    const draft = () => ({ buttons, conditional: [], revision, changes: JSON.stringify(buttons) === JSON.stringify(live) ? [] : ['有改动'] })
    const clash = () => json(409, { error: { code: 'conflict', message: '草稿被别人改过了' } })
    vi.stubGlobal('fetch', async (req: Request) => {
      const path = new URL(req.url).pathname.replace('/console/v1', '')
      if (path === '/campaigns') return json(201, { id: 7 })
      if (req.method === 'GET') return json(200, draft())
      const body = await req.json() as { revision: number; buttons: Button[] }
      if (body.revision !== revision) return clash()
      if (path === '/menu/draft') {
        buttons = body.buttons
        return json(200, { ...draft(), revision: ++revision })
      }
      if (!meddled) {
        meddled = true
        revision++ // a colleague saved in between
        return clash()
      }
      plans++
      return json(201, { id: plans })
    })
    return { buttons: () => buttons, plans: () => plans, change: (b: Button[]) => { buttons = b; revision++ }, live }
  }
  it('goes on after somebody was faster with the menu, and leaves no button behind', async () => {
    const house = withMenu()
    const p = emptyPlan('2026-03-02')
    Object.assign(p, { name: '春', menu: { on: true, name: '报名', under: -1, kind: 'view', url: 'https://a.cn/x', text: '' } })
    let kept: [string, unknown][] = []
    await expect(new Maker([], (k) => { kept = k }).run(p, () => {}, () => {})).rejects.toThrow('草稿被别人改过了')
    // Another tab, another day: what was kept is all there is.
    kept = JSON.parse(JSON.stringify(kept)) as typeof kept
    house.change([...house.buttons(), button('同事的')])
    p.menu.name = '马上报名'
    const again = new Maker(kept, (k) => { kept = k })
    expect(again.id).toBe(7)
    await expect(again.run(p, () => {}, () => {})).rejects.toThrow('有人改了菜单草稿')
    expect(house.buttons().map((b) => b.name)).toEqual(['课程', '同事的'])
    house.change(house.live)
    const done: string[] = []
    await again.run(p, (k) => done.push(k), () => {})
    expect(done).toEqual(['campaign', 'menu'])
    expect(house.plans()).toBe(2)
    expect(house.buttons()).toEqual(house.live)
  })
})
