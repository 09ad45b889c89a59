// A task of bringing new followers is made and opened; a fan types the word and sees their progress and poster on the
// phone; a new follower by their code stands in the list and on the campaign's board; who is too fast waits and is let
// through.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, phone, id
const name = `带朋友来 ${Date.now() % 100000}`
const word = `海报${Date.now() % 1000}`
before(async () => {
  product = await Product.make('invite')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

async function person(title) {
  await phone.goto(product.phone + '/')
  await phone.locator(at('tab-me')).click()
  await phone.locator(at('switch-person')).click()
  await phone.locator(at('new-name')).fill(title)
  await phone.locator(at('new-name')).press('Enter')
  await phone.locator(at('no-chat')).waitFor()
}

async function scan() {
  await phone.goto(product.phone + '/#/scan')
  await phone.locator(`${at('scene-code')}[data-scene^="invite-"]`).first().click()
}

test('a task is made; one without a poster or a reward is not', async () => {
  await desk.goto(product.url + '/console/campaigns')
  await desk.locator(at('campaign-new')).click()
  await desk.locator(at('campaign-name')).fill(name)
  await desk.locator(at('campaign-save')).click()
  await desk.waitForURL(/campaigns\/\d+$/)
  id = Number(desk.url().match(/\d+$/)[0])
  await desk.locator(at('to-invite')).click()
  await desk.locator(at('invite-edit')).click()
  await desk.locator(at('invite-save')).click()
  await desk.getByText('选要发的奖励').waitFor()
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('invite-keyword')).fill(word)
  await desk.locator(at('invite-need')).fill('2')
  await desk.locator(at('invite-hold_hours')).fill('1')
  await desk.locator(at('invite-speed_most')).fill('1')
  await desk.locator(at('invite-poster')).click()
  await desk.getByRole('option').first().click()
  await desk.locator(at('invite-reward')).click()
  await desk.getByRole('option', { name: '新学员九折' }).click()
  await shot(desk, 'invite-dialog')
  await desk.locator(at('invite-save')).click()
  await desk.locator(at('invite-rules')).getByText('留满 1 小时才算').waitFor()
  assert.equal(await desk.locator(at('invite-on')).isDisabled(), true)
  await desk.locator(at('invite-knows')).click()
  await desk.locator(at('invite-on')).click()
  await desk.locator(at('invite-off')).waitFor()
})

async function say(text) {
  if (!(await phone.locator(at('say-input')).isVisible())) await phone.locator(at('switch-input')).click()
  await phone.locator(at('say-input')).fill(text)
  await phone.locator(at('say-input')).press('Enter')
}

test('a fan types the word and gets progress and a poster of their own', async () => {
  phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  await person('邀请的人')
  await phone.goto(product.phone + '/#/scan')
  await phone.locator(`${at('scene-code')}[data-scene="poster-7"]`).click()
  await phone.locator(at('chat-account')).or(phone.locator(at('menu'))).or(phone.locator(at('say-input'))).first().waitFor()
  await until('the chat is open', async () => {
    if (await phone.locator(at('line')).count()) return true
    await phone.goto(product.phone + '/')
    await phone.locator(at('chat-account')).first().click()
    return false
  })
  await say(word)
  await phone.getByText('再有 2 位就能领一份优惠券').waitFor()
  await until('the poster', async () => await phone.locator(`${at('line')}[data-type="image"]`).count() > 0, 30_000)
  await shot(phone, 'invite-phone')
})

test('new followers by the code are counted; too many at once wait for a decision', async () => {
  for (const who of ['新朋友甲', '新朋友乙']) {
    await person(who)
    await scan()
    await phone.locator(at('line')).first().waitFor()
  }
  await until('one waits', async () => {
    await desk.goto(`${product.url}/console/campaigns`)
    await desk.locator(at('campaign-new')).waitFor()
    return await desk.locator(at('invite-wait')).filter({ hasText: '1 位新朋友可疑' }).count() === 1
  }, 30_000)
  await desk.locator(at('invite-wait')).getByRole('link', { name: '去看' }).click()
  await desk.getByText('短时间内来得太多').waitFor()
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'invite-1440')
  await desk.locator(at('allow')).click()
  await desk.getByText('放行了 1 位').waitFor()
  await desk.goto(`${product.url}/console/campaigns/${id}`)
  await desk.locator(at('invite-board')).getByText('要海报的人').waitFor()
  await shot(desk, 'invite-board-1440')
})

test('on a phone it fits; it is closed', async () => {
  await desk.setViewportSize({ width: 390, height: 844 })
  for (const view of ['friends', 'inviters']) {
    await desk.goto(`${product.url}/console/campaigns/${id}/invite?view=${view}`)
    await desk.getByRole('heading', { name: '粉丝会看到' }).waitFor()
    await desk.waitForTimeout(700)
    assert.equal(await sideways(desk), 0)
    assert.deepEqual(await small(desk), [])
    await shot(desk, `invite-${view}-390`)
  }
  await desk.locator(at('invite-off')).click()
  await desk.getByRole('dialog').getByRole('button', { name: '关掉', exact: true }).click()
  await desk.locator(at('invite-on')).waitFor()
  assert.deepEqual(browser.faults, [])
})
