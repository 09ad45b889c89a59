// When to send: beside the calendar and where a time is chosen stands what the service counted, or 数据不足, never an hour of its own.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small } from './lib.mjs'

let product, browser, desk
before(async () => {
  product = await Product.make('sendhours')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const name = (h) => `${String(h).padStart(2, '0')}:00–${String(h + 1).padStart(2, '0')}:00`

test('says what was counted, on how much it rests, and how', async () => {
  const d = await (await desk.request.get(product.url + '/console/v1/broadcasts/hours')).json()
  const said = async () => {
    await desk.locator(at('send-hours')).waitFor()
    assert.match(await desk.locator(at('send-hours-read')).textContent(), new RegExp(d.best_read === null ? `数据不足.*满 ${d.need_readers} 人才说` : `${name(d.best_read)}.*一个小时里`))
    assert.match(await desk.locator(at('send-hours-send')).textContent(), new RegExp(d.best_send === null ? `数据不足.*有 ${d.sends} 次` : `${name(d.best_send)}.*共算 ${d.sends} 次`))
  }
  await desk.goto(product.url + '/console/broadcasts?tab=calendar')
  await said()
  await desk.locator(`${at('send-hours-how')} summary`).click()
  assert.equal(await desk.locator(`${at('send-hours-how')} li`).count(), 3)
  assert.equal(await desk.locator(`${at('send-hours-how')} tbody tr`).count(), d.hours.filter((h) => h.readers || h.sends).length)
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('send-hours')).scrollIntoViewIfNeeded()
  await shot(desk, 'send-hours-1440')
  await desk.setViewportSize({ width: 390, height: 844 })
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await axe(desk), [])
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'send-hours-390')

  const { csrf_token: csrf } = await (await desk.request.get(product.url + '/console/v1/session')).json()
  const made = await desk.request.fetch(`${product.url}/console/v1/broadcasts`, { method: 'POST', data: { to_all: true, kind: 'text', content: '明天见' }, headers: { 'X-CSRF-Token': csrf } })
  assert.equal(made.status(), 201)
  await desk.goto(`${product.url}/console/broadcasts/${(await made.json()).id}`)
  await said()
  assert.equal(await desk.locator(at('send-hours-how')).count(), 0)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'send-hours-form-390')
})
