// An operator makes a batch of scene codes, takes its pictures and prints its sheets, and gives one of them another
// channel and tag; a fan scans it and is seen in the code's line.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, root, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk
const name = `台卡${Date.now() % 100000}`
before(async () => {
  product = await Product.make('scenes')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})
const go = async (route, page = desk) => {
  await page.goto(product.url + '/console' + route)
  await page.locator('main h1').first().waitFor()
}
const phone = async (route) => {
  const page = await browser.page({ viewport: { width: 390, height: 844 } })
  await page.context().addCookies(await desk.context().cookies())
  await go(route, page)
  await page.waitForTimeout(800)
  return page
}

test('a batch is made, watched, and taken home as pictures, addresses and sheets', async () => {
  await go('/scenes?tab=batches')
  await desk.locator(at('batch-new')).click()
  await desk.locator(at('batch-save')).click()
  await desk.getByText('写开头几个字').waitFor()
  await desk.locator(at('batch-name')).fill(name)
  await desk.locator(at('batch-prefix')).fill(`${name}-`)
  await desk.locator(at('batch-count')).fill('30')
  assert.match(await desk.locator(at('batch-preview')).innerText(), new RegExp(`共 30 个：${name}-01`))
  await shot(desk, 'scene-batch-dialog')
  await desk.locator(at('batch-save')).click()
  await desk.waitForURL(/scenes\/batches\/\d+$/)
  await until('it is done', async () => (await desk.locator('[data-test="status"]').first().innerText()) === '做好了', 20_000)
  await desk.locator(at('batch-zip')).waitFor()
  await shot(desk, 'scene-batch-done')
  for (const [test, type] of [['batch-zip', 'application/zip'], ['batch-csv', 'text/csv']]) {
    const res = await desk.request.get(product.url + (await desk.locator(at(test)).getAttribute('href')))
    assert.equal(res.status(), 200)
    assert.ok(res.headers()['content-type'].startsWith(type))
  }
  const sheet = (await desk.locator(at('batch-print')).getAttribute('href')).replace('/console', '')
  await go(sheet)
  await until('three sheets of twelve', async () => (await desk.locator(at('sheet')).count()) === 3)
  assert.equal(await desk.locator('.sheet svg').count(), 30)
  await shot(desk, 'scene-print-1440')
  assert.deepEqual(await axe(desk), [])
  const pdf = await desk.pdf({ preferCSSPageSize: true, printBackground: true })
  fs.writeFileSync(path.join(root, 'test-output', 'scene-sheet.pdf'), pdf)
  assert.equal(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length, 3, 'pages of A4')
  const small390 = await phone(sheet)
  await shot(small390, 'scene-print-390')
  assert.equal(await sideways(small390), 0)
  assert.deepEqual(await small(small390), [])
  await small390.context().close()
})

test('names that are there already are refused by line, and nothing is made', async () => {
  await go('/scenes?tab=batches')
  await desk.locator(at('batch-new')).click()
  await desk.locator(at('batch-name')).fill('重名')
  await desk.locator(at('batch-list')).click()
  await desk.locator(at('batch-names')).fill(`新的${name}\n${name}-07`)
  await desk.locator(at('batch-save')).click()
  await desk.getByText(`第 2 行「${name}-07」已经有二维码了`).waitFor()
})

test('a code gets another channel, is put out of use, and its line tells of a scan', async () => {
  await go('/scenes')
  await desk.locator(at('scene-open')).first().click()
  await desk.locator(at('scene-edit')).click()
  await desk.locator(at('scene-channel')).fill('前台')
  await desk.locator(at('scene-in-use')).click()
  await shot(desk, 'scene-edit')
  await desk.locator(at('scene-save')).click()
  await desk.getByText('已停用').first().waitFor()
  assert.match(await desk.locator('dl.facts').innerText(), /前台/)
  await go('/scenes/1')
  await desk.locator(at('scene-days')).waitFor()
  assert.ok((await desk.locator(`${at('scene-days')} tbody tr`).count()) >= 28)
  assert.match(await desk.locator('[data-step="stay30"]').innerText(), /观察期未满/)
  await desk.locator(at('scene-days')).scrollIntoViewIfNeeded()
  await shot(desk, 'scene-line')
  await desk.locator(at('scene-reply')).click()
  await until('the rule is for this code', async () => (await desk.locator(at('reply-event-key')).inputValue()) === 'poster-7')
})
