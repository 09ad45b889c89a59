// An operator asks to be told of refunds, one happens, the first page says so, the page says what to look at; seen to, it
// no longer waits, and can be called back; a rule is put to sleep.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk
before(async () => {
  product = await Product.make('alerts')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const rule = (key) => desk.locator(`[data-rule="${key}"]`)

test('a rule is set in words a person reads', async () => {
  await desk.goto(product.url + '/console/alerts')
  await rule('refunds').getByRole('button').click()
  await desk.locator(at('rule-percent')).fill('0')
  await desk.locator(at('rule-save')).click()
  await desk.getByText('写一个正整数').waitFor()
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('rule-percent')).fill('1')
  await desk.locator(at('rule-least')).fill('1')
  await shot(desk, 'alert-rule')
  await desk.locator(at('rule-save')).click()
  await rule('refunds').getByText('有 1 笔以上，且占近 30 天付款订单的 1% 以上').waitFor()
})

test('a refund makes an alert, once; it waits on the first page', async () => {
  const refunded = await desk.evaluate(async () => {
    const get = async (path) => (await fetch(path)).json()
    const { csrf_token } = await get('/console/v1/session')
    for (const o of (await get('/console/v1/orders?status=paid&page_size=100')).items) {
      const r = await fetch(`/console/v1/orders/${o.out_trade_no}/refunds`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf_token, 'Idempotency-Key': `alert-${o.out_trade_no}` }, body: JSON.stringify({ amount: o.amount, reason: '试试提醒' }) })
      if (r.status < 202) return o.out_trade_no
    }
    return ''
  })
  assert.ok(refunded, 'no order could be refunded')
  await until('the alert', async () => {
    await desk.goto(product.url + '/console/alerts')
    await desk.locator(at('alert-rules')).waitFor()
    return (await desk.getByRole('link', { name: /近 7 天有 \d+ 笔退款/ }).count()) > 0
  }, 200_000)
  await desk.getByText('看退款原因和学到哪一节停下的').first().waitFor()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'alerts-1440')
  await desk.goto(product.url + '/console/')
  const todo = desk.locator(at('todo')).getByRole('link', { name: /不寻常的数字/ })
  await todo.waitFor()
  assert.ok(!/\b0\b/.test((await todo.innerText()).replace(/\D+/g, ' ').trim()))
  await todo.click()
  await desk.getByRole('link', { name: /近 7 天有 \d+ 笔退款/ }).first().click()
  await desk.getByRole('tab', { name: '学习质量' }).waitFor()
})

test('seen to, it waits no more, and can be called back; a rule sleeps; on a phone it fits', async () => {
  await desk.goto(product.url + '/console/alerts')
  const cases = desk.locator(at('see'))
  await cases.first().waitFor()
  const had = await cases.count()
  await cases.first().click()
  await until('one less', async () => await cases.count() === had - 1)
  await desk.getByRole('button', { name: '撤销' }).click()
  await until('back again', async () => await cases.count() === had)
  await rule('figurevisitors').getByRole('button').click()
  await desk.locator(at('rule-sleep')).click()
  await desk.getByRole('option', { name: '静音 7 天' }).click()
  await desk.locator(at('rule-save')).click()
  await rule('figurevisitors').getByText('静音到').waitFor()
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.waitForTimeout(500)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'alerts-390')
  assert.deepEqual(browser.faults, [])
})
