// An operator works on the replies in real Chromium: a rule with a second step is written, tried, published
// and answered on the phone; the linter, the diff, the hits and a second editor are seen.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, fan, Product, shot, sideways, small, speak, until } from './lib.mjs'

let product, browser, desk, phone
before(async () => {
  product = await Product.make('replies')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  phone = await fan(product, browser, '试回复的人')
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const go = async (route, page = desk) => {
  await page.goto(product.url + '/console' + route)
  await page.locator('main h1').first().waitFor()
}
const pick = async (test, name) => {
  await desk.locator(at(test)).click()
  await desk.getByRole('option', { name }).filter({ visible: true }).first().click()
}
const say = (text) => speak(product, phone, text)
const heard = (part) => until(`the account answers «${part}»`, async () => (await phone.locator(`${at('line')}[data-from="account"]`).last().innerText()).includes(part))
const publish = async (note) => {
  await go('/replies')
  await desk.locator(at('reply-publish')).click()
  const changes = await desk.locator(at('publish-changes')).innerText()
  await desk.locator(at('publish-note')).fill(note)
  await desk.locator(at('publish-yes')).click()
  await desk.getByRole('dialog').waitFor({ state: 'hidden' })
  return changes
}

test('a rule with a second step is written, tried as a draft, published, and answers on the phone', async () => {
  await go('/replies/new')
  await desk.locator(at('reply-name')).fill('选课')
  await pick('keyword-match-0', /全匹配/)
  await desk.locator(at('keyword-0')).fill('选课')
  await desk.locator(at('message-0-content')).fill('答 1 看写作，答 2 看表格')
  await desk.locator('label', { has: desk.locator(at('dialog-on')) }).or(desk.locator(at('dialog-on'))).first().click()
  await desk.locator(at('message-100-content')).fill('写作课在这里')
  await desk.locator(at('message-200-content')).fill('表格课在这里')
  await desk.locator('.talk').getByText('写作课在这里').waitFor() // the phone beside shows both steps
  await shot(desk, 'reply-dialog')
  await desk.locator(at('reply-save')).click()
  await desk.waitForURL(/replies\/\d+$/)
  await desk.locator(at('try-text')).fill('选课')
  await desk.locator(at('try-go')).click()
  await desk.locator(at('try-result')).getByText('桌面上的草稿').waitFor()
  const why = await desk.locator(at('try-why')).innerText()
  assert.match(why, /规则「选课」回答：「选课」命中（完全相同）/)
  assert.match(why, /规则「课程」：关键词都不在这句话里/)
  assert.match(await publish('两步的选课'), /新增关键词规则「选课」/)
  await say('选课')
  await heard('答 1 看写作')
  await say('2')
  await heard('表格课在这里')
  await shot(phone, 'phone-dialog')
})

test('the linter speaks beside the field, and a keyword taken is refused with the rule that has it', async () => {
  await go('/replies/new')
  await desk.locator(at('reply-name')).fill('不会生效的')
  await desk.locator(at('keyword-0')).fill('买课程')
  await desk.locator(at('message-0-content')).fill('永远不会回')
  await desk.locator(at('reply-save')).click()
  await desk.waitForURL(/replies\/\d+$/)
  await desk.locator('[data-field="keywords.0"]').getByText(/总会先命中规则「课程」的「课程」/).waitFor()
  await shot(desk, 'reply-warning')
  await pick('keyword-match-0', /全匹配/)
  await desk.locator(at('keyword-0')).fill('选课')
  await desk.locator(at('reply-save')).click()
  await desk.locator('[data-field="keywords.0"]').getByText('关键词「选课」已在规则「选课」里').waitFor()
})

test('the list shows hits, the last one, and what was never met', async () => {
  await go('/replies')
  const row = desk.locator('tr', { has: desk.getByRole('link', { name: '选课', exact: true }) })
  await until('the two hits are there', async () => { await desk.reload(); await row.waitFor(); return (await row.innerText()).match(/\b2\b/) })
  assert.doesNotMatch(await row.innerText(), /从没/)
  await go('/replies?hit=never')
  await desk.getByRole('link', { name: '不会生效的', exact: true }).waitFor()
  assert.equal(await desk.getByRole('link', { name: '选课', exact: true }).count(), 0)
})

test('the trial: a follow, a button, another time, the bytes', async () => {
  await go('/replies')
  await pick('try-how', '关注')
  await desk.locator(at('try-go')).click()
  await desk.locator(at('try-result')).getByText(/线上第 \d+ 版/).waitFor()
  await desk.getByText('回调的原文').click()
  assert.match(await desk.locator(at('try-raw')).innerText(), /^<xml><ToUserName>.*山雨写作/s)
  await pick('try-how', '点菜单')
  await desk.locator(at('try-key')).click()
  await desk.getByRole('option', { name: /怎么退款（REFUND）/ }).click()
  await desk.locator(at('try-go')).click()
  await desk.locator(at('try-why')).getByText(/这位粉丝看到的是默认菜单，里面有这个按钮/).waitFor()
  await desk.locator(at('try-result')).scrollIntoViewIfNeeded()
  await shot(desk, 'reply-try')
})

test('a second editor is told who was faster and when, and a version is put back with one click', async () => {
  const other = await browser.page()
  await other.context().addCookies(await desk.context().cookies())
  await go('/replies')
  const link = desk.getByRole('link', { name: '选课', exact: true })
  await link.waitFor()
  const path = new URL(await link.evaluate((a) => a.href)).pathname.replace('/console', '')
  await go(path)
  await go(path, other)
  await other.locator(at('message-0-content')).fill('先改的')
  await other.locator(at('reply-save')).click()
  await other.getByText('已存草稿').first().waitFor()
  await desk.locator(at('message-0-content')).fill('后改的')
  await desk.locator(at('reply-save')).click()
  await desk.getByText(/boss 在 .* 改过这条规则/).waitFor()
  await desk.locator(at('use-theirs')).click()
  assert.equal(await desk.locator(at('message-0-content')).inputValue(), '先改的')
  await other.context().close()
  assert.match(await publish('先改的'), /回复由 .*答 1 看写作.* 改为 .*先改的/)
  await say('选课')
  await heard('先改的')
  await desk.locator(at('reply-versions')).click()
  const versions = desk.locator('[data-test^="restore-"]')
  await versions.first().click()
  await desk.getByRole('button', { name: '恢复并发布' }).click()
  await desk.getByText('已恢复并发布').first().waitFor()
  await say('选课')
  await heard('答 1 看写作')
})

test('the editor with everything open is clean on a phone', async () => {
  const page = await browser.page({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await page.context().addCookies(await desk.context().cookies())
  await go('/replies/new', page)
  await page.locator(at('dialog-on')).click()
  await page.locator(at('message-more')).click()
  await page.locator(at('message-add-msgmenu')).click()
  await page.getByText('生效时间').first().click()
  await page.waitForTimeout(500)
  await shot(page, 'reply-all-390')
  assert.equal(await sideways(page), 0)
  assert.deepEqual(await axe(page), [])
  assert.deepEqual(await small(page), [])
  await page.context().close()
  assert.deepEqual(browser.faults, [])
})
