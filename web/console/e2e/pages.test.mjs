// Every page of the console: no finding of axe (A and AA) in light and dark, nothing to scroll sideways and
// nothing too small for a finger at 390 px, within budget, and quiet under its strict CSP.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { at, axe, Browser, Product, root, shot, sideways, small, until } from './lib.mjs'

let product, browser, cookies
const pages = [
  ['home', ''], ['plan', 'plan'], ['plan-review', 'plan/review'], ['calendar', 'calendar'], ['calendar-week', 'calendar?view=week'], ['calendar-list', 'calendar?view=list'], ['articles', 'articles'], ['article-new', 'articles/new'], ['article', 'articles/1'], ['broadcasts', 'broadcasts'], ['broadcast-calendar', 'broadcasts?tab=calendar'], ['broadcast-new', 'broadcasts/new'], ['replies', 'replies'], ['reply-new', 'replies/new'], ['reply', 'replies/2'],
  ['menu', 'menu'], ['scenes', 'scenes'], ['fans', 'fans'], ['fan', 'fans/1'], ['coupons', 'coupons'], ['redeem', 'redeem'], ['redeem-batch', 'redeem/1'], ['courses', 'courses'], ['course-new', 'courses/new'], ['course', 'courses/1'], ['course-lessons', 'courses/1?tab=lessons'], ['course-funnel', 'courses/1?tab=funnel'],
  ['orders', 'orders'], ['inbox', 'inbox'], ['bills', 'bills'], ['data', 'data'], ['funnel', 'data/funnel?compare=1&by=channel'], ['attribution', 'data/attribution?level=article'], ['retention', 'data/retention'], ['operators', 'operators'], ['connection', 'connection'], ['audit', 'audit'],
  ['fees', 'bills?tab=fees'], ['suspects', 'access'], ['access', 'access/1/1'], ['learner', 'learners/1'],
  ['scene', 'scenes/1'], ['scene-batches', 'scenes?tab=batches'], ['scene-batch', 'scenes/batches/1'], ['scene-print', 'scenes/batches/1/print'],
]

before(async () => {
  fs.mkdirSync(path.join(root, 'test-output'), { recursive: true })
  product = await Product.make('pages')
  await product.start()
  browser = await Browser.launch()
  const page = await browser.page()
  await page.goto(product.url + '/console/')
  await page.getByLabel('名字').fill('boss')
  await page.getByLabel('密码').fill(product.password)
  await page.keyboard.press('Enter')
  await page.locator(at('live-stream')).waitFor()
  cookies = await page.context().cookies()
}, { timeout: 300_000 })

after(async () => {
  await browser?.close()
  await product?.end()
})

async function open(options, route) {
  const page = await browser.page(options)
  await page.context().addCookies(cookies)
  await page.goto(`${product.url}/console/${route}`)
  await page.locator('main h1, main h2').first().waitFor()
  await page.waitForTimeout(900) // lists and figures come after the frame; the live stream never rests
  return page
}

for (const [name, route] of pages) {
  test(`${name}: wide and light, axe finds nothing`, async () => {
    const page = await open({}, route)
    await shot(page, `page-${name}-1440`)
    assert.deepEqual(await axe(page), [])
    await page.context().close()
  })
  test(`${name}: on a phone and dark, axe finds nothing, nothing is wider than the screen, nothing too small`, async () => {
    const page = await open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' }, route)
    await shot(page, `page-${name}-390-dark`)
    assert.equal(await sideways(page), 0, 'pixels to scroll sideways')
    assert.deepEqual(await axe(page), [])
    assert.deepEqual(await small(page), [])
    await page.context().close()
  })
}

test('the login page is usable within 260 KiB of script and style', async () => {
  const page = await browser.page()
  let bytes = 0
  page.on('response', async (r) => { if (/\.(js|css)(\?|$)/.test(r.url())) bytes += gzipSync(await r.body()).length })
  await page.goto(product.url + '/console/login')
  await page.getByLabel('密码').waitFor()
  await page.waitForTimeout(300)
  assert.ok(bytes > 0 && bytes <= 260 * 1024, `${Math.round(bytes / 1024)} KiB`)
  assert.deepEqual(await axe(page), [])
  await page.context().close()
})

test('filters and range live in the address: a reload shows the same', async () => {
  const page = await open({}, 'orders?status=paid')
  const first = await page.locator('main table').innerText()
  await page.reload()
  await until('the same list', async () => (await page.locator('main table').innerText()) === first)
  assert.match(page.url(), /status=paid/)
  await page.context().close()
})

test('leaving with unsaved work is asked', async () => {
  const page = await open({}, 'courses/new')
  await page.locator(at('course-title')).fill('没存的课')
  await page.getByRole('link', { name: '订单' }).first().click()
  await page.getByRole('dialog').waitFor()
  assert.match(page.url(), /courses\/new/)
  await page.context().close()
})

test('an empty form says at each field what is missing', async () => {
  const page = await open({}, 'courses/new')
  await page.locator(at('course-price')).fill('-1')
  await page.locator(at('course-save')).click()
  await page.locator('[aria-invalid=true]').first().waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-invalid')), 'true', 'focus on the first fault')
  await page.context().close()
})

test('two people save the same course: the second is shown whose text it is, and loses nothing', async () => {
  const [a, b] = [await open({}, 'courses/3'), await open({}, 'courses/3')]
  await a.locator(at('course-intro')).fill('甲写的')
  await a.locator(at('course-save')).click()
  await a.getByText('已保存').first().waitFor()
  await b.locator(at('course-intro')).fill('乙写的')
  await b.locator(at('course-save')).click()
  await b.locator(at('save-refused')).getByText('boss').waitFor()
  assert.equal(await b.locator(at('course-intro')).inputValue(), '乙写的')
  await b.locator(at('use-mine')).click()
  await b.locator(at('save-refused')).waitFor({ state: 'hidden' })
  for (const page of [a, b]) await page.context().close()
})

test('the keyboard stays on the button it saved with', async () => {
  const page = await open({}, 'courses/4')
  await page.locator(at('course-teacher')).or(page.locator(at('course-category'))).first().fill('办公软件')
  await page.locator(at('course-save')).focus()
  await page.keyboard.press('Enter')
  await page.getByText('已保存').first().waitFor()
  await until('the focus is back', () => page.evaluate(() => document.activeElement?.getAttribute('data-test') === 'course-save'))
  await page.context().close()
})

test('a login in another tab does not cost the work of this one', async () => {
  const page = await open({}, 'courses/5')
  await page.locator(at('course-intro')).fill('写到一半')
  const other = await page.context().newPage()
  await other.goto(product.url + '/console/login')
  await other.getByLabel('名字').fill('boss')
  await other.getByLabel('密码').fill(product.password)
  await other.keyboard.press('Enter')
  await other.locator(at('live-stream')).waitFor()
  await page.locator(at('course-save')).click()
  await page.getByText('已保存').first().waitFor()
  cookies = await page.context().cookies() // the login ended the session the tests came with
  await page.context().close()
})

test('an address with nonsense for a range shows the usual one', async () => {
  const page = await open({}, 'data?from=hello&to=x')
  assert.equal(await page.locator('main h1').innerText(), '数据')
  await page.context().close()
})

test('a funnel is asked, its people are listed, and its address asks the same again', async () => {
  const page = await open({}, 'data/funnel')
  await page.getByRole('button', { name: '看了试看会买吗' }).click()
  await page.waitForURL(/trial_play/)
  const bars = page.locator('[data-test="ask-answer"] tbody tr')
  await until('three bars', async () => await bars.count() === 3)
  const people = Number(await bars.nth(1).getAttribute('data-people'))
  assert.ok(people > 0)
  await bars.nth(1).getByRole('button').click()
  await until('as many rows as the bar says', async () => await page.locator('table.people tbody tr').count() === Math.min(people, 100))
  assert.deepEqual(await axe(page), [])
  await page.keyboard.press('Escape')
  await page.reload()
  await until('the same answer', async () => await bars.count() === 3 && Number(await bars.nth(1).getAttribute('data-people')) === people)
  await page.locator(at('ask-add')).click()
  await until('a step more', async () => await page.locator(at('ask-step')).count() === 4 && await bars.count() === 4)
  await page.context().close()
})

test('a reply’s picture is chosen, uploaded and shown', async () => {
  const page = await open({}, 'replies/new')
  await page.locator(at('message-add-image')).click()
  await page.locator(at('message-1-media_id-choose')).click()
  await page.locator('[data-test^="picture-"]').first().waitFor()
  assert.deepEqual(await axe(page), [])
  await page.locator('button[data-test^="picture-"]').first().click()
  await page.locator(at('message-1-media_id-shown')).waitFor()
  await page.context().close()
})

test('who may only look is offered nothing that would be refused', async () => {
  const boss = await open({}, 'operators')
  const { csrf_token: csrf } = await (await boss.request.get(product.url + '/console/v1/session')).json()
  const name = `viewer-${Date.now()}`
  const made = await boss.request.post(product.url + '/console/v1/operators', { headers: { 'X-CSRF-Token': csrf }, data: { name, password: 'only-looking-1', role: 'viewer' } })
  assert.equal(made.status(), 201)
  const page = await browser.page()
  await page.goto(product.url + '/console/')
  await page.getByLabel('名字').fill(name)
  await page.getByLabel('密码').fill('only-looking-1')
  await page.keyboard.press('Enter')
  await page.locator(at('live-stream')).waitFor()
  const refused = []
  page.on('response', (r) => { if (r.status() === 403) refused.push(r.url()) })
  for (const route of ['articles/new', 'articles/1/edit', 'replies/new', 'courses/new', 'courses/1/lessons/new', 'operators', 'audit']) {
    await page.goto(`${product.url}/console/${route}`)
    await page.locator(at('not-allowed')).waitFor()
  }
  // Forms one may read: every control in them is locked, those with a condition of their own, too.
  for (const [route, sure] of [['replies/2', 'reply-name'], ['courses/1', 'course-title'], ['menu', 'menu-name']]) {
    await page.goto(`${product.url}/console/${route}`)
    await page.locator(at(sure)).waitFor()
    const open = await page.evaluate(() => [...document.querySelectorAll('main :is(form, [data-test=menu-form]) :is(input, textarea, select, button):not([disabled])')].map((e) => e.getAttribute('aria-label') ?? e.textContent.trim()))
    assert.deepEqual(open, [], route)
  }
  assert.deepEqual(refused, [])
  for (const p of [boss, page]) await p.context().close()
})

test('two people edit the menu: the second learns who was faster, what differs, and publishes nothing unseen', async () => {
  const [a, b] = [await open({}, 'menu'), await open({}, 'menu')]
  const name = (p) => p.locator(`input${at('menu-name')}`)
  for (const p of [a, b]) await p.locator(at('menu-0')).click()
  await name(a).fill('甲的课')
  await a.locator(at('menu-save')).click()
  await a.getByText('草稿已保存').first().waitFor()
  await name(b).fill('乙的课')
  await b.locator(at('menu-save')).click()
  await b.locator(at('menu-conflict')).getByText('boss').first().waitFor()
  await b.locator(at('menu-conflict')).getByText('按钮「甲的课」改名为「乙的课」').waitFor()
  await b.getByRole('button', { name: '用我的覆盖' }).click()
  await b.getByText('草稿已保存').first().waitFor()
  await b.locator(at('menu-publish')).click()
  await b.locator(at('publish-yes')).waitFor()
  await a.reload() // while the second looks at what would go live, the first saves once more
  await a.locator(at('menu-0')).click()
  await name(a).fill('甲又改')
  await a.locator(at('menu-save')).click()
  await a.getByText('草稿已保存').first().waitFor()
  await b.locator(at('publish-yes')).click()
  await b.locator(at('menu-conflict')).getByText('没有发布').waitFor()
  assert.equal(await name(b).inputValue(), '乙的课')
  for (const p of [a, b]) await p.context().close()
})

test('on a phone the button that saves stays in sight, however long the form', async () => {
  for (const [route, save] of [['courses/1', 'course-save'], ['replies/2', 'reply-save'], ['menu', 'menu-save']]) {
    const page = await open({ viewport: { width: 390, height: 844 } }, route)
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight))
    await until('the button is on the screen', () => page.locator(at(save)).evaluate((e) => { const r = e.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight && e.contains(document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2)) }))
    await page.context().close()
  }
})

test('our own Mini Program need not be typed', async () => {
  const page = await open({}, 'replies/new')
  await page.locator(at('message-add-miniprogrampage')).click()
  assert.match(await page.locator(`input${at('message-1-appid')}`).inputValue(), /^wx/)
  await page.context().close()
})

test('/docs works without anybody else, under its CSP', async () => {
  const page = await browser.page()
  await page.goto(product.url + '/docs')
  await page.locator('.opblock-tag').first().waitFor()
  await page.context().close()
})

test('no refusal of the CSP, no request to anybody else, no error on any page', () => {
  assert.deepEqual(browser.faults, [])
})
