// The Mini Program's own modules against the real service and the fake WeChat: from the list to the refund.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Product, root, until } from '../../console/e2e/lib.mjs'
import api from '../build/lib/api.js'
import events from '../build/lib/events.js'
import purchase from '../build/lib/purchase.js'
import study from '../build/lib/study.js'
import adapter from '../build/wx.js'
import { Desk, fake, Phone } from './phone.mjs'

let product, desk, android, courses
const buffers = []
before(async () => {
  fs.mkdirSync(path.join(root, 'test-output'), { recursive: true })
  product = await Product.make('miniprogram')
  await product.start()
  desk = await Desk.login(product)
  android = await holding('小程序的人')
  courses = (await android.api.courses({})).items
}, { timeout: 300_000 })
after(() => {
  for (const b of buffers) b.forget() // or they would try for ever
  return product?.end()
})

// holding is a person with the Mini Program open.
async function holding(name, platform) {
  return opened(await Phone.of(product, name, platform))
}
function opened(phone) {
  const port = adapter.wxPort(phone.wx)
  const client = new api.Api(port, product.url, 50)
  const buffer = new events.Events(port, client, 10_000)
  buffers.push(buffer)
  const states = []
  return { phone, port, states, api: client, events: buffer, progress: new study.Progress(port, client), purchase: new purchase.Purchase(port, client, (s) => states.push(s), 100) }
}
const named = (title) => courses.find((c) => c.title.includes(title))
const refused = (code) => (e) => { assert.equal(e.code, code, e.message); return true }

test('courses are listed, searched and chosen by category', async () => {
  assert.ok(courses.length >= 5)
  assert.deepEqual((await android.api.courses({ q: '写作 21' })).items.map((c) => c.title), ['公众号写作 21 天'])
  assert.ok((await android.api.courses({ category: '办公' })).items.every((c) => c.category === '办公'))
})

test('the service says what may be done on this terminal', async () => {
  const here = await android.api.course(named('写作 21').id)
  assert.deepEqual([here.price, here.vias], [19900, ['xpay', 'jsapi']])
  assert.ok(here.actions.includes('buy') && here.actions.includes('trial'))
  assert.deepEqual((await (await holding('苹果的人', 'ios')).api.course(here.id)).vias, ['xpay'])
})

test('one login serves calls made together, and one more replaces a token the service no longer takes', async () => {
  const p = await holding('同时的人')
  await Promise.all([p.api.courses({}), p.api.myCourses(), p.api.orders()])
  assert.equal(p.phone.count('POST', '/session'), 1)
  p.phone.storage.set('session', JSON.stringify({ token: 'old', until: Date.now() + 1e6, learner: 1 }))
  const again = opened(p.phone)
  await Promise.all([again.api.courses({}), again.api.myCourses(), again.api.orders()])
  assert.equal(p.phone.count('POST', '/session'), 2)
})

test('a trial is open, a paid lesson is not', async () => {
  const c = await android.api.course(named('数据入门').id)
  const l = await android.api.lesson(c.lessons[0].id)
  assert.equal(l.owned, false)
  await assert.rejects(android.api.lesson(c.lessons[1].id), refused('forbidden'))
})

test('WeChat Pay: a closed sheet leaves the order open, the next purchase is the same order, and it is paid', async () => {
  const wish = { course_id: named('数据入门').id, via: 'jsapi' }
  android.phone.thumb = 'cancel'
  const first = await android.purchase.buy(wish)
  assert.deepEqual([first.at, first.why, first.order.status], ['unpaid', '', 'pending'])
  android.phone.thumb = 'pay'
  android.states.length = 0
  const second = await android.purchase.buy(wish)
  assert.deepEqual([second.at, second.order.out_trade_no, second.order.via], ['paid', first.order.out_trade_no, 'jsapi'])
  assert.deepEqual(android.states, ['placing', 'paying', 'confirming', 'idle'])
  assert.equal((await android.purchase.buy(wish)).at, 'owned')
})

test('an answer lost on the way is asked for again with the same key, and is the same order', async () => {
  const p = await holding('地铁里的人')
  let lost = 0
  p.phone.lose = (method, path) => method === 'POST' && path === '/orders' && lost++ < 4
  const wish = { course_id: named('Excel').id, via: 'jsapi' }
  await assert.rejects(p.purchase.buy(wish), refused('unreachable')) // three tries of the first tap
  assert.equal((await p.purchase.buy(wish)).at, 'paid') // the second tap, whose first answer is lost too
  const placed = p.phone.calls.filter((c) => c.method === 'POST' && c.path === '/orders')
  assert.equal(placed.length, 5)
  assert.equal(new Set(placed.map((c) => c.header['Idempotency-Key'])).size, 1)
  assert.equal(new Set(placed.map((c) => c.body.out_trade_no)).size, 1)
  assert.equal((await p.api.orders()).items.length, 1)
})

test('two taps are one purchase', async () => {
  const p = await holding('手快的人')
  const wish = { course_id: named('Excel').id }
  const [a, b] = await Promise.all([p.purchase.buy(wish), p.purchase.buy(wish)])
  assert.equal(a.order.out_trade_no, b.order.out_trade_no)
  assert.equal(p.phone.count('POST', '/orders'), 1)
})

test('virtual payment: signed with a login WeChat has since renewed, it logs in again and is paid', async () => {
  const p = await holding('虚拟支付的人', 'ios')
  await p.api.myCourses()
  await fake(product, 'POST', '/fake/v1/session-key', { person: p.phone.person.id })
  const got = await p.purchase.buy({ course_id: named('短视频').id })
  assert.deepEqual([got.at, got.order.via], ['paid', 'xpay'])
  assert.equal(p.phone.count('POST', '/session'), 2)
})

test('money WeChat took is found though its notice never came', async () => {
  const p = await holding('没通知的人')
  await fake(product, 'PUT', '/fake/v1/bad-days', { notice: { never: true } })
  try {
    assert.equal((await p.purchase.buy({ course_id: named('Excel').id, via: 'jsapi' })).at, 'paid')
  } finally { await fake(product, 'PUT', '/fake/v1/bad-days', {}) }
})

test('a free course is claimed without a sheet', async () => {
  const got = await android.purchase.buy({ course_id: named('公开课').id })
  assert.deepEqual([got.at, got.order.amount], ['paid', 0])
})

test('studying: what was played is told, the next sitting goes on there, and finished is finished', async () => {
  const c = await android.api.course(named('数据入门').id)
  const sit = async () => new study.Study(await android.api.lesson(c.lessons[1].id), android.events, android.progress)
  const first = await sit()
  first.begin()
  for (let t = 1; t <= 20; t++) first.at(t)
  first.at(200) // a jump forward is no playing
  first.pause()
  const position = async () => (await android.api.lesson(c.lessons[1].id)).position_seconds
  await until('the service knows the position', async () => (await position()) === 200)
  const second = await sit()
  assert.equal(second.position, 200)
  second.at(50)
  second.pause()
  await android.progress.sync()
  assert.equal(await position(), 200, 'going back loses nothing')
  android.phone.offline = true
  second.at(300)
  second.finish()
  await until('it is kept on the phone', () => android.port.read('progress')?.[c.lessons[1].id]?.finished)
  android.phone.offline = false
  assert.equal((await sit()).position, 0, 'finished on this phone, it starts anew')
  await android.progress.sync()
  assert.equal((await android.api.lesson(c.lessons[1].id)).finished, true)
  assert.equal((await android.api.myCourses()).items.find((m) => m.id === c.id).finished_lessons, 1)
  const seconds = android.port.read('events').filter((e) => e.type === 'lesson_play').reduce((n, e) => n + (e.seconds ?? 0), 0)
  assert.equal(seconds, 20)
})

test('events wait out a lost network and a closed app, and count once though an answer is lost', async () => {
  const p = await holding('离线的人')
  p.phone.offline = true
  for (let i = 0; i < 60; i++) p.events.track('search', { props: { q: `词 ${i}` } })
  await p.events.flush()
  const again = opened(p.phone) // the app was closed and opened
  assert.equal(again.events.waiting, 60)
  p.phone.offline = false
  let lost = 0
  p.phone.lose = (_, path) => path === '/events' && lost++ === 0
  await again.events.flush()
  assert.equal(again.events.waiting, 60)
  await again.events.flush()
  assert.equal(again.events.waiting, 0)
  const told = p.phone.calls.filter((c) => c.path === '/events').map((c) => c.body)
  assert.deepEqual(told.map((r) => [r.accepted, r.duplicate]), [[50, 0], [0, 50], [10, 0]])
})

test('an event the door will never take does not hold up the others', async () => {
  const p = await holding('坏事件的人')
  p.events.track('paid')
  p.events.track('search', { props: { q: '好' } })
  await p.events.flush()
  assert.equal(p.events.waiting, 0)
  assert.deepEqual(p.phone.calls.at(-1).body, { accepted: 1, duplicate: 0, rejected: [{ index: 0, reason: 'server_type' }] })
})

test('a refund is asked for, taken back, asked for again and granted; the lesson is shut and the course can be bought anew', async () => {
  const c = await android.api.course(named('数据入门').id)
  const no = (await android.api.orders()).items.find((o) => o.course_id === c.id).out_trade_no
  assert.equal((await android.api.refundOffer(no)).amount, 4900)
  await android.api.askRefund(no, '买错了')
  await assert.rejects(android.api.lesson(c.lessons[1].id), refused('forbidden'))
  await android.api.withdrawRefund(no)
  await android.api.lesson(c.lessons[1].id)
  const asked = await android.api.askRefund(no, '还是不要了')
  await desk.call('POST', `/refunds/${asked.out_refund_no}/approve`, {})
  const order = await until('the money is back', async () => { const o = await android.api.order(no); return o.status === 'refunded' && o }, 20_000)
  assert.deepEqual([order.refunded, order.actions], [4900, ['buy']])
  await assert.rejects(android.api.lesson(c.lessons[1].id), refused('forbidden'))
})

test('an order is cancelled', async () => {
  const p = await holding('反悔的人')
  p.phone.thumb = 'cancel'
  const { order } = await p.purchase.buy({ course_id: named('Excel').id, via: 'jsapi' })
  await p.api.cancel(order.out_trade_no)
  await until('it is closed', async () => (await p.api.order(order.out_trade_no)).status === 'closed')
  assert.equal((await p.purchase.payOrder(order.out_trade_no)).at, 'closed')
})

test('a gift is bought, looked at and opened by a friend; a second gift is another order', async () => {
  const giver = await holding('送课的人'), friend = await holding('收课的人')
  const wish = { course_id: named('Excel').id, gift: true, via: 'jsapi' }
  const { order } = await giver.purchase.buy(wish)
  const { code, path } = await giver.api.gift(order.out_trade_no)
  assert.equal(path, `pages/gift/index?gift=${code}`)
  assert.deepEqual((await friend.api.lookAtGift(code)).actions, ['open'])
  await friend.api.openGift(code)
  assert.deepEqual((await friend.api.myCourses()).items.map((c) => c.id), [wish.course_id])
  assert.notEqual((await giver.purchase.buy(wish)).order.out_trade_no, order.out_trade_no)
})

test('erased, one is somebody new; with money open, not yet', async () => {
  const p = await holding('要走的人')
  p.phone.thumb = 'cancel'
  const { order } = await p.purchase.buy({ course_id: named('Excel').id, via: 'jsapi' })
  const old = p.api.learner
  await assert.rejects(p.api.eraseMe(), refused('money_open'))
  await p.api.cancel(order.out_trade_no)
  await until('it is closed', async () => (await p.api.order(order.out_trade_no)).status === 'closed')
  await p.api.eraseMe()
  assert.equal(p.api.learner, 0)
  assert.deepEqual((await p.api.orders()).items, [])
  assert.notEqual(p.api.learner, old)
})
