// An operator puts a group's code up; two people open the address, the second sees the next picture since the first was for
// one; they say they joined, and the page shows from where they came.
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { at, axe, Browser, enter, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, url
const name = `写作群 ${Date.now() % 100000}`
const folder = mkdtempSync(join(tmpdir(), 'groups-'))
before(async () => {
  product = await Product.make('groups')
  await product.start()
  browser = await Browser.launch()
  desk = await enter(product, browser)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

// picture gives a file with a picture the browser drew.
async function picture(text) {
  const page = await browser.page({ viewport: { width: 300, height: 300 } })
  await page.setContent(`<body style="margin:0;font:40px sans-serif;display:grid;place-items:center;height:300px;background:#fff">${text}</body>`)
  const file = join(folder, `${text}.png`)
  writeFileSync(file, await page.screenshot())
  await page.context().close()
  return file
}

test('a group with two pictures', async () => {
  await desk.goto(product.url + '/console/groups')
  await desk.locator(at('group-new')).click()
  await desk.locator(at('group-save')).click()
  await desk.getByText('请写名称').waitFor()
  await desk.locator(at('group-name')).fill(name)
  await desk.locator(at('group-note')).fill('周三晚上答疑')
  await desk.locator(at('group-save')).click()
  await desk.waitForURL(/groups\/\d+$/)
  await desk.locator(at('group-short')).getByText('没有能进的群码').waitFor()
  await desk.locator(at('group-add')).click()
  await desk.getByText('请上传群二维码的图片').waitFor()
  for (const [i, most] of ['1', '50'].entries()) {
    await desk.locator('input[type=file]').setInputFiles(await picture(`QR${i + 1}`))
    await desk.getByRole('button', { name: '去掉' }).waitFor()
    await desk.locator(at('group-most')).fill(most)
    await desk.locator(at('group-add')).click()
    await until('it stands in the list', async () => await desk.locator('.codes li').count() === i + 1)
  }
  assert.deepEqual(await axe(desk), [])
  await desk.locator(at('group-channel')).fill('菜单')
  url = (await desk.locator(at('group-url')).innerText()).trim()
  assert.match(url, /\/g\/[0-9a-z]{9}\?c=/)
})

test('the first sees the first picture, the second the next; both say they joined', async () => {
  const seen = []
  for (const n of [1, 2]) {
    const phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true, userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.50' })
    await phone.goto(product.url + new URL(url).pathname + new URL(url).search)
    await phone.getByRole('heading', { name }).waitFor()
    seen.push(await phone.locator('img').getAttribute('src'))
    assert.deepEqual(await axe(phone), [])
    assert.equal(await sideways(phone), 0)
    if (n === 1) await shot(phone, 'group-phone')
    await phone.getByRole('button', { name: '我进群了' }).click()
    await phone.getByText('记下了').waitFor()
    assert.equal(await phone.locator('img').getAttribute('src'), seen.at(-1))
    await phone.context().close()
  }
  assert.notEqual(seen[0], seen[1])
  await until('the page knows', async () => {
    await desk.reload()
    await desk.locator(at('group-channels')).waitFor()
    return (await desk.locator(at('group-channels')).innerText()).replace(/\s+/g, ' ').includes('菜单 2 2')
  })
  assert.deepEqual(await desk.locator('.codes li').evaluateAll((all) => all.map((x) => x.dataset.state)), ['full', 'live'])
  await shot(desk, 'group-1440')
})

test('full by hand, nobody is shown it; undone; on a phone the console fits', async () => {
  await desk.locator(at('code-full')).click()
  await desk.locator(at('group-short')).waitFor()
  await desk.getByRole('button', { name: '撤销' }).click()
  await until('open again', async () => await desk.locator(at('group-short')).count() === 0)
  await desk.setViewportSize({ width: 390, height: 844 })
  await desk.waitForTimeout(500)
  assert.equal(await sideways(desk), 0)
  assert.deepEqual(await small(desk), [])
  await shot(desk, 'group-390')
  assert.deepEqual(browser.faults, [])
})
