// Homework in real Chromium: set in the console, handed in on a phone with a picture, returned, handed in anew, marked,
// put among the good ones, and seen on another phone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, somebody, until } from './lib.mjs'

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
let product, browser, desk, phone, course, lesson
before(async () => {
  product = await Product.make('homework')
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
  course = (await call('/courses', { title: `有作业的课 ${Date.now() % 100000}`, price: 0 })).id
  lesson = (await call(`/courses/${course}/lessons`, { title: '第一课', kind: 'text', content: '<p>正文</p>' })).id
  await call(`/courses/${course}/publish`, {})
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const own = async (name) => {
  await somebody(product, phone, name)
  await phone.goto('about:blank')
  await phone.goto(`${product.phone}/#/mini/course/${course}`)
  await phone.locator(at('claim')).click()
  await phone.locator(at('owned')).waitFor()
}
const open = async () => {
  await phone.goto('about:blank')
  await phone.goto(`${product.phone}/#/mini/lesson/${lesson}`)
  await phone.locator(at('homework')).getByRole('heading', { name: '作业：拍一张笔记' }).waitFor()
}
const handIn = async (text) => {
  await phone.locator(at('homework-file')).setInputFiles({ name: 'note.png', mimeType: 'image/png', buffer: png })
  await phone.locator(at('homework-sent')).waitFor()
  await phone.locator(at('homework-text')).fill(text)
  await phone.locator(at('homework-hand')).click()
  await phone.locator(at('homework-mine')).getByText(text).waitFor()
}
const row = (text) => desk.locator('main tbody tr', { hasText: text })
const list = async (text) => {
  await desk.goto(`${product.url}/console/homework?course_id=${course}`)
  await row(text).waitFor()
}

test('homework is set beside a lesson, with what is missing named', async () => {
  await desk.goto(`${product.url}/console/courses/${course}/lessons/${lesson}`)
  await desk.locator(at('homework-new')).click()
  await desk.locator(at('homework-save')).click()
  await desk.getByText('请写作业要求').waitFor()
  await desk.locator(at('homework-title')).fill('拍一张笔记')
  await desk.locator(at('homework-text')).fill('拍下你的笔记，写两句话。')
  await desk.locator(at('homework-need-pictures')).click()
  await desk.locator(at('homework-counts')).click()
  await desk.locator(at('homework-save')).click()
  await desk.getByText('作业已保存').waitFor()
  await desk.locator(at('homework-handed')).waitFor()
  await shot(desk, 'homework-task')
})

test('who has the course hands in words and a picture', async () => {
  await own('交作业的人')
  await open()
  await phone.locator(at('homework-hand')).click()
  await phone.locator(at('homework-error')).getByText('这份作业要写文字').waitFor()
  await handIn('我的第一份笔记')
  assert.equal(await sideways(phone), 0)
  await shot(phone, 'homework-phone')
})

test('the desk returns it with words, and it is handed in anew', async () => {
  await desk.goto(`${product.url}/console/`)
  await desk.getByText('待批改的作业').first().waitFor()
  await list('我的第一份笔记')
  await row('我的第一份笔记').locator(at('homework-return')).click()
  const dialog = desk.getByRole('dialog')
  await dialog.locator(at('homework-send')).click()
  await dialog.getByText('请写哪里要改').waitFor()
  assert.deepEqual(await axe(desk), [])
  await dialog.locator(at('homework-words')).fill('再写具体一点')
  await dialog.locator(at('homework-send')).click()
  await row('再写具体一点').getByText('退回重交').first().waitFor()
  await open()
  await phone.locator(at('homework-words')).getByText('再写具体一点').waitFor()
  await handIn('写得具体的笔记')
})

test('marked with a score and put among the good ones, another phone sees it without the words', async () => {
  await list('写得具体的笔记')
  await row('写得具体的笔记').locator(at('homework-mark')).click()
  const dialog = desk.getByRole('dialog')
  await dialog.locator(at('homework-score')).fill('101')
  await dialog.locator(at('homework-send')).click()
  await dialog.getByText('0 到 100 的整数').waitFor()
  await dialog.locator(at('homework-score')).fill('95')
  await dialog.locator(at('homework-words')).fill('写得很好')
  await dialog.locator(at('homework-send')).click()
  await row('写得具体的笔记').getByText('95 分').waitFor()
  await until('WeChat has looked', async () => {
    await list('写得具体的笔记')
    return await row('写得具体的笔记').locator(at('homework-feature')).count() > 0
  })
  await row('写得具体的笔记').locator(at('homework-feature')).click()
  await row('写得具体的笔记').getByRole('button', { name: '取消精选' }).waitFor()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'homework-1440')
  await open()
  await phone.locator(at('homework-mine')).getByText('95 分').waitFor()
  assert.equal(await phone.locator(at('homework-hand')).count(), 0)
  await own('看作业的同学')
  await open()
  const good = phone.locator(at('homework-good'), { hasText: '写得具体的笔记' })
  await good.waitFor()
  assert.equal(await phone.getByText('写得很好').count(), 0)
})

test('on a phone nothing is wider than the screen and nothing too small', async () => {
  const page = await browser.page({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await page.context().addCookies(await desk.context().cookies())
  for (const route of ['homework', `courses/${course}/lessons/${lesson}`]) {
    await page.goto(`${product.url}/console/${route}`)
    await page.locator(route === 'homework' ? 'main tbody tr' : at('homework-save')).first().waitFor()
    await shot(page, `homework-390-${route.split('/')[0]}`)
    assert.equal(await sideways(page), 0)
    assert.deepEqual(await small(page), [])
    assert.deepEqual(await axe(page), [])
  }
  await page.context().close()
})

test('nothing broke on the way', () => assert.deepEqual(browser.faults, []))
