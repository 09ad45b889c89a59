// A course for a friend, on the phone and at the desk: bought, sent on, opened by another, seen by an operator; kept
// by who paid; and given back unopened.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, somebody, until } from './lib.mjs'

let product, browser, phone, desk
before(async () => {
  product = await Product.make('gift')
  await product.start()
  browser = await Browser.launch()
  phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

// buy pays for a gift of the course and leads to the page that sends it on.
const buy = async () => {
  await phone.goto(product.phone + '/#/mini')
  await phone.locator(at('course')).filter({ hasText: '新媒体数据入门' }).click()
  await phone.locator(at('give')).click()
  await phone.getByText('朋友领取后可一直学习').waitFor()
  await phone.locator(at('place-order')).click()
  await phone.locator(at('pay-confirm')).click()
  await phone.locator(at('pay-done')).waitFor()
  await phone.locator(at('send-gift')).click()
  await phone.locator(`${at('gift-status')}[data-status="waiting"]`).waitFor()
  return (await phone.locator(at('gift-code')).getAttribute('data-path')).split('gift=')[1]
}
const orderNo = async () => /give\/([^/]+)/.exec(await phone.evaluate(() => location.hash))[1]

let no, code
test('one buys a course for a friend and gets something to send', async () => {
  await somebody(product, phone, '送礼的人')
  code = await buy()
  no = await orderNo()
  assert.match(code, /^[2-9A-Z]{16}$/)
  await shot(phone, 'phone-gift-send')
  await phone.goto(product.phone + '/#/mini/mine')
  await phone.locator(at('no-mine')).waitFor() // the buyer has no course by it
})

test('another opens it, once; a third comes too late', async () => {
  await somebody(product, phone, '收礼的人')
  await phone.goto(product.phone + '/#/mini/mine')
  await phone.locator(at('gift-input')).fill(code.toLowerCase())
  await phone.locator(at('gift-look')).click()
  await phone.locator(at('gift-open')).waitFor()
  await shot(phone, 'phone-gift-open')
  await phone.locator(at('gift-open')).click()
  await phone.locator(at('owned')).waitFor()
  await somebody(product, phone, '来晚的人')
  await phone.goto(product.phone + `/#/mini/gift/${code}`)
  await phone.locator(at('gift-gone')).waitFor()
  assert.equal(await phone.locator(at('gift-open')).count(), 0)
})

test('the desk sees whose it is, on the order and on both learners’ pages', async () => {
  await desk.goto(product.url + '/console/orders?kind=gift')
  await desk.getByRole('link', { name: no }).click()
  await desk.locator(at('gift')).getByText('已领取').waitFor()
  await shot(desk, 'console-gift-order')
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('gift')).getByRole('link').click()
  await desk.locator(at('gifts')).getByText('领到的，送的人是').waitFor()
  await shot(desk, 'console-gift-learner')
  assert.deepEqual(await axe(desk), [])
  await desk.setViewportSize({ width: 390, height: 844 })
  await until('the learner’s page fits a phone', async () => (await sideways(desk)) === 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'console-gift-learner-390')
  await desk.goto(product.url + `/console/orders/${no}`)
  await desk.locator(at('gift')).waitFor()
  assert.deepEqual([await sideways(desk), await small(desk)], [0, []])
  await shot(desk, 'console-gift-order-390')
  await desk.setViewportSize({ width: 1440, height: 900 })
})

test('a gift may be kept, and one nobody opened goes back and is void', async () => {
  await somebody(product, phone, '留给自己的人')
  await buy()
  await phone.locator(at('gift-keep')).click()
  await phone.locator(at('gift-open')).click()
  await phone.locator(at('owned')).waitFor()
  const second = await buy() // owned, and a present all the same
  const secondNo = await orderNo()
  await phone.goto(product.phone + `/#/mini/order/${secondNo}`)
  await phone.locator(at('order-refund')).click()
  await phone.locator(at('refund-offer')).filter({ hasText: '符合退款规则' }).waitFor()
  await phone.locator(at('refund-reason')).fill('不送了')
  await phone.locator(at('refund-send')).click()
  await phone.locator(at('order-status')).waitFor()
  await until('the gift is frozen', async () => {
    await phone.goto(product.phone + `/#/mini/give/${secondNo}`)
    await phone.reload()
    return (await phone.locator(at('gift-status')).getAttribute('data-status')) === 'frozen'
  })
  await desk.goto(product.url + `/console/orders/${secondNo}`)
  await desk.getByText('礼物还没有人领：退款后作废').first().waitFor()
  await desk.locator(at('refund-approve')).click()
  await desk.getByRole('dialog').getByRole('button', { name: '同意' }).click()
  await desk.locator(at('gift')).getByText('已作废').waitFor({ timeout: 30_000 })
  await somebody(product, phone, '拿到废码的人')
  await phone.goto(product.phone + `/#/mini/gift/${second}`)
  await phone.getByText('没有这份礼物，或者它已经失效').first().waitFor()
  await desk.goto(product.url + '/console/')
  await desk.locator(at('guards')).waitFor()
  assert.deepEqual(await desk.locator(`${at('guards')} b`).allInnerTexts(), ['0', '0'])
})

test('nothing broke on the way', () => assert.deepEqual(browser.faults, []))
