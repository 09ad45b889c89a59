// An article repeats a paragraph of a lesson in another place: the operator sees how much, in both directions, with the
// passage marked in both texts; lets it stand, and takes that back.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, csrf, lesson, article
const mark = String(Date.now() % 100000)
const shared = `先把一天里遇到的一件小事写下来，不加形容词，写到一百个字为止，编号${mark}。`
before(async () => {
  product = await Product.make('overlap')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  csrf = (await (await desk.request.get(product.url + '/console/v1/session')).json()).csrf_token
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})
async function send(path, data) {
  const r = await desk.request.post(product.url + '/console/v1' + path, { headers: { 'X-CSRF-Token': csrf }, data })
  assert.ok(r.ok(), `${path}: ${r.status()} ${await r.text()}`)
  return r.json()
}

test('what was written is compared by itself within a minute', async () => {
  const course = await send('/courses', { title: `对照课 ${mark}`, price: 100 })
  lesson = { course: course.id, ...await send(`/courses/${course.id}/lessons`, { title: `小事一百字 ${mark}`, kind: 'text', content: `<p>${shared}</p><p>这一课另外还有一段只属于自己的话${mark}，别处都没有。</p>`, trial: false }) }
  article = await send('/articles', { title: `写作练习 ${mark}`, content: `<h2>今天的练习，读者也能跟着做一遍试试看</h2><p>${shared.replace('，不加', '——不加')}</p>` })
  await until('the lesson is read and counted', async () => {
    const r = await desk.request.get(`${product.url}/console/v1/overlaps/lesson/${lesson.id}`)
    const o = r.ok() ? await r.json() : null
    return o?.item.fresh && o.near.length > 0
  }, 70_000)
  await desk.goto(`${product.url}/console/courses/${lesson.course}?tab=lessons`)
  await desk.locator(at('course-overlap')).getByText('字也在别的课程或文章里').waitFor()
  await shot(desk, 'overlap-course')
  assert.deepEqual(await axe(desk), [])
})

test('the nearest item says how much of each stands in the other; the passage is marked in both', async () => {
  await desk.goto(`${product.url}/console/overlaps?q=${mark}`)
  await desk.locator(at(`overlap-lesson-${lesson.id}`)).click()
  const near = desk.locator(at(`near-article-${article.id}`))
  await near.getByText('也在那篇里').waitFor()
  await near.getByText('也在这一篇里').waitFor()
  await shot(desk, 'overlap-1440')
  assert.deepEqual(await axe(desk), [])
  await near.getByRole('link').click()
  await desk.locator(at('passage-1')).waitFor()
  const marked = async (key) => (await desk.locator(`${at(`text-${key}`)} mark`).innerText()).replace(/[^\p{L}\p{N}]/gu, '')
  const letters = shared.replace(/[^\p{L}\p{N}]/gu, '')
  assert.equal((await marked('a')).slice(1), letters) // the number of the passage stands in front
  assert.equal((await marked('b')).slice(1), letters)
  assert.deepEqual(await axe(desk), [])
})

test('a quotation is allowed, stays marked, and can be forbidden again', async () => {
  await desk.locator(at('allow-1')).click()
  await desk.locator(at('allow-note')).fill('课里的练习')
  await shot(desk, 'overlap-allow')
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('allow-yes')).click()
  await desk.locator(at('passage-1')).getByText('课里的练习').waitFor()
  assert.equal(await desk.locator(`${at('text-a')} mark.allowed`).count(), 1)
  await shot(desk, 'overlap-side-1440')
  await desk.goto(`${product.url}/console/overlaps/lesson/${lesson.id}`)
  await desk.getByText('字是允许的').first().waitFor()
  await desk.goto(`${product.url}/console/overlaps/lesson/${lesson.id}/article/${article.id}`)
  await desk.locator(at('forbid-1')).click()
  await desk.locator(at('allow-1')).waitFor()
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.waitForTimeout(500)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'overlap-side-390')
  assert.deepEqual(browser.faults, [])
})
