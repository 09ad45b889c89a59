// An operator makes a campaign, gives it a code and a course, a fan follows by the code, and the board shows it with the
// person behind the number; stopped, it can be taken up again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, id
const name = `双十二写作营 ${Date.now() % 100000}`
const scene = `双十二海报${Date.now() % 100000}`
before(async () => {
  product = await Product.make('campaigns')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

test('a campaign is made; one without a name, or of the same name, is not', async () => {
  await desk.goto(product.url + '/console/campaigns')
  await desk.locator(at('campaign-new')).click()
  await desk.locator(at('campaign-save')).click()
  await desk.getByText('请写名称').waitFor()
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('campaign-name')).fill(name)
  await desk.locator(at('campaign-cost')).fill('十块')
  await desk.locator(at('campaign-save')).click()
  await desk.getByText('写多少元，最多两位小数').waitFor()
  await desk.locator(at('campaign-cost')).fill('10')
  await shot(desk, 'campaign-dialog')
  await desk.locator(at('campaign-save')).click()
  await desk.waitForURL(/campaigns\/\d+$/)
  id = Number(desk.url().match(/\d+$/)[0])
  await desk.getByRole('heading', { name }).waitFor()
  await desk.goto(product.url + '/console/campaigns')
  await desk.locator(at('campaign-new')).click()
  await desk.locator(at('campaign-name')).fill(name)
  await desk.locator(at('campaign-save')).click()
  await desk.getByText('已经有一个同名的活动').first().waitFor()
})

test('a fan who follows by its code is a new follower of the campaign', async () => {
  await desk.goto(product.url + '/console/scenes')
  await desk.locator(at('scene-new')).click()
  await desk.locator(at('scene-value')).fill(scene)
  await desk.locator(at('scene-campaign')).click()
  await desk.getByRole('option', { name }).click()
  await desk.locator(at('scene-make')).click()
  await desk.getByText(scene).first().waitFor()
  await desk.goto(`${product.url}/console/campaigns/${id}`)
  await desk.getByRole('link', { name: scene }).waitFor()
  await desk.locator(at('campaign-add-course')).click()
  await desk.getByRole('option', { name: /公众号写作/ }).click()
  await desk.getByRole('button', { name: /移出公众号写作/ }).waitFor()
  const phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  await phone.goto(product.phone + '/')
  await phone.locator(at('tab-me')).click()
  await phone.locator(at('switch-person')).click()
  await phone.locator(at('new-name')).fill('活动里的人')
  await phone.locator(at('new-name')).press('Enter')
  await phone.locator(at('no-chat')).waitFor()
  await phone.goto(product.phone + '/#/scan')
  await phone.locator(`${at('scene-code')}[data-scene="${scene}"]`).click()
  await until('the board knows of it', async () => {
    await desk.reload()
    await desk.getByRole('heading', { name: '每天' }).waitFor()
    return (await desk.getByRole('button', { name: '新关注 1' }).count()) === 1
  }, 30_000)
  await desk.getByRole('button', { name: '新关注 1' }).click()
  await until('the person behind it', async () => await desk.locator('table.people tbody tr').count() === 1)
  await desk.keyboard.press('Escape')
  await shot(desk, 'campaign-1440')
  await phone.context().close()
})

test('stopped, it is taken up again; on a phone it fits', async () => {
  await desk.locator(at('campaign-stop')).click()
  await desk.getByRole('button', { name: '结束', exact: true }).click()
  await desk.locator(at('campaign-resume')).click()
  await desk.locator(at('campaign-stop')).waitFor()
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.waitForTimeout(500)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'campaign-390')
  assert.deepEqual(browser.faults, [])
})
