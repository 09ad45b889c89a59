import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { ApiError, api, ask, guard } from '@/api/client'
import { asked, confirmDanger } from '@/lib/confirm'
import { csv } from '@/lib/csv'
import { useFormErrors } from '@/lib/formErrors'
import { typing } from '@/lib/keys'
import { newer } from '@/lib/live'
import { stateInfo } from '@/lib/figures'
import { differences } from '@/views/audit/differences'
import ConfirmHost from './ConfirmHost.vue'
import FunnelChart from './FunnelChart.vue'
import ListState from './ListState.vue'

afterEach(() => { document.body.innerHTML = ''; asked.value = null; vi.unstubAllGlobals() })

describe('a dangerous act', () => {
  it('acts once on a double click and closes when it is done', async () => {
    let done!: () => void
    const act = vi.fn(() => new Promise<void>((r) => { done = r }))
    const host = mount(ConfirmHost, { attachTo: document.body })
    const answer = confirmDanger({ title: '退款', object: '订单 1，¥199.00', act, yes: '退款' })
    await nextTick()
    await nextTick()
    expect(document.body.textContent).toContain('订单 1，¥199.00')
    const button = [...document.querySelectorAll('button')].find((b) => b.textContent?.trim() === '退款')!
    button.click()
    button.click()
    await nextTick()
    button.click()
    expect(act).toHaveBeenCalledTimes(1)
    done()
    expect(await answer).toBe(true)
    host.unmount()
  })

  it('stays open with the reason when it fails, and waits for the typed word', async () => {
    const act = vi.fn(() => Promise.reject(new ApiError(409, 'conflict', '已经退过了')))
    const host = mount(ConfirmHost, { attachTo: document.body })
    void confirmDanger({ title: '退款', object: '订单 1', act, yes: '退款', type: '199' })
    await nextTick()
    await nextTick()
    const button = () => [...document.querySelectorAll('button')].find((b) => b.textContent?.trim() === '退款')!
    button().click()
    expect(act).not.toHaveBeenCalled()
    const input = document.querySelector('input')!
    input.value = '199'
    input.dispatchEvent(new Event('input'))
    await nextTick()
    button().click()
    await flushPromises()
    expect(act).toHaveBeenCalledTimes(1)
    expect(document.querySelector('[role=alert]')?.textContent).toBe('已经退过了')
    host.unmount()
  })
})

describe('a refused form', () => {
  it('shows all faults at their fields and focuses the first on the screen', async () => {
    document.body.innerHTML = '<div data-field="title"><input id="t"></div><div data-field="price"><input id="p"></div>'
    const { errors, general, take } = useFormErrors()
    await take(new ApiError(400, 'invalid', '请检查', [{ field: 'body.price', message: '太低' }, { field: 'title', message: '太长' }, { field: 'elsewhere', message: '别处' }]))
    expect(errors).toMatchObject({ price: '太低', title: '太长' })
    expect(general.value).toBe('别处')
    expect(document.activeElement?.id).toBe('t')
  })
})

describe('a session that ends while somebody types', () => {
  const ok = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
  const real = { ...guard }
  beforeEach(() => Object.assign(guard, real))
  afterEach(() => Object.assign(guard, real))

  it('logs in on top and sends the same request again with the new token', async () => {
    const seen: { token: string | null; body: string }[] = []
    let inside = false
    vi.stubGlobal('fetch', async (req: Request) => {
      seen.push({ token: req.headers.get('X-CSRF-Token'), body: await req.text() })
      return inside ? ok({ version: 2 }) : ok({ error: { code: 'unauthorized', message: '请登录' } }, 401)
    })
    guard.csrf = () => (inside ? 'new' : 'old')
    guard.again = async () => { inside = true }
    await ask(api.POST('/console/v1/menu/publish', { body: { note: '春季' } }))
    expect(seen).toEqual([{ token: 'old', body: '{"note":"春季"}' }, { token: 'new', body: '{"note":"春季"}' }])
  })

  it('gives the refusal in the service’s words', async () => {
    vi.stubGlobal('fetch', async () => ok({ error: { code: 'invalid', message: '请检查', fields: [{ field: 'note', message: '太长' }] } }, 400))
    await expect(ask(api.POST('/console/v1/menu/publish', { body: { note: '' } }))).rejects.toMatchObject({ status: 400, code: 'invalid', message: '请检查', fields: [{ field: 'note', message: '太长' }] })
  })
})

describe('lists', () => {
  it('have four states, each with a next step', () => {
    const say = (state: 'empty' | 'filtered' | 'loading' | 'failed') => mount(ListState, { props: { state, thing: '订单', hint: '先上架课程', error: new ApiError(503, 'unavailable', '数据库不在') } }).text()
    expect(say('empty')).toContain('先上架课程')
    expect(say('filtered')).toContain('清除条件')
    expect(say('loading')).toContain('正在载入订单')
    expect(say('failed')).toContain('数据库不在')
    expect(say('failed')).toContain('再试一次')
  })
})

describe('the funnel', () => {
  const step = (key: string, source: 'wechat' | 'ours', people: number | null, rate: number | null = null) => ({ key, label: key, source, people, events: people, rate })
  const funnel = { steps: [step('读', 'wechat', null), step('点', 'ours', 150, 0.125), step('付', 'ours', 12, 0.08)], seconds: { median: null, p90: null }, rule: '规则', as_of: '2026-11-24T00:00:00Z' }
  it('says 未取到 rather than 0, and compares only our own people', () => {
    const text = mount(FunnelChart, { props: { funnel: funnel as never } }).text()
    expect(text).toContain('未取到')
    expect(text).toContain('12.5%')
    expect(text).toContain('点 → 付：8.0%')
  })
})

it('a spreadsheet does not run our cells', () => {
  expect(csv(['名'], [['=1+1'], ['a,"b"'], [5], [null]])).toBe('\uFEFF名\r\n\'=1+1\r\n"a,""b"""\r\n5\r\n\r\n')
})

it('only what was not there before is new', () => {
  expect(newer(undefined, [{ id: '1' }]).size).toBe(0)
  expect([...newer([{ id: '1' }], [{ id: '2' }, { id: '1' }])]).toEqual(['2'])
})

it('shortcuts are off while typing and during Chinese input', () => {
  const key = (target: HTMLElement, more: object = {}) => Object.assign(new KeyboardEvent('keydown', { key: '?' }), { ...more }) && ({ target, isComposing: false, keyCode: 0, ctrlKey: false, metaKey: false, altKey: false, ...more } as unknown as KeyboardEvent)
  expect(typing(key(document.createElement('input')))).toBe(true)
  expect(typing(key(document.createElement('div')))).toBe(false)
  expect(typing(key(document.createElement('div'), { isComposing: true }))).toBe(true)
  expect(typing(key(document.createElement('div'), { ctrlKey: true }))).toBe(true)
})

it('WeChat’s running figures may still be corrected, ours are live', () => {
  expect(stateInfo('readers', { state: 'running' }).text).toBe('可能更新')
  expect(stateInfo('orders', { state: 'running' }).text).toBe('实时')
  expect(stateInfo('orders', { state: 'missing' }).text).toBe('未取到')
  expect(stateInfo('orders', { state: 'maturing' }).text).toBe('观察期未满')
})

it('an audit entry tells only what changed', () => {
  expect(differences('{"a":1,"b":2}', '{"a":1,"b":3,"c":"x"}')).toEqual([{ field: 'b', from: '2', to: '3' }, { field: 'c', from: '', to: 'x' }])
  expect(differences('', '"plain"')).toEqual([{ field: '', from: '', to: 'plain' }])
})
