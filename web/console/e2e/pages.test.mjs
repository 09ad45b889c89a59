// Every page of the console: no finding of axe (A and AA) in light and dark, nothing to scroll sideways and
// nothing too small for a finger at 390 px, within budget, and quiet under its strict CSP.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { at, axe, Browser, enter, login, Product, root, shot, sideways, small, until } from './lib.mjs'

let product, browser, cookies
const pages = [
  ['home', ''], ['plan', 'plan'], ['plan-review', 'plan/review'], ['calendar', 'calendar'], ['calendar-week', 'calendar?view=week'], ['calendar-list', 'calendar?view=list'], ['articles', 'articles'], ['article-new', 'articles/new'], ['article', 'articles/1'], ['comments', 'articles/1/comments'], ['overlaps', 'overlaps'], ['overlap', 'overlaps/lesson/1'], ['overlap-side', 'overlaps/lesson/1/article/1'], ['broadcasts', 'broadcasts'], ['broadcast-calendar', 'broadcasts?tab=calendar'], ['broadcast-new', 'broadcasts/new'], ['replies', 'replies'], ['reply-new', 'replies/new'], ['reply', 'replies/2'],
  ['menu', 'menu'], ['materials', 'materials'], ['materials-expiring', 'materials?state=expiring'], ['scenes', 'scenes'], ['fans', 'fans'], ['fan', 'fans/1'], ['coupons', 'coupons'], ['redeem', 'redeem'], ['redeem-batch', 'redeem/1'], ['courses', 'courses'], ['course-new', 'courses/new'], ['course', 'courses/1'], ['course-lessons', 'courses/1?tab=lessons'], ['course-funnel', 'courses/1?tab=funnel'], ['course-quality', 'courses/1?tab=quality'], ['course-certificates', 'courses/1?tab=certificates'],
  ['campaigns', 'campaigns'], ['campaign', 'campaigns/1'], ['campaign-new', 'campaigns/new'], ['campaign-invite', 'campaigns/1/invite'], ['campaign-signup', 'campaigns/1/signup'], ['partners', 'partners'], ['partner', 'partners/1'], ['orders', 'orders'], ['abandoned', 'abandoned?days=90'], ['abandoned-done', 'abandoned?state=done'], ['inbox', 'inbox'], ['bills', 'bills'], ['data', 'data'], ['funnel', 'data/funnel?compare=1&by=channel'], ['attribution', 'data/attribution?level=article'], ['retention', 'data/retention'], ['growth', 'data/growth'], ['growth-sharers', 'data/growth?by=sharer'], ['data-health', 'data/health'], ['reports', 'reports'], ['report', 'reports/1'], ['reviews', 'reviews'], ['review', 'reviews/1'], ['helps', 'reviews/helps'], ['operators', 'operators'], ['connection', 'connection'], ['webhooks', 'webhooks'], ['switchon', 'switchon'], ['audit', 'audit'], ['help', 'help'], ['guide', 'guide'],
  ['mini-statistics', 'data/mini'],
  ['alerts', 'alerts?open=all'],
  ['groups', 'groups'],
  ['fees', 'bills?tab=fees'], ['suspects', 'access'], ['access', 'access/1/1'], ['learner', 'learners/1'],
  ['scene', 'scenes/1'], ['posters', 'scenes?tab=posters'], ['scene-batches', 'scenes?tab=batches'], ['scene-batch', 'scenes/batches/1'], ['scene-print', 'scenes/batches/1/print'],
  ['release', 'release'], ['messages', 'messages'], ['messages-taps', 'messages?kind=event.CLICK'], ['messages-none', 'messages?q=%E6%B2%A1%E6%9C%89%E8%BF%99%E5%8F%A5'], ['homework', 'homework'], ['homework-waiting', 'homework?state=waiting'], ['remarks', 'remarks'], ['notices', 'notices'], ['notice-new', 'notices/new'], ['remarks-waiting', 'remarks?state=waiting'],
]

before(async () => {
  product = await Product.make('pages')
  await product.start()
  browser = await Browser.launch()
  const page = await enter(product, browser)
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
    if (name !== 'scene-print') assert.equal(await page.locator(at('page-help')).count(), 1, 'the head has its help')
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

// A cold browser on a machine four times slower; the best of five counts. It measures the machine as much as us, so make
// soak asserts it, on a machine that does nothing else, and make test only sees that the page comes.
test('the login page is painted within 800 ms and usable within 2 s, the processor slowed four times', async () => {
  const tries = []
  for (let n = 0; n < 5; n++) {
    const page = await browser.page()
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 })
    const begin = Date.now()
    await page.goto(product.url + '/console/login', { waitUntil: 'commit' })
    await page.getByLabel('密码').fill('x')
    const usable = Date.now() - begin
    const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity)
    tries.push({ paint: Math.round(paint), usable })
    await page.context().close()
  }
  if (process.env.LOUDOU_TEST_SCALE === 'full') assert.ok(Math.min(...tries.map((t) => t.paint)) <= 800 && Math.min(...tries.map((t) => t.usable)) <= 2000, JSON.stringify(tries))
})

test('no file of script is larger than 220 KiB of gzip', () => {
  const dir = path.join(root, 'web/console/dist/assets')
  const large = fs.readdirSync(dir).filter((f) => f.endsWith('.js')).map((f) => [f, gzipSync(fs.readFileSync(path.join(dir, f))).length]).filter(([, n]) => n > 220 * 1024)
  assert.deepEqual(large, [])
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
  await login(product, other, { route: '/console/login' })
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

test('a list is sorted by what it shows, has its columns chosen, and is saved as it stands', async () => {
  const page = await open({}, 'courses')
  const column = async (n) => (await page.locator(`tbody tr td:nth-child(${n}) .value`).allInnerTexts()).map((t) => t.trim())
  const heads = (await page.locator('thead th .name').allInnerTexts()).map((t) => t.trim())
  const price = heads.indexOf('价格') + 1
  const fen = (t) => Number((/¥([\d,.]+)/.exec(t) ?? [])[1]?.replaceAll(',', ''))
  const before = await column(1)
  await page.locator(at('sort-price')).click()
  const prices = (await column(price)).map(fen).filter((n) => !Number.isNaN(n))
  assert.ok(prices.length > 2, 'the demo has courses with prices')
  assert.deepEqual(prices, [...prices].sort((a, b) => a - b))
  await page.locator(at('sort-price')).press('Enter')
  await until('the other way round', async () => JSON.stringify((await column(price)).map(fen).filter((n) => !Number.isNaN(n))) === JSON.stringify([...prices].reverse()))
  await page.reload()
  await page.locator('th[aria-sort=descending]').waitFor()
  await until('a reload shows the same', async () => fen((await column(price))[0]) === prices.at(-1))
  const sorted = await column(1)
  await page.locator(at('table-tools')).click()
  await page.locator(at('column-status')).click()
  assert.deepEqual(await axe(page), [])
  await shot(page, 'table-tools-1440')
  assert.equal(await page.locator('thead th').count(), heads.length - 1)
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator(at('table-csv')).click()])
  const lines = fs.readFileSync(await file.path(), 'utf8').replace(/^\uFEFF/, '').trim().split('\r\n')
  assert.equal(lines[0], heads.filter((h) => h !== '状态').join(','))
  assert.deepEqual(lines.slice(1).map((l) => l.split(',')[0].replaceAll('"', '')), sorted.map((t) => t.split('\n')[0]))
  await page.reload()
  await page.locator('thead th').first().waitFor()
  assert.equal(await page.locator('thead th').count(), heads.length - 1, 'remembered')
  await page.locator(at('table-tools')).click()
  await page.getByRole('button', { name: '还原' }).click()
  await until('as it was', async () => JSON.stringify(await column(1)) === JSON.stringify(before) && await page.locator('thead th').count() === heads.length)
  await page.setViewportSize({ width: 390, height: 844 })
  await page.locator(at('table-sort')).waitFor()
  assert.equal(await sideways(page), 0)
  assert.deepEqual(await small(page), [])
  await shot(page, 'table-tools-390')
  await page.context().close()
})

test('one key searches everything, by keyboard alone', async () => {
  const page = await open({}, 'orders')
  await page.keyboard.press('Control+k')
  const field = page.locator(at('search-all'))
  await field.waitFor()
  await field.fill('对账')
  await until('the page by its name', async () => (await page.locator(at('found')).first().innerText()).includes('对账'))
  await page.waitForTimeout(400)
  assert.deepEqual(await axe(page), [])
  await field.fill('写作')
  const course = page.locator(at('found'), { hasText: '课程' }).filter({ hasText: '公众号写作' }).first()
  await course.waitFor()
  for (let n = 0; n < 30 && await course.getAttribute('aria-selected') !== 'true'; n++) await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForURL(/courses\/\d+/)
  await until('the dialog is gone', async () => await field.count() === 0)
  await page.keyboard.press('Control+k')
  await field.fill('没有这样的东西吧')
  await until('it says so', async () => (await page.getByRole('dialog', { name: '搜索' }).innerText()).includes('没有找到'))
  await page.context().close()
})

test('while a piece is planned, what was decided about the nearest one before it is shown', async () => {
  const page = await open({}, 'calendar')
  const reviews = await Promise.all(['acting', 'closed'].map(async (s) => (await (await page.request.get(`${product.url}/console/v1/reviews?stage=${s}&page_size=100`)).json()).items))
  const [old] = reviews.flat().filter((r) => r.decision)
  assert.ok(old, 'the demo has a decided review')
  await page.locator(at('piece-new')).click()
  await page.locator(at('piece-title')).waitFor()
  assert.equal(await page.locator(at('past')).count(), 0, 'nothing said, nothing near')
  await page.locator(at('piece-title')).fill(old.title.replace(/[《》「」]/g, ''))
  await page.locator(at('past')).getByRole('link', { name: old.title }).waitFor()
  await page.waitForTimeout(300)
  assert.deepEqual(await axe(page), [])
  await shot(page, 'past')
  await page.context().close()
})

test('a question is kept, asked again another day, and taken away', async () => {
  const page = await open({}, 'data/funnel')
  await page.getByRole('button', { name: '买了会学吗' }).click()
  await page.waitForURL(/lesson_play/)
  const name = `买了会学吗 ${Date.now()}`
  await page.locator(at('questions')).click()
  await page.locator(at('question-save')).click()
  await until('it wants a name', async () => (await page.getByRole('dialog', { name: '已存的问题' }).innerText()).includes('给问题起个名字'))
  await page.locator(at('question-name')).fill(name)
  await page.locator(at('question-save')).click()
  const kept = page.locator(at('question'), { hasText: name })
  await kept.waitFor()
  await page.waitForTimeout(400)
  assert.deepEqual(await axe(page), [])
  await page.locator(at('question-name')).fill(name)
  await page.locator(at('question-save')).click()
  await until('one of that name', async () => (await page.getByRole('dialog', { name: '已存的问题' }).innerText()).includes('已经有一个同名的问题'))
  await page.goto(product.url + '/console/data/retention')
  await page.locator(at('questions')).click()
  await kept.locator('button').first().click()
  await page.waitForURL(/data\/funnel\?.*lesson_play/)
  await page.locator(at('questions')).click()
  await kept.getByRole('button', { name: '删除' }).click()
  await until('it is gone', async () => await kept.count() === 0)
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
  const page = await enter(product, browser, { name, password: 'only-looking-1' })
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
