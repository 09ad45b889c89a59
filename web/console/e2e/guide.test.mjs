// An account's first days: the home page says what to do in order, ticks itself off from facts, is put away and called
// back. The demo's account has done it all, so one fact is taken away and made again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, call
before(async () => {
  product = await Product.make('guide')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  const { csrf_token: csrf } = await (await desk.request.get(product.url + '/console/v1/session')).json()
  call = async (method, route, data) => {
    const r = await desk.request.fetch(`${product.url}/console/v1${route}`, { method, data, headers: { 'X-CSRF-Token': csrf } })
    assert.ok(r.ok(), `${method} ${route}: ${r.status()} ${await r.text()}`)
    return r.status() === 204 ? {} : r.json()
  }
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})
const publish = async () => {
  const { seen } = await call('GET', '/replies/changes')
  await call('POST', '/replies/publish', { note: '试首次使用', seen })
}
const go = async (route) => {
  await desk.goto(product.url + '/console' + route)
  await desk.locator('main h1').first().waitFor()
}
const step = (key) => desk.locator(`${at('guide-steps')} [data-step=${key}]`)

test('an account that lacks a step is shown the way, the step to take first', async () => {
  await go('/guide')
  await desk.locator(at('guide-done')).waitFor()
  await go('/')
  await desk.locator(at('todo')).waitFor()
  assert.equal(await desk.locator(at('guide')).count(), 0, 'all is done: nothing to say')
  for (const r of (await call('GET', '/replies')).items.filter((r) => r.kind === 'follow')) await call('DELETE', `/replies/${r.id}`)
  await publish()
  await go('/')
  await desk.locator(at('guide')).getByText('做好 6 / 7').waitFor()
  assert.equal(await step('welcome').getAttribute('data-done'), 'false')
  assert.equal(await step('menu').getAttribute('data-done'), 'true')
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'guide-1440')
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.waitForTimeout(300)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'guide-390')
  await desk.setViewportSize({ width: 1440, height: 900 })
})

test('put away it stays away, and is called back from where one is told', async () => {
  await desk.locator(at('guide-away')).click()
  await desk.locator(at('guide')).waitFor({ state: 'detached' })
  await desk.locator(at('undo')).click()
  await desk.locator(at('guide')).waitFor()
  await desk.locator(at('guide-away')).click()
  await desk.locator(at('guide')).waitFor({ state: 'detached' })
  await go('/')
  await desk.locator(at('todo')).waitFor()
  assert.equal(await desk.locator(at('guide')).count(), 0)
  await go('/help')
  await desk.getByRole('link', { name: '照「首次使用」的七步做' }).click()
  await desk.locator(at('guide-back')).click()
  await desk.locator(at('guide-away')).waitFor()
  await go('/')
  await desk.locator(at('guide')).waitFor()
})

test('the step ticks itself off when it is done', async () => {
  await step('welcome').getByRole('link').click()
  await desk.waitForURL(/\/replies$/)
  await call('POST', '/replies', { name: '关注欢迎语', kind: 'follow', enabled: true, priority: 0, pick: 'all', active: {}, messages: [{ type: 'text', content: '欢迎关注' }] })
  await publish()
  await go('/guide')
  await desk.locator(at('guide-done')).waitFor()
  await go('/')
  await until('nothing left to say', async () => (await desk.locator(at('todo')).count()) === 1 && (await desk.locator(at('guide')).count()) === 0)
  assert.deepEqual(browser.faults, [])
})
