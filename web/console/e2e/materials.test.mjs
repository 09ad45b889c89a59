// An operator keeps the account's material in real Chromium: a picture is uploaded and refused where WeChat would
// refuse it, renamed, chosen in a reply and seen on the phone; deleting what is used is refused with where it is used;
// the walk through WeChat's list ends; the menu offers permanent material alone.
import assert from 'node:assert/strict'
import { deflateSync, crc32 } from 'node:zlib'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, fan, Product, shot, sideways, small, speak, until } from './lib.mjs'

let product, browser, desk, phone
before(async () => {
  product = await Product.make('materials')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  phone = await fan(product, browser, '看素材的人')
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const go = async (route) => {
  await desk.goto(product.url + '/console' + route)
  await desk.locator('main h1').first().waitFor()
}

// png is a picture of one colour, w by 80.
function png(w, [r, g, b]) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]), out = Buffer.alloc(8)
    out.writeUInt32BE(data.length, 0)
    out.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([out.subarray(0, 4), body, out.subarray(4)])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(w, 0)
  head.writeUInt32BE(80, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const row = Buffer.concat([Buffer.from([0]), Buffer.from(Array.from({ length: w }, () => [r, g, b]).flat())])
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'binary'), chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(Array(80).fill(row)))), chunk('IEND', Buffer.alloc(0))])
}
const amr = (seconds) => Buffer.concat([Buffer.from('#!AMR\n'), ...Array(seconds * 50).fill(Buffer.concat([Buffer.from([0x3c]), Buffer.alloc(31)]))])
const stamp = Date.now() % 100000

test('a file WeChat would refuse is refused before it is sent, with the reason', async () => {
  await go('/materials')
  await desk.locator(at('material-upload')).click()
  await desk.locator('label', { has: desk.locator(at('material-kind-voice')) }).or(desk.locator(at('material-kind-voice'))).first().click()
  await desk.locator(at('material-file')).setInputFiles({ name: '太长.amr', mimeType: 'audio/amr', buffer: amr(61) })
  await desk.locator(at('material-refused')).getByText('最长 60 秒').waitFor()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'materials-refused')
  await desk.keyboard.press('Escape')
})

test('a temporary picture is uploaded, shows its days, is renamed, and answers on the phone', async () => {
  await go('/materials')
  await desk.locator(at('material-upload')).click()
  await desk.locator(at('material-temporary')).click()
  await desk.locator(at('material-file')).setInputFiles({ name: `活动图${stamp}.png`, mimeType: 'image/png', buffer: png(120 + stamp % 50, [200, 80, 40]) })
  await desk.getByRole('dialog').waitFor({ state: 'hidden' })
  const row = desk.locator('tbody tr', { hasText: `活动图${stamp}.png` })
  await row.getByText(/还剩 [23] 天/).waitFor()
  await row.getByRole('button', { name: /^改名/ }).click()
  await desk.locator(at('rename-name')).fill(`活动主图${stamp}`)
  await desk.locator(at('rename-yes')).click()
  const renamed = desk.locator('tbody tr', { hasText: `活动主图${stamp}` })
  await renamed.waitFor()
  assert.ok(await renamed.locator('img').evaluate((i) => i.complete && i.naturalWidth > 0), 'its picture is shown')

  await go('/replies/new')
  await desk.locator(at('reply-name')).fill(`发图${stamp}`)
  await desk.locator(at('keyword-match-0')).click()
  await desk.getByRole('option', { name: /全匹配/ }).filter({ visible: true }).first().click()
  await desk.locator(at('keyword-0')).fill(`图${stamp}`)
  await desk.locator(at('message-add-image')).click()
  await desk.locator(at('message-1-media_id-choose')).click()
  await desk.getByRole('dialog').getByText(`活动主图${stamp}`).click()
  await desk.locator(at('message-1-media_id-shown')).waitFor()
  await desk.getByText('用着就会自动续传').waitFor()
  await shot(desk, 'materials-in-a-reply')
  await desk.locator('[aria-label="删除第 1 条回复"]').click()
  await desk.locator(at('reply-save')).click()
  await until('it is saved', () => /\/replies(\/\d+)?$/.test(desk.url()))
  await go('/replies')
  await desk.locator(at('reply-publish')).click()
  await desk.locator(at('publish-note')).fill('发图')
  await desk.locator(at('publish-yes')).click()
  await desk.getByRole('dialog').waitFor({ state: 'hidden' })
  await speak(product, phone, `图${stamp}`)
  const sent = phone.locator(`${at('line')}[data-from="account"] ${at('picture')}`).last()
  await sent.waitFor()
  await until('the phone shows the picture', () => sent.evaluate((i) => i.naturalWidth > 0))
  await shot(phone, 'materials-phone')
})

test('what is used says where, and is not deleted; what is not used is', async () => {
  await go(`/materials?used=true&q=${encodeURIComponent(`活动主图${stamp}`)}`)
  const row = desk.locator('tbody tr', { hasText: `活动主图${stamp}` })
  await row.getByRole('link', { name: `回复规则「发图${stamp}」` }).waitFor()
  await row.getByText('自动续传').waitFor()
  await row.getByRole('button', { name: /^删除/ }).click()
  const ask = desk.getByRole('dialog')
  await ask.getByRole('button', { name: '删除' }).click()
  await ask.getByText('还在用').waitFor()
  assert.match(await ask.innerText(), new RegExp(`发图${stamp}`))
  await shot(desk, 'materials-used')
  await desk.keyboard.press('Escape')
  await go('/materials?kind=image&used=false')
  const idle = desk.locator('tbody tr', { hasText: '开学季主图' })
  if (await idle.count()) { // once per demo
    await idle.getByRole('button', { name: /^删除/ }).click()
    await desk.getByRole('dialog').getByRole('button', { name: '删除' }).click()
    await idle.waitFor({ state: 'detached' })
  }
})

test('the walk through WeChat’s list ends and says what it found; the file of the list is there', async () => {
  await go('/materials')
  await desk.locator(at('material-sync-start')).click()
  await desk.getByRole('dialog').getByRole('button', { name: '开始' }).click()
  await until('the walk is done', async () => await desk.locator(at('material-sync')).getAttribute('data-state') === 'done', 30_000)
  await shot(desk, 'materials-1440')
  const csv = await desk.request.get(product.url + '/console/v1/materials.csv')
  assert.match(await csv.text(), new RegExp(`活动主图${stamp}`))
})

test('a menu button is offered permanent material alone', async () => {
  await go('/menu')
  await desk.locator(at('menu-type')).first().waitFor()
  await desk.locator(at('menu-type')).click()
  await desk.locator(at('type-media_id')).filter({ visible: true }).click()
  await desk.locator(at('menu-media_id-choose')).click()
  const box = desk.getByRole('dialog')
  await box.locator('[data-test^="picture-"]').first().waitFor()
  assert.equal(await box.getByText(`活动主图${stamp}`).count(), 0)
  assert.deepEqual(await axe(desk), [])
  await desk.keyboard.press('Escape')
})

test('on a phone nothing is wider than the screen and nothing too small', async () => {
  const page = await browser.page({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await page.context().addCookies(await desk.context().cookies())
  await page.goto(product.url + '/console/materials')
  await page.locator('tbody tr').first().waitFor()
  assert.equal(await sideways(page), 0)
  assert.deepEqual(await small(page), [])
  assert.deepEqual(await axe(page), [])
  await shot(page, 'materials-390')
  await page.context().close()
})
