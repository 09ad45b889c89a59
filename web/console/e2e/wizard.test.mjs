// A campaign is made in one go: code, keyword, welcome, menu button, coupon, poster; what is missing is asked for at its
// field, what the service refuses is said, and the wizard goes on where it stopped.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk
const stamp = Date.now() % 100000
const name = `元宵写作营 ${stamp}`
const scene = `元宵海报${stamp}`
before(async () => {
  product = await Product.make('wizard')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})
const flip = (key) => desk.locator(`.el-switch:has(input${at(`wizard-${key}`)}), ${at(`wizard-${key}`)}.el-switch`).first().click()

test('what is switched on and missing is asked for', async () => {
  await desk.goto(product.url + '/console/campaigns')
  await desk.locator(at('campaign-wizard')).click()
  await flip('welcome')
  await flip('poster')
  await desk.locator(at('wizard-make')).click()
  await desk.getByText('请写名称').waitFor()
  await desk.getByText('先在第 2 步写码：海报上要印它').waitFor()
  assert.deepEqual(await axe(desk), [])
})

test('the whole campaign is made, and each part belongs to it', async () => {
  await desk.locator(at('wizard-name')).fill(name)
  await desk.locator(at('wizard-codes')).fill(scene)
  await desk.locator(at('wizard-welcome-text')).fill('欢迎来写作营')
  await flip('keyword')
  await desk.locator(at('wizard-words')).fill(`元宵${stamp}`)
  await desk.locator(at('wizard-keyword-text')).fill('报名从这里开始')
  await flip('menu')
  await desk.locator(at('wizard-menu-name')).fill('元宵')
  await desk.locator(at('wizard-menu-url')).fill('https://example.com/a')
  await flip('coupon')
  await desk.locator(at('wizard-coupon-value')).fill('20')
  await desk.locator('label').filter({ has: desk.locator(at('wizard-publish')) }).or(desk.locator(`${at('wizard-publish')}`)).first().click()
  assert.equal(await desk.locator(`${at('wizard-summary')} li`).count(), 8)
  await shot(desk, 'wizard-1440')
  await desk.locator(at('wizard-make')).click()
  await desk.waitForURL(/campaigns\/\d+$/, { timeout: 30_000 })
  await desk.getByRole('heading', { name }).waitFor()
  await desk.getByRole('link', { name: scene, exact: true }).waitFor()
  for (const part of [`${name} 关键词`, `${name} ${scene}`]) await desk.getByRole('link', { name: part, exact: true }).waitFor()
  await desk.getByRole('link', { name: new RegExp(`^${name}（`) }).waitFor()
  await desk.locator(at('poster')).first().waitFor()
})

test('it answers on the phone at once, for its days have begun; the menu waits with two plans', async () => {
  const phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  await phone.goto(product.phone + '/#/chat')
  const input = phone.locator(at('say-input'))
  if (!(await input.isVisible())) await phone.locator(at('switch-input')).click()
  await input.fill(`元宵${stamp}`)
  await input.press('Enter')
  await phone.getByText('报名从这里开始').first().waitFor()
  await phone.context().close()
  await desk.goto(product.url + '/console/menu')
  await until('two plans', async () => (await desk.getByText(`活动「${name}」开始`).count()) > 0 && (await desk.getByText(`活动「${name}」结束`).count()) > 0)
})

test('what the service refuses is said, and the rest is made after it is put right', async () => {
  await desk.goto(product.url + '/console/campaigns/new')
  await desk.locator(at('wizard-name')).fill(`${name} 二`)
  await desk.locator(at('wizard-codes')).fill(scene) // taken
  await desk.locator(at('wizard-make')).click()
  await desk.locator(at('wizard-failed')).waitFor()
  assert.equal(await desk.locator(`${at('wizard-summary')} li[data-state=done]`).count(), 1)
  await shot(desk, 'wizard-failed')
  // Another tab: what was made is known there, and not made again.
  await desk.goto(product.url + '/console/')
  await desk.goto(product.url + '/console/campaigns/new')
  await desk.locator(at('wizard-half')).getByText(`「${name} 二」上次建到一半，已做好 1 项`).waitFor()
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('wizard-go-on')).click()
  assert.equal(await desk.locator(at('wizard-name')).inputValue(), `${name} 二`)
  await desk.locator(at('wizard-codes')).fill(`${scene} 二`)
  await desk.locator(at('wizard-make')).click()
  await desk.waitForURL(/campaigns\/\d+$/)
  await desk.getByRole('link', { name: `${scene} 二`, exact: true }).waitFor()
})

test('on a phone the wizard fits', async () => {
  await desk.goto(product.url + '/console/campaigns/new')
  await desk.setViewportSize({ width: 390, height: 844 })
  for (const key of ['keyword', 'welcome', 'menu', 'coupon', 'poster']) await flip(key)
  await desk.waitForTimeout(400)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'wizard-390')
  assert.deepEqual(browser.faults, [])
})
