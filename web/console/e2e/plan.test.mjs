// The operator's day in real Chromium: a task is written, moved between quadrants by mouse and keyboard, put on the
// timeline, timed, finished, taken back; two people change one task; the week's review has it.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk
before(async () => {
  product = await Product.make('plan')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
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

// The service's day, which may differ from this machine's.
const dayAfter = async (n) => desk.evaluate(async (by) => {
  const { today } = await (await fetch('/console/v1/calendar?from=2026-01-01&to=2026-01-02')).json()
  const t = new Date(today + 'T00:00:00Z')
  t.setUTCDate(t.getUTCDate() + by)
  return t.toISOString().slice(0, 10)
}, n)
const piece = (page = desk) => page.locator(at('piece')).filter({ hasText: title })
const onDay = (d) => until(`the piece on ${d}`, async () => (await desk.locator(`${at('day-' + d)} ${at('piece')}`).filter({ hasText: title }).count()) === 1)

test('a piece is planned, moved by key with the focus on it, dragged, and taken back', async () => {
  await go('/calendar')
  const d = await dayAfter(0)
  await desk.locator(at('add-' + d)).click()
  await desk.locator(at('piece-save')).click()
  await desk.getByText('题目和栏目至少写一个').waitFor()
  await desk.locator(at('piece-title')).fill(title)
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('piece-save')).click()
  await onDay(d)
  await piece().getByRole('button').focus()
  await desk.keyboard.press('ArrowLeft')
  await onDay(await dayAfter(-1))
  await until('the focus stays on the piece', () => desk.evaluate((t) => document.activeElement?.textContent?.includes(t), title))
  await piece().dragTo(desk.locator(at('day-' + d)))
  await onDay(d)
  await desk.keyboard.press('Control+z')
  await onDay(await dayAfter(-1))
})

test('a week is filled from its template once', async () => {
  await desk.goto(`${product.url}/console/calendar?view=week&day=${await dayAfter(22)}`)
  await desk.locator(at('gap')).first().waitFor()
  const gaps = await desk.locator(at('gap')).count()
  const had = await desk.locator(at('piece')).count()
  await desk.locator(at('fill')).click()
  await desk.getByRole('dialog').getByRole('button', { name: '填', exact: true }).click()
  await until('the gaps are filled', async () => (await desk.locator(at('gap')).count()) === 0 && (await desk.locator(at('piece')).count()) === had + gaps)
  assert.equal(await desk.locator(at('fill')).count(), 0)
})

test('the list of pieces goes into a file as it stands on the screen', async () => {
  await desk.goto(`${product.url}/console/calendar?view=list&q=${encodeURIComponent(title)}`)
  await desk.getByRole('button', { name: title }).waitFor()
  const [file] = await Promise.all([desk.waitForEvent('download'), desk.locator(at('calendar-csv')).click()])
  const text = fs.readFileSync(await file.path(), 'utf8')
  assert.ok(text.includes(title) && text.trim().split('\r\n').length === 2, text.slice(0, 300))
  await desk.getByRole('button', { name: title }).click()
  await desk.locator(at('piece-remove')).click()
  await until('gone', async () => (await desk.getByRole('button', { name: title, exact: true }).count()) === 0)
})
