// Menu and replies go live as one, at once or at a time, and are rolled back as one, from either page.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small } from './lib.mjs'

let product, browser, desk
const stamp = Date.now() % 100000
before(async () => {
  product = await Product.make('release')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})
// What the browser would send, with its session.
const send = (path, method, body) => desk.evaluate(async ([path, method, body]) => {
  const session = await (await fetch('/console/v1/session')).json()
  const r = await fetch('/console/v1' + path, { method, headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': session.csrf_token }, body: body && JSON.stringify(body) })
  return { status: r.status, body: await r.json().catch(() => null) }
}, [path, method, body])
const changeBoth = async (n) => {
  const menu = await send('/menu/draft', 'PUT', { buttons: [{ type: 'click', name: `开卖${n}`, key: `K${n}` }] })
  const rule = await send('/replies', 'POST', { name: `规则${stamp}-${n}`, kind: 'keyword', keywords: [{ text: `词${stamp}-${n}`, match: 'exact' }], messages: [{ type: 'text', content: '好' }] })
  assert.equal(menu.status, 200)
  assert.equal(rule.status, 201)
}

test('one difference, published together, rolled back together', async () => {
  await changeBoth(1)
  await desk.goto(product.url + '/console/menu')
  await desk.locator(at('menu-more')).click()
  await desk.locator(at('menu-release')).click()
  await desk.getByText(`规则${stamp}-1`).first().waitFor()
  await desk.getByText('开卖1').first().waitFor()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'release-1440')
  await desk.locator(at('release-note')).fill('零点开卖')
  await desk.locator(at('release-yes')).click()
  await desk.getByText('菜单和回复已一起发布').waitFor()
  await desk.locator(`${at('release-desk')} >> text=没有差别`).waitFor()
  await desk.locator(at('release-history')).getByText('零点开卖').waitFor()
  assert.ok((await send('/menu/draft', 'GET')).body.changes.length === 0)
  await desk.locator('[data-test$="-back"]').first().click()
  await desk.getByRole('dialog').getByText(`规则${stamp}-1`).waitFor()
  await desk.getByRole('dialog').getByRole('button', { name: '一起退回' }).click()
  await desk.getByText('已一起退回').waitFor()
  assert.ok(!(await send('/replies', 'GET')).body.items.some((r) => r.name === `规则${stamp}-1`))
})

test('at a time: off the desk, and on it again when it is taken back; on a phone too', async () => {
  await changeBoth(2)
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.goto(product.url + '/console/replies')
  await desk.locator(at('reply-release')).click()
  await desk.locator('label', { hasText: '定个时间' }).click()
  await desk.locator(at('release-yes')).click()
  await desk.getByText('请选时间').waitFor()
  const input = desk.getByLabel('什么时候（北京时间）')
  await input.fill(`${new Date().getFullYear() + 1}-01-02 00:00`)
  await input.press('Enter')
  await desk.locator(at('release-yes')).click()
  await desk.locator(at('release-waiting')).getByText(`规则${stamp}-2`).waitFor()
  await desk.locator(`${at('release-desk')} >> text=没有差别`).waitFor()
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await axe(desk), [])
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'release-390')
  await desk.locator('[data-test$="-drop"]').click()
  await desk.getByRole('dialog').getByRole('button', { name: '取消发布' }).click()
  await desk.getByText('改动回到了草稿里').waitFor()
  await desk.locator(at('release-desk')).getByText(`规则${stamp}-2`).waitFor()
})
