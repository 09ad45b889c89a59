// An operator sees in which lesson people stop, who they are, and makes the next version a task of the plan with the
// figures as they are now.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk
const title = `第一课讲慢一点 ${Date.now() % 100000}`
before(async () => {
  product = await Product.make('quality')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

test('the lessons show who came, who is lost and where in the lesson they stand; each number has its people', async () => {
  await desk.goto(product.url + '/console/courses/1?tab=quality')
  const first = desk.locator(at('quality-lesson-0'))
  await first.waitFor()
  const reached = first.getByRole('button', { name: /^到过.*」的 \d+ 人$/ })
  const n = Number((await reached.innerText()).match(/\d+/)[0])
  assert.ok(n > 0)
  await reached.click()
  await until('as many people as the number says', async () => await desk.locator('table.people tbody tr').count() === Math.min(n, 100))
  await desk.keyboard.press('Escape')
  await desk.locator(at('quality-places-0')).click()
  const tenths = desk.locator('.tenths li')
  assert.equal(await tenths.count(), 10)
  await tenths.getByRole('button').first().click()
  await desk.locator('table.people tbody tr').first().waitFor()
  await desk.keyboard.press('Escape')
  await desk.getByRole('button', { name: '停在这里', exact: true }).focus()
  await desk.getByText('14 天没有新进度').first().waitFor()
  await desk.keyboard.press('Escape')
  await shot(desk, 'quality-1440')
  assert.deepEqual(await axe(desk), [])
})

test('the file holds the numbers of the screen', async () => {
  const [file] = await Promise.all([desk.waitForEvent('download'), desk.locator(at('quality-csv')).click()])
  const text = fs.readFileSync(await file.path(), 'utf8')
  for (const word of ['开始学的人', '停在这里', '退款原因', '口径']) assert.match(text, new RegExp(word))
})

test('a next version is a task with the figures as they were', async () => {
  await desk.locator(at('quality-next-0')).click()
  await desk.locator(at('next-title')).fill('')
  await desk.locator(at('next-save')).click()
  await desk.getByText('请写下一版要改什么').waitFor()
  await desk.locator(at('next-title')).fill(title)
  await desk.locator(at('next-note')).fill('开头太快')
  await desk.locator(at('next-minutes')).fill('90')
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'quality-next')
  await desk.locator(at('next-save')).click()
  const made = desk.locator('[data-test^="iteration-"]').filter({ hasText: title })
  await made.getByText('这一课学完').waitFor()
  await made.getByText('任务做完后，从第二天起').waitFor()
  await desk.locator(at('quality-next-0')).click()
  await desk.locator(at('next-title')).fill(title)
  await desk.locator(at('next-save')).click()
  await desk.getByText('已经有一个同名的下一版任务').first().waitFor()
  await desk.keyboard.press('Escape')
  await made.getByRole('link', { name: /任务在/ }).click()
  await desk.getByText(title).first().waitFor()
})

test('a course nobody learns says so; on a phone all of it fits', async () => {
  await desk.goto(product.url + '/console/courses/1?tab=quality&from=2020-01-01&to=2020-01-02')
  await desk.getByText('这段时间没有人开始学这门课').waitFor()
  await desk.getByText('这段时间没有退款成功的订单').waitFor()
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.goto(product.url + '/console/courses/1?tab=quality')
  await desk.locator(at('quality-places-0')).click()
  await desk.waitForTimeout(500)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await desk.locator(at('quality-lesson-0')).scrollIntoViewIfNeeded()
  await shot(desk, 'quality-390')
  assert.deepEqual(browser.faults, [])
})
