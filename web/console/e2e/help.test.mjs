// The "?" in a page's head: what the page is for, reached by key and by finger, and all of it on one page.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk
before(async () => {
  product = await Product.make('help')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})
const go = async (route) => {
  await desk.goto(product.url + '/console' + route)
  await desk.locator(at('page-help')).waitFor()
}
const panel = () => desk.getByRole('dialog', { name: /怎么用$/ })

test('by keyboard: h opens it, Esc closes it, the focus is back where it was', async () => {
  await go('/articles/1')
  await desk.locator(at('page-help')).focus()
  await desk.keyboard.press('Enter')
  await panel().waitFor()
  await panel().getByText('来自公众号消息的阅读人数 ÷ 送达人数。').waitFor()
  await desk.waitForTimeout(400)
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'help-1440')
  await desk.keyboard.press('Escape')
  await panel().waitFor({ state: 'hidden' })
  await until('the focus is back on the button', () => desk.evaluate(() => document.activeElement?.getAttribute('data-test') === 'page-help'))
  await go('/menu')
  await desk.keyboard.press('h')
  await panel().getByText('存草稿随时存').waitFor()
  await desk.keyboard.press('Escape')
  await panel().waitFor({ state: 'hidden' })
  await desk.locator(at('menu-0')).click()
  await desk.locator(`input${at('menu-name')}`).focus()
  await desk.keyboard.press('h') // a letter there
  assert.equal(await panel().count(), 0)
})

test('on a phone the panel fits, and leads to all the help there is', async () => {
  await desk.setViewportSize({ width: 390, height: 844 })
  await go('/plan')
  await desk.locator(at('page-help')).click()
  await panel().waitFor()
  await desk.waitForTimeout(400)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await axe(desk), [])
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'help-390')
  await panel().getByRole('link', { name: '每一页的说明' }).click()
  await desk.waitForURL(/\/help#plan$/)
  await until('it stands at its page', () => desk.evaluate(() => { const top = document.getElementById('plan').getBoundingClientRect().top; return top > -5 && top < 300 }))
  assert.deepEqual(browser.faults, [])
})
