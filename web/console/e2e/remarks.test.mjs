// A learner writes under a course and an operator answers, in real Chromium: written on the phone, seen by its writer
// alone, shown, answered and put first at the desk, seen on another phone, kept back with a reason, deleted.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, phone, course
const said = `讲得很清楚 ${Date.now() % 100000}`
before(async () => {
  product = await Product.make('remarks')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  const { csrf_token: csrf } = await (await desk.request.get(product.url + '/console/v1/session')).json()
  const call = async (route, data) => {
    const r = await desk.request.post(`${product.url}/console/v1${route}`, { data, headers: { 'X-CSRF-Token': csrf } })
    assert.ok(r.ok(), `${route}: ${r.status()} ${await r.text()}`)
    return r.json()
  }
  course = (await call('/courses', { title: `有评论的课 ${Date.now() % 100000}`, price: 0 })).id
  await call(`/courses/${course}/lessons`, { title: '第一课', kind: 'text', content: '<p>正文</p>' })
  await call(`/courses/${course}/publish`, {})
  await who('写评论的人')
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

async function who(name) {
  await phone.goto('about:blank')
  await phone.goto(product.phone + '/')
  await phone.locator(at('tab-me')).click()
  await phone.locator(at('switch-person')).click()
  await phone.locator(at('new-name')).fill(name)
  await phone.locator(at('new-name')).press('Enter')
  await phone.locator(at('no-chat')).waitFor()
}
const look = async () => {
  await phone.goto('about:blank')
  await phone.goto(`${product.phone}/#/mini/course/${course}`)
  await phone.locator(at('remarks')).getByRole('heading', { name: '评论' }).waitFor()
}
const row = () => desk.locator('main tbody tr', { hasText: said })
const act = (name) => row().getByRole('button', { name, exact: true }).click()

test('who has the course writes, and sees it alone', async () => {
  await look()
  await phone.locator(at('remarks-closed')).getByText('有了这门课才能写评论').waitFor()
  await phone.locator(at('claim')).click()
  await phone.locator(at('owned')).or(phone.locator(at('start-learning'))).first().waitFor()
  await look()
  await phone.locator(at('remark-send')).click()
  await phone.locator(at('remark-error')).getByText('1 到 500 个字').waitFor()
  await phone.locator(at('remark-text')).fill(said)
  await phone.locator(at('remark-send')).click()
  await phone.locator(at('remark-own-state')).getByText('暂时只有您看得到').waitFor()
  await phone.locator(at('remarks')).scrollIntoViewIfNeeded()
  assert.equal(await sideways(phone), 0)
  await shot(phone, 'remarks-phone-own')
})

test('the desk shows it, answers it and puts it first', async () => {
  await until('it waits', async () => {
    await desk.goto(`${product.url}/console/remarks?state=waiting&course_id=${course}`)
    await desk.locator('main h1').first().waitFor()
    return row().waitFor({ timeout: 1500 }).then(() => true, () => false)
  })
  await desk.goto(`${product.url}/console/remarks?course_id=${course}`)
  assert.equal(await row().getByRole('button', { name: '置顶', exact: true }).count(), 0, 'what is not shown is not put first')
  await act('显示')
  await row().getByText('已显示').waitFor()
  await act('回复')
  const dialog = desk.getByRole('dialog')
  await dialog.getByRole('button', { name: '回复', exact: true }).click()
  await dialog.getByText('请写回复').waitFor()
  assert.deepEqual(await axe(desk), [])
  await dialog.locator('textarea').fill('谢谢，下周还有一课')
  await dialog.getByRole('button', { name: '回复', exact: true }).click()
  await row().getByText('谢谢，下周还有一课').waitFor()
  await act('置顶')
  await row().getByRole('button', { name: '取消置顶' }).waitFor()
  await desk.goto(`${product.url}/console/remarks`)
  await row().waitFor()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'remarks-1440')
})

test('another phone reads it with the answer; its writer cannot be told', async () => {
  await who('看评论的人')
  await look()
  const one = phone.locator(at('remark'), { hasText: said })
  await one.getByText('置顶').waitFor()
  await one.locator(at('remark-answer')).getByText('谢谢，下周还有一课').waitFor()
  assert.equal(await one.getByText('写评论的人').count() + await one.locator(at('remark-remove')).count(), 0)
  await phone.locator(at('remarks')).scrollIntoViewIfNeeded()
  await shot(phone, 'remarks-phone')
})

test('on a phone nothing is wider than the screen and nothing too small', async () => {
  const page = await browser.page({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await page.context().addCookies(await desk.context().cookies())
  await page.goto(`${product.url}/console/remarks`)
  await page.locator('main tbody tr').first().waitFor()
  await page.locator(at('remark-how')).waitFor()
  await shot(page, 'remarks-390')
  assert.equal(await sideways(page), 0)
  assert.deepEqual(await small(page), [])
  assert.deepEqual(await axe(page), [])
  await page.context().close()
})

test('kept back it is gone from the others; deleted it is gone', async () => {
  await desk.goto(`${product.url}/console/remarks?course_id=${course}`)
  await row().waitFor()
  await act('不显示')
  await desk.getByRole('dialog').locator('textarea').fill('说的是别的课')
  await desk.getByRole('dialog').getByRole('button', { name: '不显示', exact: true }).click()
  await row().getByText('说的是别的课').waitFor()
  await look()
  await phone.locator(at('remarks')).getByText('还没有评论').waitFor()
  await act('删除')
  await desk.getByRole('dialog').getByRole('button', { name: '删除', exact: true }).click()
  await row().waitFor({ state: 'detached' })
})

test('closed is closed: who has the course is offered no field', async () => {
  await desk.locator(at('remark-how')).click()
  await desk.getByRole('option', { name: '不开放，谁也不能写' }).click()
  await desk.getByText('已保存').waitFor()
  await look()
  await phone.locator(at('remarks-closed')).getByText('评论现在没有开放').waitFor()
})
