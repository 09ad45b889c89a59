// From WeChat's own console to this one: what is set there is read and said in words, becomes drafts with its
// pictures copied, nothing changes for fans meanwhile, and the first call is seen, or what is wrong with it.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, root, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, cookies, secrets
before(async () => {
  product = await Product.make('switchon')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
  await desk.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  cookies = await desk.context().cookies()
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const wechat = async (method, where, body) => {
  const res = await fetch(`${product.phone}/fake/v1/${where}`, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
  assert.equal(res.status, 200, await res.clone().text())
  return res.json()
}
const look = async (name) => {
  await shot(desk, `${name}-1440`)
  assert.deepEqual(await axe(desk), [])
  const phone = await browser.page({ viewport: { width: 390, height: 844 } })
  await phone.context().addCookies(cookies)
  await phone.goto(desk.url())
  await phone.locator(at('step-wait')).waitFor()
  await phone.waitForTimeout(1500)
  await phone.screenshot({ path: path.join(root, 'test-output', `${name}-390.png`), fullPage: true })
  assert.equal(await sideways(phone), 0)
  assert.deepEqual(await small(phone), [])
  assert.deepEqual(await axe(phone), [])
  await phone.context().close()
}
const menu = [{ name: '关于', sub_button: { list: [{ type: 'view', name: '官网', url: 'https://example.com/' }, { type: 'img', name: '海报', value: '{picture}' }] } }, { type: 'text', name: '找客服', value: '工作日 9 点到 18 点' }]

test('what WeChat has is read and said in words, with what cannot come along', async () => {
  await wechat('PUT', 'console', {
    menu,
    replies: {
      is_add_friend_reply_open: 1, is_autoreply_open: 1, message_default_autoreply_info: { type: 'text', content: '稍后回复你' },
      keyword_autoreply_info: { list: [
        { rule_name: '课表', create_time: 1423028166, reply_mode: 'reply_all', keyword_list_info: [{ type: 'text', match_mode: 'contain', content: '课表' }], reply_list_info: [{ type: 'text', content: '课表在这里' }, { type: 'img', content: '{picture}' }] },
        { rule_name: '片子', create_time: 1423028167, reply_mode: 'reply_all', keyword_list_info: [{ type: 'text', match_mode: 'equal', content: '片子' }], reply_list_info: [{ type: 'video', content: 'http://61.182.133.153/v' }] },
      ] },
    },
  })
  await desk.goto(product.url + '/console/switchon')
  const lines = desk.locator(at('live-lines'))
  await lines.getByText('课表在这里').waitFor()
  assert.match(await lines.innerText(), /视频，微信只给了临时的下载地址/)
  assert.match(await lines.innerText(), /带不过来/)
  assert.match(await desk.locator(at('menu-changes')).innerText(), /找客服/)
  await desk.locator(at('check-settings')).waitFor()
  await desk.locator(at('check-try_callback')).getByText('正常').waitFor()
  await look('switchon-before')
})

test('it becomes drafts, its picture is in the material, and nobody sees a difference', async () => {
  const menuBefore = await (await fetch(`${product.phone}/fake/v1/counts`)).json()
  await desk.locator(at('take')).click()
  await desk.locator(at('imported')).waitFor()
  assert.match(await desk.locator(at('imported')).innerText(), /个素材、菜单/)
  await desk.locator(at('step-import')).getByText('和这里的菜单草稿一样').waitFor()
  await desk.locator(at('live-lines')).getByText('已在这里').first().waitFor()
  assert.equal(await desk.locator(at('take')).isDisabled(), true)
  const counts = await (await fetch(`${product.phone}/fake/v1/counts`)).json()
  assert.equal(JSON.stringify(counts).includes('menu/create'), JSON.stringify(menuBefore).includes('menu/create'))
  await desk.locator(at('live-lines')).getByRole('link', { name: '课表' }).click()
  await desk.waitForURL(/\/replies\/\d+/) // the words below stand on the page one comes from too
  await desk.getByText('课表在这里').first().waitFor()
  await desk.goBack()
  await desk.waitForURL(/\/switchon/)
})

test('the values to paste are masked until the owner asks', async () => {
  await desk.locator(at('value-token')).waitFor()
  assert.match(await desk.locator(at('value-token')).innerText(), /^•+$/)
  assert.match(await desk.locator(at('value-url')).innerText(), /\/hook\/official$/)
  assert.equal(await desk.locator(at('value-mode')).innerText(), '安全模式')
  await desk.locator(at('show')).click()
  await until('the token stands there', async () => /^[^•]+$/.test(await desk.locator(at('value-token')).innerText()))
  secrets = { token: await desk.locator(at('value-token')).innerText(), aes_key: await desk.locator(at('value-aes_key')).innerText() }
  assert.equal(secrets.aes_key.length, 43)
  await desk.locator(at('show')).click()
  assert.match(await desk.locator(at('value-aes_key')).innerText(), /^•{43}$/)
  await desk.locator(at('copy-aes_key')).click()
  await desk.getByText('已复制').first().waitFor()
  assert.equal(await desk.evaluate(() => navigator.clipboard.readText()), secrets.aes_key)
})

test('a wrong Token is told, then a wrong key, then the first message is seen', async () => {
  const fan = (await (await fetch(`${product.phone}/fake/v1/people`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: '第一位' }) })).json()).id
  await desk.locator(at('begin')).click()
  await desk.locator(at('wait-waiting')).waitFor()
  await wechat('PUT', 'console', { token: 'AnotherToken1' })
  await wechat('POST', 'verify-url', {})
  await desk.locator(at('wait-wrong')).getByText('Token 多半不一致').waitFor({ timeout: 15_000 })
  await look('switchon-wrong')
  await wechat('PUT', 'console', { token: secrets.token, aes_key: 'b'.repeat(43) })
  await wechat('POST', 'verify-url', {})
  await desk.locator(at('wait-echo')).waitFor({ timeout: 15_000 })
  await wechat('POST', 'text', { person: fan, text: '课表' })
  await desk.locator(at('wait-wrong')).getByText('EncodingAESKey 不一致').waitFor({ timeout: 15_000 })
  await wechat('PUT', 'console', { aes_key: secrets.aes_key })
  await wechat('POST', 'text', { person: fan, text: '课表呢' })
  await desk.locator(at('wait-push')).waitFor({ timeout: 15_000 })
  await look('switchon-seen')
})
