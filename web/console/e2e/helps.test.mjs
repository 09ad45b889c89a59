// What helps which KPI, in real Chromium: hours given to a KPI come onto the page, the table and the file and the answer hold
// the same numbers, a click leads to the tasks and the items, and where nobody gave a task its KPI the page says what to do.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, csrf, today
before(async () => {
  product = await Product.make('helps')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  csrf = (await get('session')).csrf_token
  today = (await get('calendar?from=2026-01-01&to=2026-01-02')).today
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const get = async (path) => {
  const r = await desk.request.get(`${product.url}/console/v1/${path}`)
  assert.equal(r.status(), 200, `${path}: ${await r.text()}`)
  return r.json()
}
const send = async (method, path, data) => {
  const r = await desk.request.fetch(`${product.url}/console/v1/${path}`, { method, data, headers: { 'X-CSRF-Token': csrf } })
  assert.ok(r.ok(), `${path}: ${r.status()} ${await r.text()}`)
  return r.json()
}
const days = (d, n) => { const t = new Date(`${d}T00:00:00Z`); t.setUTCDate(t.getUTCDate() + n); return t.toISOString().slice(0, 10) }
const open = async (from, to, page = desk) => {
  await page.goto(`${product.url}/console/reviews/helps?from=${from}&to=${to}`)
  await page.locator(at('says-visitors')).waitFor()
}
const minutes = (n) => (n < 60 ? `${n} 分` : n % 60 ? `${Math.floor(n / 60)} 小时 ${n % 60} 分` : `${n / 60} 小时`)
const whole = (s) => s.replace(/\s+/g, ' ').trim()

test('hours given to a KPI stand beside it, in the answer, on the page and in the file', async () => {
  const [from, to] = [days(today, -30), days(today, -1)]
  const had = (await get(`helps?from=${from}&to=${to}`)).kpis.find((k) => k.key === 'visitors')
  const title = `给小程序换首页 ${Date.now()}`
  const t = await send('POST', 'tasks', { title, important: true, urgent: false, day: to, estimated_minutes: 90, kpi: 'visitors' })
  const saved = await send('PUT', `tasks/${t.id}`, { title, important: true, urgent: false, day: to, estimated_minutes: 90, kpi: 'visitors', owner_id: t.owner_id, repeat: '', version: t.version, actual_minutes: 85 })
  await send('POST', `tasks/${t.id}/done`, { version: saved.version })
  const b = await get(`helps?from=${from}&to=${to}`)
  const k = b.kpis.find((x) => x.key === 'visitors')
  assert.deepEqual([k.work.minutes - had.work.minutes, k.work.done - had.work.done, k.work.tasks - had.work.tasks], [85, 1, 1])

  await open(from, to)
  assert.equal(await desk.locator(at('helps-empty')).count(), 0)
  for (const x of b.kpis) {
    assert.equal(whole(await desk.locator(at(`now-${x.key}`)).textContent()), x.now_text, x.key)
    if (x.work.tasks) assert.equal(whole(await desk.locator(at(`hours-${x.key}`)).textContent()), minutes(x.work.minutes), x.key)
    const says = await desk.locator(at(`says-${x.key}`)).textContent()
    assert.match(says, x.enough ? /放在一起看，不说谁引起了谁；依据前 \d 周和 [\d,]+ 件。$/ : /样本不足：.*只列数字，不说高低。$/)
  }
  const tip = desk.locator(at('helps-visitors')).getByRole('heading')
  await tip.scrollIntoViewIfNeeded()
  await desk.locator('main table').first().getByRole('button', { name: '浏览人数', exact: true }).hover()
  await desk.getByText(k.now.rule).last().waitFor()

  const [file] = await Promise.all([desk.waitForEvent('download'), desk.locator(at('helps-csv')).click()])
  const lines = fs.readFileSync(await file.path(), 'utf8').replace('\uFEFF', '').split('\r\n')
  const row = lines.find((l) => l.startsWith('浏览人数,')).split(',')
  assert.deepEqual(row.slice(0, 6), ['浏览人数', ...[k.work.minutes, k.work.tasks, k.work.done, k.work.unmeasured, k.made].map(String)])
  assert.equal(lines.filter((l) => l.startsWith('浏览人数,2')).length, k.weeks.length)
  for (const w of k.weeks) assert.ok(lines.some((l) => l.startsWith(`浏览人数,${w.from},${w.to},${w.inside ? '是' : '否'},${w.minutes},${w.done},${w.items},`)), w.from)
  const [list] = await Promise.all([desk.waitForEvent('download'), desk.locator(at('table-csv')).click()])
  assert.match(fs.readFileSync(await list.path(), 'utf8'), new RegExp(`浏览人数,${minutes(k.work.minutes)},${k.work.done} / ${k.work.tasks},`))

  await desk.locator(at('hours-visitors')).click()
  const drawer = desk.locator(at('helps-behind'))
  await drawer.getByRole('link', { name: title }).waitFor()
  assert.equal(await drawer.locator(`${at('behind-tasks')} li`).count(), k.work.tasks)
  assert.equal(await drawer.locator(`${at('behind-items')} li`).count(), k.made)
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'helps-behind-1440')
  await drawer.getByRole('link', { name: title }).click()
  await desk.waitForURL(new RegExp(`plan\\?day=${to}`))
})

test('each week stands beside the others, and leads to its own tasks', async () => {
  const [from, to] = [days(today, -60), days(today, -1)]
  await open(from, to)
  const k = (await get(`helps?from=${from}&to=${to}`)).kpis.find((x) => x.key === 'visitors')
  await desk.locator(`${at('weeks-visitors')} summary`).click()
  const rows = desk.locator(`${at('weeks-visitors')} ${at('helps-weeks')} tbody tr`)
  assert.equal(await rows.count(), k.weeks.length)
  for (const [i, w] of k.weeks.entries()) assert.match(whole(await rows.nth(i).innerText()), new RegExp(`^${w.from.slice(5)} .*${w.text.replace('–', '[–-]')}`), w.from)
  const i = k.weeks.findLastIndex((w) => w.minutes > 0)
  if (i >= 0) {
    const w = k.weeks[i]
    await rows.nth(i).getByRole('button').click()
    await desk.locator(at('helps-behind')).waitFor()
    const behind = await get(`helps/behind?kpi=visitors&from=${w.from}&to=${w.to}`)
    assert.equal(behind.tasks.reduce((n, t) => n + t.minutes, 0), w.minutes)
    assert.equal(behind.items.length, w.items)
    await desk.keyboard.press('Escape')
    await until('the drawer is gone', async () => (await desk.locator(at('helps-behind')).count()) === 0 || !(await desk.locator(at('helps-behind')).isVisible()))
  }
  await desk.locator(`${at('helps-rules')} summary`).click()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'helps-1440')
})

test('without a task that names its KPI the page says what to do first; too few weeks compare nothing', async () => {
  await open('2020-03-02', '2020-03-08')
  await desk.locator(at('helps-empty')).waitFor()
  assert.match(await desk.locator(at('says-visitors')).textContent(), /没有任务标了它.*样本不足：平常的数只有 0 周，满 4 周才比/)
  assert.equal(await desk.locator(`${at('helps-empty')} a[href$="/plan"]`).count(), 1)
  assert.deepEqual(await axe(desk), [])
  const late = await desk.request.get(`${product.url}/console/v1/helps?from=2026-01-01&to=2026-12-31`)
  assert.equal(late.status(), 400)
})

test('on a phone nothing is wider than the screen or too small, from the list of reviews on', async () => {
  const phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  await phone.context().addCookies(await desk.context().cookies())
  await phone.goto(product.url + '/console/reviews')
  await phone.getByRole('link', { name: '用时与指标' }).click()
  await phone.locator(at('says-visitors')).waitFor()
  await phone.locator(`${at('weeks-visitors')} summary`).click()
  assert.equal(await sideways(phone), 0)
  assert.deepEqual(await axe(phone), [])
  assert.deepEqual(await small(phone), [])
  await shot(phone, 'helps-390')
  await phone.locator(at('last-month')).click()
  await until('the month is in the address', () => /from=\d{4}-\d\d-01/.test(phone.url()))
  await phone.context().close()
  assert.deepEqual(browser.faults, [])
})
