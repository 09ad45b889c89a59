// Several courses sold together (专栏), from the desk to the phone: made, filled and put in order by an operator, bought by
// somebody who has one of the courses, studied, explained on the access page, emptied by a course that stays with who has it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, somebody, until } from './lib.mjs'

let product, browser, phone, desk, bundle
const titles = ['专栏里的写作课', '专栏里的剪辑课', '专栏里的直播课']
const courses = []
const door = (method, route, body) => desk.evaluate(async ([method, route, body]) => {
  const { csrf_token } = await (await fetch('/console/v1/session')).json()
  const r = await fetch('/console/v1' + route, { method, headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf_token }, body: body && JSON.stringify(body) })
  if (!r.ok) throw new Error(`${method} ${route}: ${r.status} ${await r.text()}`)
  return r.json()
}, [method, route, body])
before(async () => {
  product = await Product.make('bundle')
  await product.start()
  browser = await Browser.launch()
  phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  desk = await enter(product, browser)
  for (const title of titles) {
    const c = await door('POST', '/courses', { title, price: 9900 })
    await door('POST', `/courses/${c.id}/lessons`, { title: `${title}第一课`, kind: 'text', content: '<p>正文</p>' })
    await door('POST', `/courses/${c.id}/publish`, {})
    courses.push(c.id)
  }
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const page = async (id) => {
  await phone.goto(product.phone + '/#/mini')
  await phone.goto(product.phone + `/#/mini/course/${id}`)
  await phone.locator(at('course-title')).waitFor()
}
const buy = async (id) => {
  await page(id)
  await phone.locator(at('buy')).click()
  await phone.locator(at('place-order')).click()
  await phone.locator(at('pay-confirm')).click()
  await phone.locator(at('pay-done')).waitFor()
}
const members = () => desk.locator(`${at('members')} li a`).allInnerTexts()
const add = async (title) => {
  await desk.locator(at('member-choose')).click()
  await desk.getByRole('option', { name: title }).click()
  await desk.locator(at('member-add')).click()
  await desk.locator(at('members')).getByRole('link', { name: title }).waitFor()
}

test('an operator makes a bundle, fills it and puts it in order by the keyboard', async () => {
  await desk.goto(product.url + '/console/courses/new')
  await desk.locator(at('course-kind')).getByText('专栏').click()
  await desk.locator(at('course-title')).fill('新媒体三门课')
  await desk.locator(at('course-price')).fill('199')
  assert.equal(await desk.locator(at('course-certificate')).count(), 0)
  await shot(desk, 'console-bundle-new')
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('course-save')).click()
  await desk.locator(at('member-choose')).waitFor()
  bundle = Number(/courses\/(\d+)/.exec(desk.url())[1])
  await desk.locator(at('course-publish')).click()
  await desk.getByRole('dialog').getByRole('button', { name: '上架' }).click()
  await desk.getByText('专栏里还没有课程').first().waitFor() // nothing to sell yet
  await desk.keyboard.press('Escape')
  await add(titles[1])
  await add(titles[0])
  assert.deepEqual(await members(), [titles[1], titles[0]])
  await desk.locator(at('member-1-up')).focus()
  await desk.keyboard.press('Enter')
  await until('the order is changed', async () => (await members())[0] === titles[0])
  await shot(desk, 'console-bundle-members')
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('course-publish')).click()
  await desk.getByRole('dialog').getByRole('button', { name: '上架' }).click()
  await desk.locator(at('course-stop')).waitFor()
  await desk.setViewportSize({ width: 390, height: 844 })
  await until('the bundle fits a phone', async () => (await sideways(desk)) === 0)
  assert.deepEqual(await small(desk), [])
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'console-bundle-390')
  await desk.setViewportSize({ width: 1440, height: 900 })
})

test('one who has a course of it is told so, buys it and studies the rest', async () => {
  await somebody(product, phone, '买专栏的人')
  await buy(courses[0])
  await phone.goto(product.phone + '/#/mini')
  const card = phone.locator(at('course')).filter({ hasText: '新媒体三门课' })
  await card.filter({ hasText: '专栏 2 门课' }).click()
  await phone.locator(at('members-owned')).filter({ hasText: '已拥有 1 门' }).waitFor()
  assert.deepEqual([await phone.locator(at('member-owned')).count(), await phone.locator(at('member-locked')).count()], [1, 1])
  await shot(phone, 'phone-bundle')
  assert.deepEqual(await axe(phone), [])
  await buy(bundle)
  await page(bundle)
  assert.equal(await phone.locator(at('member-owned')).count(), 2)
  await phone.locator(at('member')).nth(1).click()
  await phone.locator(at('course-title')).filter({ hasText: titles[1] }).waitFor()
  await phone.locator(at('lesson')).first().click()
  await phone.getByText('正文').first().waitFor()
})

test('the desk says why, and who keeps a course before it is taken out', async () => {
  const { items: [order] } = await door('GET', '/orders?page_size=1')
  assert.equal(order.amount, 19900)
  await desk.goto(product.url + `/console/access/${order.learner_id}/${courses[1]}`)
  await desk.locator(at('access-why')).filter({ hasText: '可以学：通过专栏「新媒体三门课」' }).waitFor()
  await shot(desk, 'console-bundle-why')
  assert.deepEqual(await axe(desk), [])
  await desk.goto(product.url + `/console/courses/${courses[1]}`)
  await desk.locator(at('in-bundles')).getByRole('link', { name: '新媒体三门课' }).click()
  await add(titles[2])
  await page(bundle)
  await until('a course that was added is open', async () => (await phone.locator(at('member-owned')).count()) === 3)
  await desk.locator(at('member-remove-1')).click()
  const told = desk.getByRole('dialog').filter({ hasText: '1 人有这个专栏' })
  await told.waitFor()
  await shot(desk, 'console-bundle-remove')
  await told.getByRole('button', { name: '移出', exact: true }).click()
  await until('it is out', async () => (await members()).join() === [titles[0], titles[2]].join())
  await page(courses[1])
  await phone.locator(at('owned')).waitFor() // theirs all the same
  await somebody(product, phone, '后来的人')
  await page(bundle)
  assert.equal(await phone.locator(at('member-locked')).count(), 2)
  await desk.goto(product.url + '/console/')
  await desk.locator(at('guards')).waitFor()
  assert.deepEqual(await desk.locator(`${at('guards')} b`).allInnerTexts(), ['0', '0'])
})

test('nothing broke on the way', () => assert.deepEqual(browser.faults, []))
