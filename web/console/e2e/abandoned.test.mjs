// Two people order on the phone and cancel; the desk sees why, whom it may write to and whom not, writes, notes it, and is
// through; who pays after all leaves the list by themselves. In real Chromium.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, somebody, speak, until } from './lib.mjs'

let product, browser, desk, phone
const ours = [] // the two orders' numbers: at some hours the sample's people left one unpaid today too
before(async () => {
  product = await Product.make('abandoned')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const cancel = async () => {
  await phone.goto(product.phone + '/#/mini')
  await phone.locator(at('course')).filter({ hasText: 'Excel' }).click()
  await phone.locator(at('buy')).click()
  await phone.locator(at('place-order')).click()
  await phone.locator(at('pay-cancel')).click()
  await phone.locator(at('order-status')).first().waitFor()
  await phone.goto(product.phone + '/#/mini/orders')
  const order = phone.locator(at('order')).filter({ hasText: 'Excel' }).first()
  ours.push(await order.getAttribute('data-no'))
  await order.click()
  await phone.locator(at('order-cancel')).click()
  await phone.locator(at('ask-yes')).click()
  await until('it is closed', async () => ['closing', 'closed'].includes(await phone.locator(at('order-status')).first().getAttribute('data-status')))
}
const list = async (query = '') => {
  await desk.goto(`${product.url}/console/abandoned${query}`)
  await desk.locator(at('abandoned-sum')).waitFor()
}
const rows = () => desk.locator('main tbody tr', { hasText: new RegExp(ours.join('|')) })
const reachable = () => rows().filter({ hasText: '写给他' })

test('nobody yet, and the page says how one comes here', async () => {
  await list('?days=1&why=never')
  await desk.locator(at('abandoned-sum')).getByText('0').first().waitFor()
  assert.deepEqual(await axe(desk), [])
})

test('two who order and cancel are listed, each with whether they may be written to', async () => {
  await somebody(product, phone, '说过话的人')
  await phone.goto(product.phone + '/#/scan')
  await phone.locator(`${at('scene-code')}[data-scene="poster-7"]`).click()
  await speak(product, phone, '我想买课程')
  await cancel()
  await somebody(product, phone, '没关注的人')
  await cancel()
  await until('both are listed', async () => {
    await list('?days=1')
    return (await rows().count()) === 2
  })
  await reachable().getByText('能发').waitFor()
  await rows().filter({ hasText: '认不出是哪位粉丝' }).getByText('自己取消的').waitFor()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'abandoned-1440')
})

test('on a phone nothing is wider than the screen and nothing too small', async () => {
  const page = await browser.page({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await page.context().addCookies(await desk.context().cookies())
  await page.goto(`${product.url}/console/abandoned?days=1`)
  await page.locator(at('abandoned-note')).first().waitFor()
  await shot(page, 'abandoned-390')
  assert.equal(await sideways(page), 0)
  assert.deepEqual(await small(page), [])
  assert.deepEqual(await axe(page), [])
  await page.context().close()
})

test('the desk writes to the one, notes it for both, and is through with one', async () => {
  await reachable().locator(at('abandoned-write')).click()
  await desk.locator(at('fan-text')).fill('还有什么想问的吗')
  await desk.locator(at('fan-send')).click()
  await desk.getByText('还有什么想问的吗').first().waitFor()
  await list('?days=1')
  const note = async (row, text, through) => {
    await row.locator(at('abandoned-note')).click()
    const dialog = desk.getByRole('dialog')
    await dialog.locator(at('abandoned-save')).click()
    await dialog.getByText('请写一句做了什么').first().waitFor()
    await dialog.locator('textarea').fill(text)
    if (through) await dialog.locator(at('abandoned-through')).click()
    assert.deepEqual(await axe(desk), [])
    await dialog.locator(at('abandoned-save')).click()
    await dialog.waitFor({ state: 'detached' })
  }
  await note(reachable(), '问了，说下周买', false)
  await reachable().getByText('问了，说下周买').waitFor()
  await note(rows().filter({ hasText: '认不出是哪位粉丝' }), '没有办法联系', true)
  await until('one is left to follow', async () => (await rows().count()) === 1)
  await list('?days=1&state=done')
  await rows().filter({ hasText: '没有办法联系' }).getByText('不用再跟').waitFor()
})

test('who pays after all leaves by themselves', async () => {
  const no = await rows().first().locator('a.code').innerText()
  const { csrf_token: csrf } = await (await desk.request.get(product.url + '/console/v1/session')).json()
  const paid = await desk.request.post(`${product.url}/console/v1/orders/${no}/paid-by-hand`, { data: { reason: '线下付了', proof: '收据 12' }, headers: { 'X-CSRF-Token': csrf } })
  assert.ok(paid.ok(), await paid.text())
  await list('?days=1&state=all')
  await until('one is left', async () => (await rows().count()) === 1)
  await desk.locator(at('abandoned-state')).click()
  await desk.getByRole('option', { name: '不用再跟的' }).click()
  await desk.locator('main').getByText('没付成的订单').first().waitFor()
})
