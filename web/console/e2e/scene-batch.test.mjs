// An operator makes a batch of codes with one reply for all of them; a fan who scans any hears it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small } from './lib.mjs'

let product, browser, desk
const stamp = Date.now() % 100000
const said = `欢迎到店 ${stamp}`
before(async () => {
  product = await Product.make('scene-batch')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

test('a batch is made, and the reply for all its codes is written next', async () => {
  await desk.goto(product.url + '/console/scenes?tab=batches')
  await desk.locator(at('batch-new')).click()
  await desk.locator(at('batch-name')).fill(`台卡 ${stamp}`)
  await desk.locator(at('batch-prefix')).fill(`台卡${stamp}-`)
  await desk.locator(at('batch-count')).fill('3')
  await desk.locator(at('batch-reply')).click()
  await shot(desk, 'scene-batch-dialog')
  await desk.locator(at('batch-save')).click()
  await desk.waitForURL(/replies\/new\?batch=\d+/)
  const keys = desk.locator(at('reply-event-key'))
  await desk.waitForFunction((sel) => document.querySelector(sel)?.value?.split('\n').length === 3, at('reply-event-key'))
  assert.equal(await keys.inputValue(), ['01', '02', '03'].map((n) => `台卡${stamp}-${n}`).join('\n'))
  assert.equal(await desk.locator(at('reply-name')).inputValue(), `扫码 台卡 ${stamp}`)
  await desk.locator(at('message-0-content')).fill(said)
  await shot(desk, 'scene-batch-reply')
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('reply-save')).click()
  await desk.waitForURL(/replies\/\d+/)
  await desk.goto(product.url + '/console/replies')
  await desk.getByText(`台卡${stamp}-01 等 3 个`).waitFor()
})

test('the batch has the road too, and fits a phone', async () => {
  await desk.goto(product.url + '/console/scenes?tab=batches')
  await desk.getByRole('link', { name: `台卡 ${stamp}` }).click()
  const road = desk.locator(at('batch-reply'))
  await road.waitFor()
  await desk.setViewportSize({ width: 390, height: 844 })
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'scene-batch-390')
  await road.click()
  await desk.waitForURL(/replies\/new\?batch=\d+/)
})
