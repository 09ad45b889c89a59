// An operator makes a partner, gives it a code and a secret link; a fan follows by the code, and the partner sees it on
// a phone without a login, and nothing of anybody else. Withdrawn, the link is dead.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, url
const stamp = Date.now() % 100000
const name = `城北书店 ${stamp}`
const scene = `城北柜台${stamp}`
before(async () => {
  product = await Product.make('partners')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

test('a partner is made; one without a name, or with a share that is none, is not', async () => {
  await desk.goto(product.url + '/console/scenes')
  await desk.locator(at('scene-new')).click()
  await desk.locator(at('scene-value')).fill(scene)
  await desk.locator(at('scene-make')).click()
  await desk.getByText(scene).first().waitFor()
  await desk.goto(product.url + '/console/partners')
  await desk.locator(at('partner-new')).click()
  await desk.locator(at('partner-save')).click()
  await desk.getByText('请写名称').waitFor()
  await desk.locator(at('partner-name')).fill(name)
  await desk.locator(at('partner-share')).fill('一成')
  await desk.locator(at('partner-save')).click()
  await desk.getByText('写 0 到 100 的百分数，最多两位小数').waitFor()
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('partner-share')).fill('12.5')
  await shot(desk, 'partner-dialog')
  await desk.locator(at('partner-save')).click()
  await desk.waitForURL(/partners\/\d+/)
  await desk.getByText('分成 12.5%').waitFor()
})

test('a code is given to it, and what the code brings is its', async () => {
  await desk.locator(at('partner-add')).click()
  await desk.getByRole('option', { name: scene }).click()
  await desk.getByRole('button', { name: `移出${scene}` }).waitFor()
  const phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  await phone.goto(product.phone + '/')
  await phone.locator(at('tab-me')).click()
  await phone.locator(at('switch-person')).click()
  await phone.locator(at('new-name')).fill('书店的人')
  await phone.locator(at('new-name')).press('Enter')
  await phone.locator(at('no-chat')).waitFor()
  await phone.goto(product.phone + '/#/scan')
  await phone.locator(`${at('scene-code')}[data-scene="${scene}"]`).click()
  await until('the line knows of it', async () => {
    await desk.reload()
    await desk.locator(at('scene-steps')).waitFor()
    return /1/.test(await desk.locator('[data-step=new_follows] .num').innerText())
  }, 30_000)
  await phone.context().close()
})

test('the link shows it to the partner on a phone, without a login or a script', async () => {
  await desk.locator(at('partner-link')).click()
  url = await desk.locator(at('partner-url')).inputValue()
  await shot(desk, 'partner-1440')
  const local = product.url + new URL(url).pathname
  const phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true, javaScriptEnabled: true })
  const answer = await phone.goto(local)
  assert.equal(answer.headers()['x-robots-tag'], 'noindex, nofollow, noarchive')
  assert.ok((await answer.body()).length < 20_000, 'the page is light')
  await phone.getByRole('heading', { name }).waitFor()
  const text = await phone.locator('main').innerText()
  assert.match(text, /新关注\s*1\s*人/)
  assert.doesNotMatch(text, /城南读书会|书店的人/)
  assert.equal(await phone.locator('script').count(), 0)
  assert.deepEqual(await axe(phone), [])
  assert.equal(await sideways(phone), 0)
  assert.deepEqual(await small(phone), [])
  await shot(phone, 'partner-own-390')
  await phone.getByRole('link', { name: '本月' }).click()
  await phone.locator('nav a[aria-current]').getByText('本月').waitFor()
  await phone.context().close()
  const wide = await browser.page({ colorScheme: 'dark' })
  await wide.goto(local)
  assert.deepEqual(await axe(wide), [])
  await shot(wide, 'partner-own-1440-dark')
  await wide.context().close()
})

test('withdrawn, the link is dead; on a phone the page fits', async () => {
  await desk.locator(at('partner-unlink')).click()
  await desk.getByRole('dialog').getByRole('button', { name: '停用', exact: true }).click()
  await desk.getByText('现在没有能用的链接').waitFor()
  const page = await browser.page({ viewport: { width: 390, height: 844 } })
  const answer = await page.goto(product.url + new URL(url).pathname)
  assert.equal(answer.status(), 404)
  await page.getByText('已经停用').first().waitFor()
  await page.context().close()
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.waitForTimeout(500)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'partner-390')
  assert.deepEqual(browser.faults, [])
})
