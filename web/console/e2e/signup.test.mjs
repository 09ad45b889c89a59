// A campaign gets a sign-up form; people sign up by the Mini Program's door, one more than there is room for; the list is
// filtered, searched, ordered, saved, and who came is marked; who waits moves up; all of it fits a phone.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, somebody, until } from './lib.mjs'

let product, browser, desk, id
const name = `读书会 ${Date.now() % 100000}`
const people = []
before(async () => {
  product = await Product.make('signup')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

async function mini(token, method, path, body) {
  const r = await fetch(product.url + '/mini/v1' + path, { method, headers: { ...(body ? { 'Content-Type': 'application/json' } : {}), ...(token ? { Authorization: `Bearer ${token}` } : {}) }, body: body && JSON.stringify(body) })
  if (!r.ok) throw new Error(`${method} ${path}: ${r.status} ${await r.text()}`)
  return r.status === 204 ? undefined : r.json()
}

async function fan(title) {
  const made = await fetch(product.phone + '/phone/v1/people', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: title, platform: 'android' }) }).then((r) => r.json())
  const { code } = await product.fake('POST', '/login-code', { person: made.id })
  const { token } = await mini('', 'POST', '/session', { code, platform: 'android' })
  await mini(token, 'POST', '/me/phone', await product.fake('POST', '/login-code', { person: made.id, phone: true }))
  return token
}

const sign = (token, who, turn) => mini(token, 'PUT', `/campaigns/${id}/signup`, { answers: [{ key: 1, values: [who] }, { key: 2, values: ['given'] }, { key: 3, values: [turn] }] })
const rows = () => desk.locator('tbody tr')
const board = (label) => desk.locator(at('signup-board')).locator('div').filter({ has: desk.getByText(label, { exact: true }) }).locator('b')
async function choose(field, option) {
  await desk.locator(at(field)).click()
  await desk.getByRole('option', { name: option, exact: true }).click()
}

test('a form is made; what is wrong stands at its field', async () => {
  await desk.goto(product.url + '/console/campaigns')
  await desk.locator(at('campaign-new')).click()
  await desk.locator(at('campaign-name')).fill(name)
  await desk.locator(at('campaign-save')).click()
  await desk.waitForURL(/campaigns\/\d+$/)
  id = Number(desk.url().match(/\d+$/)[0])
  await desk.locator(at('to-signup')).click()
  await desk.getByText('还没有报名表').waitFor()
  await desk.locator(at('signup-edit')).click()
  await desk.locator(at('signup-places')).fill('没有')
  await desk.locator(at('signup-add')).click()
  await choose('signup-kind-2', '单选')
  await desk.locator(at('signup-save')).click()
  for (const fault of ['一个正整数；不限就留空', '写下要问什么', '2 到 20 个选项，一行一个']) await desk.getByText(fault).waitFor()
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('signup-places')).fill('2')
  await desk.locator(at('signup-label-2')).fill('场次')
  await desk.locator(at('signup-options-2')).fill('上午\n下午')
  await desk.locator(at('signup-after')).fill('周六两点，图书馆三楼')
  await shot(desk, 'signup-dialog')
  await desk.locator(at('signup-save')).click()
  await desk.locator(at('signup-board')).waitFor()
  assert.equal(await desk.locator(at('signup-path')).innerText(), `pages/signup/index?campaign_id=${id}`)
  await desk.getByText('还没有报名', { exact: true }).waitFor()
})

test('three sign up for two places; the list shows them, masked, in order', async () => {
  for (const [who, turn] of [['小红', '上午'], ['小明', '下午'], ['小刚', '上午']]) {
    const token = await fan(who)
    people.push(token)
    await sign(token, who, turn)
  }
  await desk.reload()
  await until('three are listed', async () => await rows().count() === 3)
  assert.deepEqual([await board('报名人数').innerText(), await board('候补').innerText()], ['2', '1'])
  assert.match(await rows().first().innerText(), /小刚[\s\S]*\d{3}\*{4}\d{4}[\s\S]*上午[\s\S]*候补/)
  assert.deepEqual(await axe(desk), [])
  await shot(desk, 'signup-1440')
  await choose('signup-state', '候补')
  await until('one waits', async () => await rows().count() === 1)
  assert.match(desk.url(), /state=waiting/)
  await choose('signup-state', '全部状态')
  await desk.getByRole('searchbox', { name: '搜回答、备注或学员编号' }).fill('小明')
  await until('one is found', async () => await rows().count() === 1 && /小明/.test(await rows().first().innerText()))
  await desk.reload()
  await until('the address says the same', async () => await rows().count() === 1)
  await desk.getByRole('searchbox', { name: '搜回答、备注或学员编号' }).fill('')
  await until('all are back', async () => await rows().count() === 3)
})

test('on the phone: the page is reached by the path, says what is missing, and keeps the place on the waiting list', async () => {
  const phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  await somebody(product, phone, '拿手机的人')
  await phone.goto(product.phone + '/#/mini?from=recent')
  await phone.goto(`${product.phone}/#/mini/signup/${id}`)
  await phone.locator(at('signup-line')).getByText('名额已满，现在报名进候补').waitFor()
  await phone.locator(at('signup-send')).click()
  await phone.locator(at('signup-error')).getByText('姓名：必填').waitFor()
  await phone.locator(at('signup-answer-1')).fill('小白的朋友')
  await phone.locator(at('signup-phone')).click()
  await phone.locator(at('signup-answer-2')).getByText(/用 \d{3}\*{4}\d{4}/).waitFor()
  assert.equal(await phone.locator(at('signup-answer-1')).inputValue(), '小白的朋友')
  await phone.locator(at('signup-answer-3')).first().click()
  await shot(phone, 'signup-phone')
  await phone.locator(at('signup-send')).click()
  await phone.locator(at('signup-state')).getByText('候补中，前面还有 1 位').waitFor()
  await phone.locator(at('signup-cancel')).click()
  await phone.locator(at('signup-send')).waitFor()
  await phone.context().close()
})

test('who came is marked, noted and taken out as a file; whole numbers are asked for', async () => {
  await desk.locator('tbody tr', { hasText: '小红' }).locator(at('mark-came')).click()
  await until('one came', async () => await board('到场').innerText() === '1')
  await desk.locator('tbody tr', { hasText: '小明' }).locator(at('mark-absent')).click()
  await desk.locator('tbody tr', { hasText: '小明' }).getByText('未到').waitFor()
  assert.equal(await desk.locator('tbody tr', { hasText: '小刚' }).locator(at('mark-came')).count(), 0)
  await desk.locator('tbody tr', { hasText: '小红' }).locator(at('signup-note')).click()
  await desk.locator(at('note-text')).fill('带了朋友')
  await desk.locator(at('note-save')).click()
  await desk.locator('tbody tr', { hasText: '小红' }).getByText('带了朋友').waitFor()
  const file = async (button, more) => {
    const coming = desk.waitForEvent('download')
    await desk.locator(at(button)).click()
    await more?.()
    return fs.readFileSync(await (await coming).path(), 'utf8')
  }
  const masked = await file('signup-csv')
  assert.match(masked, /^\uFEFF次序,状态,到场,报名时间,学员,姓名,手机号（已遮盖）,场次,以前问过的,备注\r\n/)
  assert.match(masked, /1,已报名,已到场,.*,小红,\d{3}\*{4}\d{4},上午,,带了朋友/)
  assert.doesNotMatch(masked, /1[3-9]\d{9}/)
  const whole = await file('signup-phones', () => desk.getByRole('dialog').getByRole('button', { name: '导出', exact: true }).click())
  assert.match(whole, /小红,1\d{10},上午/)
})

test('who cancels makes room for who waits; the campaign says how many', async () => {
  await mini(people[1], 'DELETE', `/campaigns/${id}/signup`)
  assert.equal((await mini(people[2], 'GET', `/campaigns/${id}/signup`)).mine.state, 'joined')
  await desk.goto(`${product.url}/console/campaigns/${id}`)
  await until('two have a place', async () => await board('报名人数').innerText() === '2' && await board('候补').innerText() === '0' && await board('已取消').innerText() === '2')
  await shot(desk, 'signup-board-1440')
  await desk.setViewportSize({ width: 390, height: 844 })
  assert.equal(await sideways(desk), 0)
  await desk.locator(at('to-signup')).click()
  await until('the cards', async () => await rows().count() === 4)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'signup-390')
  await desk.locator(at('signup-edit')).click()
  await desk.locator(at('signup-title')).waitFor()
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await axe(desk), [])
  assert.deepEqual(browser.faults, [])
})
