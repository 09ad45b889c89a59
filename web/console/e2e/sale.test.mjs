// When a course is sold and at what price, from the desk to the phone: a flash price told with who still pays the old
// one, seen and paid on the phone; and a course past its time, which keeps its page.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, somebody, until } from './lib.mjs'

let product, browser, phone, desk, course
before(async () => {
  product = await Product.make('sale')
  await product.start()
  browser = await Browser.launch()
  phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const look = async () => {
  await phone.goto(product.phone + '/#/mini')
  await phone.goto(product.phone + `/#/mini/course/${course}`)
  await phone.locator(at('course-title')).waitFor()
}
const wall = (hours) => new Date(Date.now() + hours * 3_600_000).toLocaleString('sv-SE', { timeZone: 'Asia/Shanghai' }).slice(0, 16)
const when = async (label, hours) => {
  const field = desk.locator(at('sale')).getByLabel(label)
  await field.fill(hours === null ? '' : wall(hours))
  await field.press('Tab')
}
const saved = (act) => Promise.all([desk.waitForResponse((r) => r.request().method() === 'PUT' && /\/courses\/\d+$/.test(r.url()) && r.ok()), act()])

test('one orders at the price of the day and does not pay', async () => {
  await somebody(product, phone, '还没付的人')
  await phone.goto(product.phone + '/#/mini')
  await phone.locator(at('course')).filter({ hasText: '新媒体数据入门' }).click()
  course = /course\/(\d+)/.exec(await phone.evaluate(() => location.hash))[1]
  await phone.locator(at('buy')).click()
  await phone.locator(at('place-order')).click()
  await phone.locator(at('pay-confirm')).waitFor()
})

test('a flash price is refused where it makes no sense, and told with who pays the old one', async () => {
  await desk.goto(product.url + `/console/courses/${course}`)
  await desk.locator(at('sale')).waitFor()
  await desk.locator(at('flash-price')).fill('100000')
  await when('限时价从', -1)
  await when('限时价到', 48)
  await desk.locator(at('course-save')).click()
  await desk.getByText('限时价应低于价格').waitFor()
  const price = Number(await desk.locator(at('course-price')).inputValue())
  await desk.locator(at('flash-price')).fill(String(price / 2))
  await desk.locator(at('sale')).scrollIntoViewIfNeeded()
  await shot(desk, 'console-sale')
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('course-save')).click()
  const told = desk.getByRole('dialog').filter({ hasText: '1 人手里有按' })
  await told.waitFor()
  await shot(desk, 'console-sale-told')
  await saved(() => told.getByRole('button', { name: '改价并保存' }).click())
  await desk.goto(product.url + `/console/courses/${course}?tab=offers`)
  await desk.locator('li').filter({ hasText: '限时价' }).first().waitFor()
  await shot(desk, 'console-sale-history')
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.goto(product.url + `/console/courses/${course}`)
  await desk.locator(at('sale')).scrollIntoViewIfNeeded()
  await until('the course fits a phone', async () => (await sideways(desk)) === 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'console-sale-390')
  await desk.setViewportSize({ width: 1440, height: 900 })
})

test('the phone sees it, with its end, and pays it', async () => {
  await somebody(product, phone, '赶上的人')
  await look()
  await phone.locator(at('flash-until')).waitFor()
  await shot(phone, 'phone-sale')
  const due = Number((await phone.locator(at('price')).innerText()).replace(/[^\d.]/g, ''))
  await phone.locator(at('buy')).click()
  await phone.locator(at('place-order')).click()
  await phone.locator(at('pay-confirm')).click()
  await phone.locator(at('pay-done')).waitFor()
  const { items: [order] } = await desk.evaluate(() => fetch('/console/v1/orders?page_size=1').then((r) => r.json()))
  assert.deepEqual([order.amount, order.status], [due * 100, 'paid'])
  await desk.goto(product.url + `/console/orders/${order.out_trade_no}`)
  await desk.getByText('限时价减').waitFor()
})

test('a seat is held by whoever ordered first', async () => {
  await desk.goto(product.url + `/console/courses/${course}`)
  await desk.locator(at('sale')).waitFor()
  await desk.locator(at('seats')).fill('1')
  await saved(() => desk.locator(at('course-save')).click())
  await somebody(product, phone, '先来的人')
  await look()
  await phone.locator(at('seats-left')).filter({ hasText: '剩余 1 个名额' }).waitFor()
  await shot(phone, 'phone-seats')
  await phone.locator(at('buy')).click()
  await phone.locator(at('place-order')).click()
  await phone.locator(at('pay-confirm')).waitFor()
  await somebody(product, phone, '后来的人')
  await look()
  await phone.locator(at('no-buy')).filter({ hasText: '名额已满' }).waitFor()
  await desk.goto(product.url + '/console/courses')
  await desk.locator(at('seats-left')).filter({ hasText: '名额剩 0 / 1' }).waitFor()
  await shot(desk, 'console-seats')
  await desk.goto(product.url + `/console/courses/${course}`)
  await desk.getByText('已占 1 个').waitFor()
})

test('past its time it keeps its page and is not sold', async () => {
  await desk.goto(product.url + `/console/courses/${course}`)
  await desk.locator(at('sale')).waitFor()
  await when('停售时间', -0.5)
  await saved(() => desk.locator(at('course-save')).click())
  await somebody(product, phone, '来晚的人')
  await look()
  await phone.locator(at('no-buy')).filter({ hasText: '已停售' }).waitFor()
  assert.equal(await phone.locator(at('buy')).count(), 0)
  await shot(phone, 'phone-sale-over')
})

test('nothing broke on the way', () => assert.deepEqual(browser.faults, []))
