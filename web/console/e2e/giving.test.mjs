// An operator gives a course by hand and takes it back; an owner adds an address that is told, and tries it.
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small } from './lib.mjs'

let product, browser, desk, receiver
const got = []
before(async () => {
  product = await Product.make('giving')
  await product.start()
  receiver = http.createServer((req, res) => { let b = ''; req.on('data', (x) => { b += x }).on('end', () => { got.push({ head: req.headers, body: b }); res.writeHead(204).end() }) })
  await new Promise((done) => receiver.listen(0, '127.0.0.1', done))
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  receiver?.close()
  await browser?.close()
  await product?.end()
})

test('a course is given with a reason, and taken back', async () => {
  await desk.goto(product.url + '/console/learners/1')
  await desk.locator(at('give')).click()
  await desk.locator(at('give-save')).click()
  await desk.getByText('请选课程').waitFor()
  await desk.getByText('请写为什么送').waitFor()
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('give-course')).click()
  const options = desk.getByRole('option')
  await options.first().waitFor()
  let title = ''
  for (let n = 0; n < await options.count(); n++) { // one the learner does not have for ever already
    title = (await options.nth(n).innerText()).trim()
    if (n > 0) await desk.locator(at('give-course')).click()
    await desk.getByRole('option', { name: title, exact: true }).click()
    await desk.locator(at('give-why')).fill('线下课学员')
    await desk.locator(at('give-save')).click()
    const ok = desk.getByText('课程已经打开').first()
    const no = desk.locator('.el-dialog [role=alert], .el-dialog .error').first()
    await ok.or(no).waitFor()
    if (await ok.isVisible()) break
  }
  await desk.getByRole('link', { name: title, exact: true }).click()
  await desk.getByText('线下课学员').first().waitFor()
  await shot(desk, 'access-given-1440')
  await desk.locator(at('take-back')).first().click()
  await desk.locator(at('take-back-why')).fill('送错了人')
  await desk.locator(at('take-back-yes')).click()
  await desk.getByText('已收回').first().waitFor()
  await desk.getByText('送错了人').first().waitFor()
  assert.equal(await desk.locator(at('take-back')).count(), 0)
})

test('an address is added, tried, and listed', async () => {
  await desk.goto(product.url + '/console/webhooks')
  await desk.locator(at('webhook-new')).first().click()
  await desk.locator(at('webhook-save')).click()
  await desk.getByText('应为完整的网址').waitFor()
  await desk.locator(at('webhook-url')).fill(`http://127.0.0.1:${receiver.address().port}/hook`)
  await desk.locator(at('webhook-save')).click()
  await desk.locator(at('webhook-secret')).getByText(/^whsec_/).waitFor()
  await desk.locator(at('webhook-ping')).first().click()
  await desk.getByRole('cell').getByText('已送到').first().waitFor()
  assert.equal(got.length, 1)
  assert.match(got[0].head['webhook-signature'], /^v1,/)
  assert.equal(JSON.parse(got[0].body).type, 'ping')
  await shot(desk, 'webhooks-1440')
  assert.deepEqual(await axe(desk), [])
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.waitForTimeout(500)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'webhooks-390')
  assert.deepEqual(browser.faults, [])
})
