// The operator's day in real Chromium: a task is written, moved between quadrants by mouse and keyboard, put on the
// timeline, timed, finished, taken back; two people change one task; the week's review has it.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { at, axe, Browser, Product, root, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk
before(async () => {
  fs.mkdirSync(path.join(root, 'test-output'), { recursive: true })
  product = await Product.make('plan')
  await product.start()
  browser = await Browser.launch()
  desk = await browser.page()
  await desk.goto(product.url + '/console/')
  await desk.getByLabel('名字').fill('boss')
  await desk.getByLabel('密码').fill(product.password)
  await desk.keyboard.press('Enter')
  await desk.locator(at('live-stream')).waitFor()
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const go = async (route, page = desk) => {
  await page.goto(product.url + '/console' + route)
  await page.locator('main h1').first().waitFor()
}
const title = `写周三的文章 ${Date.now()}`
const card = (page = desk) => page.locator(at('task')).filter({ hasText: title })
const inQuadrant = (n, page = desk) => until(`the task in quadrant ${n}`, async () => (await page.locator(`${at('quadrant-' + n)} ${at('task')}`).filter({ hasText: title }).count()) === 1)

test('a task is written, moved by key and by mouse, and the move is taken back', async () => {
  await go('/plan')
  await desk.locator(at('task-new')).click()
  await desk.locator(at('task-save')).click()
  await desk.getByText('请写这件事是什么').waitFor()
  await desk.locator(at('task-title')).fill(title)
  await desk.locator(at('task-start-at')).fill('1930')
  await desk.locator(at('task-estimate')).fill('60')
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('task-save')).click()
  await inQuadrant(2)
  await card().getByRole('button', { name: title, exact: true }).focus()
  await desk.keyboard.press('1')
  await inQuadrant(1)
  await desk.keyboard.press('Control+z')
  await inQuadrant(2)
  await card().dragTo(desk.locator(at('quadrant-3')).locator('header'))
  await inQuadrant(3)
  await desk.reload()
  await inQuadrant(3)
})

test('the arrow keys move it on the timeline by a quarter of an hour', async () => {
  const block = desk.locator(at('block')).filter({ hasText: title })
  await block.focus()
  await desk.keyboard.press('ArrowDown')
  await desk.keyboard.press('ArrowDown')
  await until('20:00', async () => (await card().innerText()).includes('20:00'))
})

test('start and done measure it, and done is taken back', async () => {
  await card().locator(at('task-start')).click()
  await card().locator(at('running')).waitFor()
  await desk.waitForTimeout(1200)
  await card().locator(at('task-done')).click()
  await until('the minute is there', async () => /做完[\s\S]*实际 1 分/.test(await card().innerText()))
  await desk.locator(at('undo')).filter({ visible: true }).last().click()
  await card().locator(at('running')).waitFor()
  await card().locator(at('task-done')).click()
  await until('done', async () => (await card().innerText()).includes('做完'))
})

test('two people change one task: the second is told, and loses nothing', async () => {
  const other = await desk.context().newPage()
  await go('/plan', other)
  for (const page of [desk, other]) {
    await card(page).getByRole('button', { name: title, exact: true }).click()
    await page.locator(at('task-title')).waitFor()
  }
  await desk.locator(at('task-estimate')).fill('45')
  await desk.locator(at('task-save')).click()
  await until('saved', async () => (await card().innerText()).includes('预计 45 分'))
  await other.locator(at('task-estimate')).fill('75')
  await other.locator(at('task-save')).click()
  await other.locator(at('save-refused')).getByText('boss').first().waitFor()
  assert.equal(await other.locator(at('task-estimate')).inputValue(), '75')
  await other.locator(at('use-mine')).click()
  await until('mine', async () => (await card(other).innerText()).includes('预计 1 小时 15 分'))
  await other.close()
})

test('the review of the week has it', async () => {
  await go('/plan/review')
  await desk.getByRole('cell', { name: title }).waitFor()
  assert.match(await desk.locator(at('review-tiles')).innerText(), /比预计/)
  const [file] = await Promise.all([desk.waitForEvent('download'), desk.locator(at('review-csv')).click()])
  const text = fs.readFileSync(await file.path(), 'utf8')
  assert.ok(text.startsWith('\uFEFF日期,开始,任务') && text.includes(title), text.slice(0, 200))
})

test('on a phone a task is put into another quadrant by its menu', async () => {
  const phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  await phone.context().addCookies(await desk.context().cookies())
  await go('/plan', phone)
  await card(phone).locator(at('task-more')).click()
  await phone.locator(at('to-1')).filter({ visible: true }).click()
  await inQuadrant(1, phone)
  assert.equal(await sideways(phone), 0)
  assert.deepEqual(await small(phone), [])
  await shot(phone, 'plan-390')
  await phone.context().close()
})
