// What learners do in a lesson beyond looking at it, in real Chromium: an operator writes a quiz, the phone answers it
// wrong and right, and the desk counts what was picked.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, test } from 'node:test'
import { at, axe, Browser, login, Product, shot, sideways, small, until } from './lib.mjs'

let product, browser, desk, phone, course
before(async () => {
  product = await Product.make('learn')
  await product.start()
  browser = await Browser.launch()
  phone = await browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true })
  desk = await browser.page()
  await login(product, desk)
}, { timeout: 300_000 })
after(async () => {
  await browser?.close()
  await product?.end()
})

const go = async (route) => {
  await desk.goto(product.url + '/console' + route)
  await desk.locator('main h1').first().waitFor()
}
// narrow looks at the page at 390 px, where it must fit and be touched.
const narrow = async (name) => {
  await desk.setViewportSize({ width: 390, height: 844 })
  await until('it fits a phone', async () => (await sideways(desk)) === 0 && (await small(desk)).length === 0, 3000).catch(async () => assert.deepEqual([await sideways(desk), await small(desk)], [0, []]))
  await shot(desk, `${name}-390`)
  await desk.setViewportSize({ width: 1440, height: 900 })
}

test('an operator writes a course with a quiz, and is told what is missing', async () => {
  await go('/courses/new')
  await desk.locator(at('course-title')).fill(`有测验的课 ${Date.now() % 100000}`)
  await desk.locator(at('course-price')).fill('0')
  await desk.locator(at('course-save')).click()
  await until('the course is there', () => /courses\/(\d+)/.exec(desk.url()))
  course = /courses\/(\d+)/.exec(desk.url())[1]
  await go(`/courses/${course}/lessons/new`)
  await desk.locator(at('lesson-title')).fill('第一课')
  await desk.locator(at('quiz-add')).click()
  await desk.locator(at('lesson-save')).click()
  await desk.getByText('请写题目').waitFor()
  await desk.getByText('每个选项都要写').waitFor()
  await desk.locator(at('quiz-text-0')).fill('标题先写谁？')
  await desk.locator(at('quiz-option-0-0')).fill('读者')
  await desk.locator(at('quiz-option-0-1')).fill('自己')
  await desk.locator(at('lesson-save')).click()
  await desk.getByText('请选出正确答案').waitFor()
  await desk.locator(at('quiz-right-0-0')).click()
  await desk.locator(at('quiz-why-0')).fill('写给读者看的')
  await desk.locator(at('quiz-add')).click()
  await desk.locator(at('quiz-kind-1-multiple')).click()
  await desk.locator(at('quiz-text-1')).fill('好开头有什么？')
  await desk.locator(at('quiz-more-1')).click()
  for (const [o, text] of ['具体的人', '形容词', '具体的事'].entries()) await desk.locator(at(`quiz-option-1-${o}`)).fill(text)
  await desk.locator(at('quiz-right-1-0')).click()
  await desk.locator(at('quiz-right-1-2')).click()
  await desk.locator(at('quiz-add')).click()
  await desk.locator(at('quiz-kind-2-judge')).click()
  await desk.locator(at('quiz-text-2')).fill('写完马上发。')
  await desk.locator(at('quiz-right-2-1')).click()
  await desk.locator(at('quiz-pass')).fill('20')
  await desk.locator(at('quiz-tries')).fill('2')
  await shot(desk, 'console-quiz-fields')
  assert.deepEqual(await axe(desk), [])
  await narrow('console-quiz-fields')
  await desk.locator(at('lesson-save')).click()
  await desk.locator('li[data-lesson]').getByText('测验 3 道题，20 分及格，最多答 2 次').waitFor()
  await desk.locator(at('course-publish')).click()
  await desk.getByRole('dialog').getByRole('button', { name: '上架' }).click()
  await desk.locator(at('course-stop')).waitFor()
})

test('the phone answers wrong, reads why, answers right, and the lesson is finished', async () => {
  await phone.goto(product.phone + `/#/mini/course/${course}`)
  await phone.locator(at('claim')).click()
  await phone.locator(at('owned')).or(phone.locator(at('start-learning'))).first().waitFor()
  await phone.goto(product.phone + `/#/mini/course/${course}`)
  await phone.locator(at('learn')).click()
  await phone.locator(at('quiz-line')).getByText('还能答 2 次').waitFor()
  assert.equal(await phone.locator(at('finish')).count(), 0, 'passing is what finishes it')
  assert.equal(await phone.getByText('写给读者看的').count(), 0)
  await phone.locator(at('quiz-hand')).click()
  await phone.locator(at('quiz-error')).getByText('第 1 题还没有答').waitFor()
  const pick = async (...places) => { for (const [q, o] of places) await phone.locator(at(`quiz-option-${q}-${o}`)).click() }
  await pick([0, 1], [1, 0], [1, 1], [2, 1])
  await shot(phone, 'phone-quiz')
  assert.equal(await sideways(phone), 0)
  await phone.locator(at('quiz-hand')).click()
  await phone.locator(at('quiz-score')).getByText('10 分，没有及格').waitFor()
  await phone.getByText('写给读者看的').waitFor()
  await phone.getByText('正确答案：具体的人、具体的事').waitFor()
  await shot(phone, 'phone-quiz-result')
  await phone.locator(at('quiz-again')).click()
  await pick([0, 0], [1, 0], [1, 2], [2, 1])
  await phone.locator(at('quiz-hand')).click()
  await phone.locator(at('quiz-score')).getByText('30 分，及格了').waitFor()
  await phone.locator(at('finished')).waitFor()
  assert.equal(await phone.locator(at('quiz-again')).count(), 0, 'no try is left')
})

test('the desk counts what was picked, shows a paper, and gives it all as CSV', async () => {
  await go(`/courses/${course}?tab=lessons`)
  await desk.locator('li[data-lesson]').getByRole('link', { name: '第一课' }).click()
  await desk.locator(at('quiz-sums')).getByText('1 人交过卷，1 人及格（100%），共 2 份').waitFor()
  await desk.locator(at('quiz-figures-1')).getByText('2 次 · 100%').waitFor()
  await desk.locator(at('quiz-open')).first().click()
  await desk.locator(at('quiz-paper')).getByText('选了 读者；正确答案 读者').waitFor()
  await desk.locator(at('quiz-results')).scrollIntoViewIfNeeded()
  await shot(desk, 'console-quiz-results')
  assert.deepEqual(await axe(desk), [])
  await narrow('console-quiz-results')
  const [file] = await Promise.all([desk.waitForEvent('download'), desk.locator(at('quiz-csv')).click()])
  assert.match(fs.readFileSync(await file.path(), 'utf8'), /学员,第几次,得分,总分,及格,交卷时间\r\n\d+,2,30,30,是,/)
})
