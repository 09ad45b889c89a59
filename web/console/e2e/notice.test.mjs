// A template message to the fans a filter meets, in real Chromium: written, shown to one, sent once asked in words, told
// per person, and seen on the phone.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, fan, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, phone
const lesson = `第 ${Date.now() % 100000} 课`
before(async () => {
  product = await Product.make('notice')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  phone = await fan(product, browser, '看通知的人')
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const people = async (test) => {
  await desk.waitForFunction((s) => /^[\d,]+$/.test(document.querySelector(s)?.textContent ?? ''), at(test))
  return Number((await desk.locator(at(test)).textContent()).replaceAll(',', ''))
}
const looks = async (name) => {
  await desk.setViewportSize({ width: 390, height: 844 })
  assert.equal(await sideways(desk), 0, name)
  assert.deepEqual(await axe(desk), [], name)
  assert.deepEqual(await small(desk), [], name)
  await shot(desk, `${name}-390`)
  await desk.setViewportSize({ width: 1440, height: 900 })
}

test('written with the fans page’s filter, held to what WeChat takes', async () => {
  await desk.goto(product.url + '/console/fans?scene=poster-7')
  await desk.locator(at('fans-notice')).click()
  await desk.getByText('不能做营销').first().waitFor()
  await desk.getByText('二维码「poster-7」').waitFor()
  await until('the one who scanned is counted', async () => { await desk.reload(); return (await people('notice-reach')) >= 1 })
  await desk.locator(at('notice-refresh')).click()
  await desk.getByText('取自微信后台').waitFor()
  await desk.locator(at('notice-template')).first().click()
  await desk.getByRole('option', { name: '开课提醒' }).click()
  await desk.locator(`input${at('notice-thing1')}`).fill(`{备注}的${lesson}`)
  await desk.locator(`input${at('notice-time2')}`).fill('明天下午')
  await desk.locator(`input${at('notice-thing3')}`).fill('小程序')
  await desk.locator(at('notice-save')).click()
  await desk.getByText('应为 2026年1月1日 15:01').waitFor()
  await desk.locator(`input${at('notice-time2')}`).fill('2026年12月1日 15:01')
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'notice-edit-1440')
  await looks('notice-edit')
  await desk.locator(at('notice-save')).click()
  await desk.waitForURL(/\/console\/notices\/\d+$/)
})

test('shown to one, then sent once it was asked in words', async () => {
  const number = await people('notice-people')
  await desk.locator(at('notice-fan')).first().click()
  await desk.getByRole('option').first().click()
  await desk.locator(at('notice-preview')).click()
  await desk.getByText('这一版发给了').waitFor()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'notice-draft-1440')
  await looks('notice-draft')
  await desk.locator(at('notice-send')).click()
  const sure = desk.getByRole('dialog', { name: '发通知' })
  await sure.getByText(`会发到 ${number} 位粉丝的手机上，发出去不能收回`).waitFor()
  assert.deepEqual(await axe(desk), [])
  await sure.getByRole('button', { name: '发出' }).dblclick()
  await desk.locator(`${at('notice-state')}[data-state="done"]`).or(desk.getByText('已发完')).first().waitFor()
  await until('all are told', async () => (await desk.locator(at('sum-送达')).textContent()) === String(number))
  await desk.locator(at('notice-log')).getByText('已送达').first().waitFor()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'notice-done-1440')
  await looks('notice-done')
})

test('the phone shows it as the fan sees it, once', async () => {
  await phone.goto(product.phone + '/#/chat')
  const card = phone.locator(at('notice-card'), { hasText: `同学的${lesson}` })
  await card.first().waitFor()
  await shot(phone, 'notice-phone')
})

test('the log is narrowed by result, and saved without a whole openid', async () => {
  await desk.locator(at('notice-result')).first().click()
  await desk.getByRole('option', { name: '失败' }).click()
  await desk.locator(at('notice-log')).getByText('没有符合条件的记录').waitFor()
  const [file] = await Promise.all([desk.waitForEvent('download'), desk.locator(at('notice-csv')).click()])
  const empty = await readFile(await file.path(), 'utf8')
  assert.equal(empty.trim().split('\n').length, 1)
  await desk.goto(desk.url().replace(/\?.*/, ''))
  const [whole] = await Promise.all([desk.waitForEvent('download'), desk.locator(at('notice-csv')).click()])
  const text = await readFile(await whole.path(), 'utf8')
  assert.match(text, /已送达/)
  assert.doesNotMatch(text, /o[A-Za-z0-9_-]{27}/)
  await desk.goto(product.url + '/console/notices')
  await desk.locator('tbody tr', { hasText: '开课提醒' }).first().waitFor()
  assert.deepEqual(await axe(desk), [])
  await looks('notices')
})
