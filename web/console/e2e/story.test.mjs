// The story of the product, told by a fan on the phone and an operator at the console, in real Chromium.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { at, Browser, Product, root, shot, until } from './lib.mjs'

let product, browser, phone, desk
const title = '三步写好开头'

before(async () => {
  fs.mkdirSync(path.join(root, 'test-output'), { recursive: true })
  product = await Product.make('story')
  await product.start()
  browser = await Browser.launch()
  phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  desk = await browser.page()
}, { timeout: 300_000 })

after(async () => {
  await browser?.close()
  await product?.end()
})

const say = async (text) => {
  await phone.goto(product.phone + '/#/chat')
  const input = phone.locator(at('say-input'))
  if (!(await input.isVisible())) await phone.locator(at('switch-input')).click()
  await input.fill(text)
  await input.press('Enter')
}
const lastLine = () => phone.locator(`${at('line')}[data-from="account"]`).last().innerText()
const heard = (part) => until(`the account answers «${part}»`, async () => (await lastLine()).includes(part))

test('a person follows by scanning a scene code and sees the welcome', async () => {
  await phone.goto(product.phone + '/')
  await phone.locator(at('tab-me')).click()
  await phone.locator(at('switch-person')).click()
  await phone.locator(at('new-name')).fill('故事里的人')
  await phone.locator(at('new-name')).press('Enter')
  await phone.goto(product.phone + '/#/scan')
  await phone.locator(`${at('scene-code')}[data-scene="poster-7"]`).click()
  await phone.goto(product.phone + '/#/chat')
  await heard('这里是山雨写作')
  await shot(phone, 'phone-welcome')
})

test('a sentence gets the keyword’s answer, and the menu can be tapped', async () => {
  await say('我想买课程')
  await heard('山雨课堂')
  await phone.locator(at('switch-input')).click()
  await phone.locator(`${at('menu-button')}[data-name="帮助"]`).click()
  await phone.locator(`${at('submenu-button')}[data-name="怎么退款"]`).click()
  await heard('申请退款')
  await shot(phone, 'phone-menu')
})

test('from an article’s card through the trial to a paid and opened course', async () => {
  await phone.goto(product.phone + '/#/articles')
  await phone.locator(at('article')).filter({ hasText: '标题的十种写法' }).click()
  await shot(phone, 'phone-article')
  await phone.locator(at('course-card')).click()
  await phone.locator(at('course-title')).waitFor()
  await shot(phone, 'phone-course')
  await phone.locator(at('trial')).click()
  await phone.locator(at('lesson-title')).waitFor()
  await phone.goBack()
  await phone.locator(at('buy')).click()
  await phone.locator(at('place-order')).click()
  await phone.locator(at('pay-sheet')).waitFor()
  await shot(phone, 'phone-pay')
  await phone.locator(at('pay-confirm')).click()
  await phone.locator(at('pay-done')).waitFor()
  await phone.locator(at('start-learning')).click()
  await phone.locator(at('owned')).waitFor()
  await phone.locator(at('lesson')).nth(1).click()
  await phone.locator(at('lesson-title')).waitFor()
  await shot(phone, 'phone-study')
})

test('a payment can be cancelled, and the order with it', async () => {
  await phone.goto(product.phone + '/#/mini')
  await phone.locator(at('course')).filter({ hasText: 'Excel' }).click()
  await phone.locator(at('buy')).click()
  await phone.locator(at('place-order')).click()
  await phone.locator(at('pay-cancel')).click()
  await phone.goto(product.phone + '/#/mini/orders')
  await phone.locator(at('order')).filter({ hasText: 'Excel' }).first().click()
  await phone.locator(at('order-cancel')).click()
  await phone.locator(at('ask-yes')).click()
  await until('the order is closing or closed', async () => ['closing', 'closed'].includes(await phone.locator(at('order-status')).first().getAttribute('data-status')))
})

test('the operator logs in and sees the step just made on the phone within two seconds', async () => {
  await desk.goto(product.url + '/console/')
  await desk.getByLabel('名字').or(desk.getByLabel('账号')).first().fill('boss')
  await desk.getByLabel('密码').fill(product.password)
  await desk.keyboard.press('Enter')
  await desk.getByRole('heading', { name: /首页|今日/ }).first().waitFor()
  await desk.locator(at('live-stream')).waitFor()
  await phone.goto(product.phone + '/#/mini')
  const course = phone.locator(at('course')).filter({ hasText: '新媒体数据入门' })
  await course.waitFor()
  const before = await desk.locator(at('live-stream')).innerText()
  const start = Date.now()
  await course.click()
  await phone.locator(at('course-title')).waitFor()
  await until('the live stream moves', async () => (await desk.locator(at('live-stream')).innerText()) !== before, 4000)
  assert.ok(Date.now() - start < 4000, 'seen in time')
  await shot(desk, 'console-home')
})
