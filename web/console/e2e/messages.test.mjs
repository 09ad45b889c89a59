// An operator finds what a fan said, in real Chromium: said on the phone, searched with marks, led to the fan, saved as a file,
// and the owner changes how long words are kept.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, fan, Product, shot, sideways, small, speak, until } from './lib.mjs'

let product, browser, desk
const stamp = Date.now() % 100000
before(async () => {
  product = await Product.make('messages')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  const phone = await fan(product, browser, '说话的人')
  await speak(product, phone, `想学ＰＰＴ ${stamp} 100%`)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const line = () => desk.locator('tbody tr', { hasText: `想学ＰＰＴ ${stamp}` })

test('what was said is found as keywords are folded, and marked', async () => {
  await desk.goto(`${product.url}/console/messages?q=${encodeURIComponent(`ppt ${stamp}`)}`)
  await line().waitFor()
  assert.equal(await line().locator('mark').innerText(), `ＰＰＴ ${stamp}`)
  assert.equal(await desk.locator('table[role=table] tbody tr').count(), 1)
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'messages-1440')
  await desk.setViewportSize({ width: 390, height: 844 })
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'messages-390')
  await desk.setViewportSize({ width: 1440, height: 900 })
  await desk.goto(`${product.url}/console/messages?q=${encodeURIComponent(`${stamp} 100_`)}`)
  await desk.getByText('没有符合条件的消息').waitFor()
  assert.equal(await desk.locator('table[role=table] tbody tr').count(), 0, '_ is itself')
})

test('the line leads to the fan, and back to what that fan said', async () => {
  await desk.goto(`${product.url}/console/messages?q=${stamp}`)
  await line().getByRole('button', { name: /只看/ }).click()
  await desk.locator(at('messages-fan')).waitFor()
  await line().locator('a[href*="/fans/"]').click()
  await desk.locator(at('fan-story')).getByText(`想学ＰＰＴ ${stamp}`).waitFor()
  await desk.getByRole('link', { name: '只看说过的话' }).click()
  await line().waitFor()
})

test('the file has it, and that it left is written down', async () => {
  const [file] = await Promise.all([desk.waitForEvent('download'), desk.locator(at('messages-csv')).click()])
  const text = await readFile(await file.path(), 'utf8')
  assert.ok(text.includes(`想学ＰＰＴ ${stamp}`))
  await desk.goto(`${product.url}/console/audit`)
  await desk.getByText('导出粉丝消息').first().waitFor()
})

test('the owner shortens how long words are kept, after being asked', async () => {
  await desk.goto(`${product.url}/console/operators`)
  const input = desk.locator(at('kept-input')).locator('input').or(desk.locator(`input${at('kept-input')}`)).first()
  await input.fill('30')
  await input.blur()
  await desk.locator(at('kept-save')).click()
  await desk.getByRole('dialog').getByRole('button', { name: '缩短', exact: true }).click()
  await until('it is set', async () => (await (await desk.request.get(`${product.url}/console/v1/settings`)).json()).message_days === 30, 10_000)
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'kept-1440')
  await desk.goto(`${product.url}/console/messages`)
  await desk.getByText('正文保存 30 天').waitFor()
})
