// A poster is made for a code: what is written is seen as it will be downloaded, what the font cannot write is said.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk
before(async () => {
  product = await Product.make('posters')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})
const drawn = () => desk.locator(at('poster-preview')).evaluate((i) => i.complete && i.naturalWidth === 1080 && i.naturalHeight === 1440)

test('what is written is drawn; letters the font does not have are named', async () => {
  await desk.goto(product.url + '/console/scenes/1')
  await desk.locator(at('scene-poster')).click()
  await desk.locator(at('poster-save')).click()
  await desk.getByText('请写标题').waitFor()
  await desk.locator(at('poster-title')).fill('地铁里\n每天写三十分钟')
  await desk.locator(at('poster-preview')).waitFor()
  await until('it is drawn', drawn)
  const first = await desk.locator(at('poster-preview')).getAttribute('src')
  await desk.getByRole('radio', { name: '杏黄' }).click()
  await until('it is drawn anew', async () => (await desk.locator(at('poster-preview')).getAttribute('src')) !== first && drawn())
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'poster-dialog-1440')
  await desk.locator(at('poster-note')).fill('来吧🎉')
  await desk.locator(at('poster-fault')).getByText('🎉').waitFor()
  await desk.locator(at('poster-note')).fill('扫码关注')
  await desk.locator(at('poster-fault')).waitFor({ state: 'hidden' })
})

test('kept, it is listed and downloaded; deleted, it can be taken back', async () => {
  await desk.locator(at('poster-save')).click()
  await desk.waitForURL(/tab=posters/)
  const card = desk.locator(at('poster')).filter({ hasText: '每天写三十分钟' }).first()
  await card.waitFor()
  await until('its picture is there', () => card.locator('img').evaluate((i) => i.complete && i.naturalWidth === 1080))
  const [file] = await Promise.all([desk.waitForEvent('download'), card.getByRole('link', { name: /下载/ }).click()])
  assert.equal(file.suggestedFilename(), '地铁里 每天写三十分钟.png')
  await card.getByRole('button', { name: /删除/ }).click()
  await card.waitFor({ state: 'hidden' })
  await desk.locator(at('undo')).click()
  await card.waitFor()
})

test('on a phone the dialog and the list fit', async () => {
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.waitForTimeout(400)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'posters-390')
  await desk.locator(at('poster')).first().getByRole('button', { name: /修改/ }).click()
  await desk.locator(at('poster-preview')).waitFor()
  await desk.waitForTimeout(400)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'poster-dialog-390')
  assert.deepEqual(browser.faults, [])
})
