// Readers write under an article and an operator answers, in real Chromium: published from the desk with comments open,
// written on the phone, read, picked and answered in the console, seen on the phone, closed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, phone, article
const stamp = Date.now() % 100000
before(async () => {
  product = await Product.make('comments')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  // The article is written and published through the console's own doors.
  const { csrf_token: csrf } = await (await desk.request.get(product.url + '/console/v1/session')).json()
  const call = async (method, route, data) => {
    const r = await desk.request.fetch(`${product.url}/console/v1${route}`, { method, data, headers: { 'X-CSRF-Token': csrf } })
    assert.ok(r.ok(), `${method} ${route}: ${r.status()} ${await r.text()}`)
    return r.status() === 204 ? {} : r.json()
  }
  await call('PUT', '/settings', { two_person: false })
  const picture = (await call('GET', '/media?kind=image&public=true&page_size=1')).items[0].address
  article = await call('POST', '/articles', { title: `留言试写 ${stamp}`, digest: '摘要', cover: picture, content: '<p>写作课开班了。</p>' })
  const draft = await call('POST', `/articles/${article.id}/draft`, { comments: true })
  await call('POST', `/drafts/${draft.id}/publish`)
  await until('WeChat has published it', async () => (await call('GET', `/articles/${article.id}`)).status === 'published', 20_000)
  await call('PUT', '/settings', { two_person: true })
  await phone.goto(product.phone + '/')
  await phone.locator(at('tab-me')).click()
  await phone.locator(at('switch-person')).click()
  await phone.locator(at('new-name')).fill('写留言的人')
  await phone.locator(at('new-name')).press('Enter')
  await phone.locator(at('no-chat')).waitFor()
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const read = async () => {
  await phone.goto('about:blank')
  await phone.goto(`${product.phone}/#/article/${article.id}`)
  await phone.locator(at('article-title')).waitFor()
}
const row = () => desk.locator('article.line', { hasText: `几点开课 ${stamp}` })

test('a reader writes, and sees it alone', async () => {
  await read()
  await phone.locator(at('comment-text')).fill(`几点开课 ${stamp}`)
  await phone.locator(at('comment-send')).click()
  await phone.locator(at('comment')).getByText('只有自己可见').waitFor()
})

test('the operator reads, picks and answers it; the phone shows both', async () => {
  await desk.goto(`${product.url}/console/articles/${article.id}`)
  await desk.locator(at('article-comments')).click()
  await row().waitFor()
  assert.equal(await desk.getByText('写留言的人').count(), 0, 'readers are shown by a masked openid')
  await row().getByRole('button', { name: '精选', exact: true }).click()
  await row().getByRole('button', { name: '取消精选' }).waitFor()
  await row().getByRole('button', { name: '回复', exact: true }).click()
  await row().getByRole('textbox').fill('字'.repeat(141))
  await row().locator('form button[type=submit]').click()
  await row().getByRole('alert').getByText('最多').or(row().getByRole('alert')).first().waitFor()
  await row().getByRole('textbox').fill('每周一晚八点')
  await row().locator('form button[type=submit]').click()
  await row().getByText('每周一晚八点').waitFor()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'comments-1440')
  await read()
  await phone.locator(at('comment-reply')).getByText('每周一晚八点').waitFor()
  assert.equal(await phone.getByText('只有自己可见').count(), 0)
  await shot(phone, 'comments-phone')
})

test('closed is closed: the phone offers no field', async () => {
  await desk.goto(`${product.url}/console/articles/${article.id}/comments`)
  await desk.locator(at('comments-close')).click()
  await desk.getByRole('dialog').getByRole('button', { name: '关闭', exact: true }).click()
  await desk.locator(at('comments-open')).waitFor()
  await read()
  await phone.locator(at('comments-closed')).waitFor()
})

test('on a phone nothing is wider than the screen and nothing too small', async () => {
  const page = await browser.page({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await page.context().addCookies(await desk.context().cookies())
  await page.goto(`${product.url}/console/articles/${article.id}/comments`)
  await page.locator('article.line').first().waitFor()
  assert.equal(await sideways(page), 0)
  assert.deepEqual(await small(page), [])
  assert.deepEqual(await axe(page), [])
  await shot(page, 'comments-390')
  await page.context().close()
})

test('deleted is gone, here and on the phone', async () => {
  await desk.goto(`${product.url}/console/articles/${article.id}/comments`)
  await row().getByRole('button', { name: '删除留言' }).click()
  await desk.getByRole('dialog').getByRole('button', { name: '删除', exact: true }).click()
  await row().waitFor({ state: 'detached' })
  await read()
  await until('it is gone', async () => await phone.locator(at('comment')).count() === 0)
})
