// Every page, run outside WeChat against the real service: its code with a wx made of fetch, its WXML rendered.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Product, root, until } from '../../console/e2e/lib.mjs'
import { Desk, fake, Phone } from './phone.mjs'
import { handlers, parse, render, walk, words } from './wxml.mjs'

const app = path.join(root, 'web/miniprogram/miniprogram')
const build = path.join(root, 'web/miniprogram/build')
const { pages, tabBar } = JSON.parse(fs.readFileSync(path.join(app, 'app.json'), 'utf8'))
const require = createRequire(import.meta.url)
const read = (page, kind) => fs.readFileSync(path.join(app, `${page}.${kind}`), 'utf8')

let product, desk
before(async () => {
  fs.mkdirSync(path.join(root, 'test-output'), { recursive: true })
  product = await Product.make('miniprogram-pages')
  await product.start()
  desk = await Desk.login(product)
}, { timeout: 300_000 })
after(() => {
  for (const a of App.all) a.services?.events.forget() // or they would try for ever
  return product?.end()
})

// App is the Mini Program on one phone. Its modules are its own: another person's app shares nothing with it.
class App {
  static all = []
  went = [] // where the pages led
  shown = [] // titles and toasts
  yes = true // what the person answers when asked

  static async open(name, platform) {
    const a = new App()
    App.all.push(a)
    a.phone = await Phone.of(product, name, platform)
    const hear = (kind) => (o = {}) => { a.shown.push(o.title ?? o.content ?? kind) }
    const leads = (kind) => ({ url } = {}) => { a.went.push(url ?? kind) }
    Object.assign(a.phone.wx, {
      navigateTo: leads(), redirectTo: leads(), switchTab: leads(), navigateBack: leads('back'), showToast: hear(), setNavigationBarTitle: hear(),
      setTabBarStyle() {}, stopPullDownRefresh() {}, showModal: ({ success }) => success({ confirm: a.yes }),
      getFileSystemManager: () => ({ saveFileSync: (f) => `wxfile://store/${f.split('/').at(-1)}`, unlink: ({ filePath }) => a.shown.push(`unlink ${filePath}`) }),
    })
    return a
  }

  // use makes this app the one that module code sees as wx.
  use() {
    if (App.inUse === this) return
    App.inUse = this
    globalThis.wx = this.phone.wx
    for (const k of Object.keys(require.cache)) if (k.startsWith(build)) delete require.cache[k]
    require(path.join(build, 'config.js')).config.baseURL = product.url
    globalThis.App = (o) => { this.hooks = o }
    require(path.join(build, 'app.js'))
    this.services?.events.forget()
    this.services = require(path.join(build, 'services.js'))
  }

  // page opens a page as WeChat does, and waits until it has loaded.
  async page(name, query = {}) {
    this.use()
    let options
    globalThis.Page = (o) => { options = o }
    const file = path.join(build, `pages/${name}/index.js`)
    delete require.cache[file]
    require(file)
    const p = { ...options, data: structuredClone(options.data), setData(d) { Object.assign(this.data, d) }, html: () => render(path.join(app, `pages/${name}/index.wxml`), p.data) }
    p.words = () => words(p.html())
    p.html() // before anything has come
    p.onLoad?.(query)
    p.onShow?.()
    if ('loading' in p.data) await until(`${name} has loaded`, () => !p.data.loading)
    assert.equal(p.data.error ?? '', '', name)
    p.html()
    return p
  }
}
const close = (p) => { p.onHide?.(); p.onUnload?.() }
const tap = (dataset) => ({ currentTarget: { dataset } })
const typed = (value, dataset = {}) => ({ detail: { value }, currentTarget: { dataset } })
const courseOf = async (a, title) => (await a.page('index')).data.items.find((c) => c.title.includes(title)).id
const numberOf = (a) => /no=(\w+)/.exec(a.went.at(-1))[1]

test('every page has its four files, binds only what it has, and leads only where there is a page', () => {
  for (const t of tabBar.list) assert.ok(pages.includes(t.pagePath), t.pagePath)
  assert.deepEqual(fs.readdirSync(path.join(app, 'pages')).map((d) => `pages/${d}/index`).sort(), [...pages].sort())
  for (const page of pages) {
    JSON.parse(read(page, 'json'))
    read(page, 'wxss')
    const code = read(page, 'ts')
    const nodes = parse(read(page, 'wxml'))
    for (const h of handlers(nodes)) assert.match(code, new RegExp(`^  (async )?${h}\\(`, 'm'), `${page} has no ${h}`)
    const links = [...code.matchAll(/["'`]\/(pages\/\w+\/\w+)/g)].map((m) => m[1])
    walk(nodes, (n) => { if (n.attrs.url) links.push(n.attrs.url.slice(1).split('?')[0]) })
    for (const l of links) assert.ok(pages.includes(l), `${page} leads to ${l}`)
  }
})

test('the list shows what is sold, finds by word and category, and says where nothing is', async () => {
  const a = await App.open('看列表的人')
  const p = await a.page('index')
  assert.match(p.words(), /公众号写作 21 天 5 节 · 写作 ¥199 ¥299/)
  p.search(typed('Excel'))
  await until('found', () => p.data.items.length === 1)
  p.search(typed(''))
  p.choose(tap({ category: '写作' }))
  await until('chosen', () => p.data.items.length > 1 && p.data.items.every((c) => c.line.endsWith('写作')))
  p.search(typed('没有的词'))
  await until('nothing', () => /没有找到/.test(p.words()))
})

test('opening is told with where it came from, and so is what was bought', async () => {
  const a = await App.open('从文章来的人')
  a.use()
  a.hooks.onShow({ path: 'pages/course/index', scene: 1058, query: { id: '1', article_id: '1' } })
  const id = await courseOf(a, 'Excel')
  const p = await a.page('course', { id: String(id) })
  assert.match(p.words(), /第 1 课 先把表做干净.*试看.*第 2 课.*未购买.*立即购买/)
  assert.match(p.onShareAppMessage().path, new RegExp(`^/pages/course/index\\?id=${id}&share_id=[0-9a-f]{24}$`))
  await a.services.events.flush()
  const told = a.phone.calls.filter((c) => c.path === '/events')
  assert.deepEqual(told.flatMap((c) => c.sent.events.map((e) => [e.type, e.article_id])), [['mp_open', 1], ['course_view', 1], ['share', undefined]])
  assert.equal(told.reduce((n, c) => n + c.body.accepted, 0), 3)
  a.hooks.onPageNotFound({ path: 'pages/course/course', query: { id: String(id) } })
  assert.equal(a.went.at(-1), `/pages/course/index?id=${id}`)
})

test('bought with a coupon, by either road; studied; the money asked back, the wish taken back', async () => {
  const a = await App.open('买课的人')
  const id = await courseOf(a, '公众号写作')
  for (const lesson of [(await a.page('course', { id })).data.lessons[1]]) assert.equal(lesson.open, false)
  const buy = await a.page('buy', { id })
  assert.match(buy.words(), /新学员九折，减 ¥19.90.*虚拟支付 已选 微信支付.*¥199 提交订单/)
  buy.typed(typed('没有这个码'))
  await until('it says so', () => /没有这个码|没有这张/.test(JSON.stringify(buy.data.offers)) && !buy.data.busy)
  buy.typed(typed('new10'))
  await until('less is due', () => buy.data.due === '¥179.10' && !buy.data.busy)
  buy.road(tap({ via: 'jsapi' }))
  a.phone.thumb = 'cancel'
  await buy.buy()
  assert.equal(a.shown.at(-1), '已取消支付')
  const no = numberOf(a)
  const order = await a.page('order', { no })
  assert.match(order.words(), /待付款 ¥179.10.*优惠 -¥19.90.*继续支付 取消订单/)
  a.phone.thumb = 'pay'
  await order.pay()
  assert.match(order.words(), /已付款.*去学习.*申请退款/)
  close(order)

  const course = await a.page('course', { id })
  assert.match(course.words(), /已拥有.*继续学习/)
  course.open(tap({ id: course.data.lessons[1].id, open: true }))
  const lesson = await a.page('lesson', { id: a.went.at(-1).split('id=')[1] })
  assert.match(lesson.words(), /开头：一百字留住人.*只做一件事.*学完了/)
  lesson.finish()
  close(lesson)
  await until('it is in my courses', async () => /学完 1 节，20%/.test((await a.page('study')).words()))

  assert.match((await a.page('orders')).words(), /公众号写作 21 天 已付款 今天 \d\d:\d\d ¥179.10/)
  const refund = await a.page('refund', { no })
  assert.match(refund.words(), /下单时的规则.*可退 ¥179.10.*提交申请/)
  await refund.send()
  assert.equal(a.shown.at(-1), '请写明原因')
  refund.typed(typed('不合适'))
  await refund.send()
  const again = await a.page('order', { no })
  assert.match(again.words(), /撤回退款申请/)
  assert.doesNotMatch(again.words(), /申请退款|去学习/)
  await again.withdraw()
  assert.match(again.words(), /去学习.*申请退款/)
  close(again)
})

test('what the order asks is shown before it is paid, where the page had another sum', async () => {
  const a = await App.open('又来买的人')
  const id = await courseOf(a, '公众号写作')
  const first = await a.page('buy', { id })
  first.typed(typed('new10'))
  await until('less is due', () => first.data.due === '¥179.10' && !first.data.busy)
  first.road(tap({ via: 'jsapi' }))
  a.phone.thumb = 'cancel'
  await first.buy()
  // Without the code the page shows the course's price; the order that waits is the cheaper one.
  a.phone.thumb = 'pay'
  const again = await a.page('buy', { id })
  again.road(tap({ via: 'jsapi' }))
  assert.equal(again.data.due, '¥199')
  a.yes = false
  await again.buy()
  assert.equal(again.data.due, '¥179.10')
  const order = await a.page('order', { no: numberOf(a) })
  assert.match(order.words(), /待付款 ¥179.10/)
  a.yes = true
  await (await a.page('buy', { id })).buy()
  const paid = await a.page('order', { no: numberOf(a) })
  assert.match(paid.words(), /已支付 ¥179.10|¥179.10/)
})

test('where nothing may be sold there is no price and no way to buy, and the trial is open', async () => {
  // A house without virtual payment and without sample history: an iPhone may only learn there.
  const all = product
  delete process.env.LOUDOU_E2E_ATTACH
  product = await Product.make('miniprogram-learn', { LOUDOU_XPAY_OFFER_ID: '', LOUDOU_XPAY_APP_KEY: '', LOUDOU_XPAY_SANDBOX_APP_KEY: '' })
  try {
    fs.writeFileSync(path.join(product.dir, 'sample-history.done'), '')
    await product.start()
    const boss = await Desk.login(product)
    const { id } = await boss.call('POST', '/courses', { title: '只能学的课', price: 9900 })
    await boss.call('POST', `/courses/${id}/lessons`, { title: '试看的一节', kind: 'text', content: '<p>正文</p>', trial: true })
    await boss.call('POST', `/courses/${id}/publish`, {})
    const a = await App.open('苹果手机的人', 'ios')
    assert.match((await a.page('index')).words(), /只能学的课 1 节$/)
    assert.match((await a.page('course', { id })).words(), /试看的一节.*试看 评论 看看大家怎么说 试看 此终端不能购买$/)
    assert.match((await (await App.open('安卓手机的人')).page('index')).words(), /¥99$/)
  } finally {
    await product.end()
    product = all
  }
})

test('sound and film go on where they were left, and are finished when they end', async () => {
  const course = await desk.call('POST', '/courses', { title: `听和看 ${Date.now() % 100000}`, price: 0 })
  const made = {}
  for (const kind of ['audio', 'video']) made[kind] = (await desk.call('POST', `/courses/${course.id}/lessons`, { title: kind, kind, seconds: 100, media: `https://cdn.example.com/${kind}.mp4` })).id
  await desk.call('POST', `/courses/${course.id}/publish`, {})
  const a = await App.open('听课的人')
  const on = {}
  const audio = { ...Object.fromEntries(['Play', 'Pause', 'TimeUpdate', 'Ended', 'Error'].map((k) => [`on${k}`, (fn) => { on[k] = fn }])), play() { on.Play() }, pause() { on.Pause() }, seek(t) { audio.currentTime = t }, destroy() {} }
  a.phone.wx.createInnerAudioContext = () => audio
  await (await a.page('course', { id: course.id })).claim()

  let p = await a.page('lesson', { id: made.audio })
  assert.equal(audio.src, 'https://cdn.example.com/audio.mp4')
  p.toggle()
  for (audio.currentTime = 1; audio.currentTime <= 20; audio.currentTime++) on.TimeUpdate()
  assert.match(p.words(), /00:20 \/ 01:40 暂停/)
  close(p)
  const told = async (kind) => (await a.services.api.lesson(made[kind]))
  await until('it is told', async () => (await told('audio')).position_seconds === 20)
  p = await a.page('lesson', { id: made.audio })
  assert.equal(audio.startTime, 20)
  on.Ended()
  await until('it is finished', async () => (await told('audio')).finished)
  assert.match(p.words(), /已学完/)

  p = await a.page('lesson', { id: made.video })
  assert.match(p.html(), /<video[^>]* src="https:\/\/cdn.example.com\/video.mp4"[^>]* initial-time="0"/)
  p.played()
  for (let t = 1; t <= 30; t++) p.moved({ detail: { currentTime: t } })
  p.paused()
  await until('it is told', async () => (await told('video')).position_seconds === 30)
  assert.match((await a.page('lesson', { id: made.video })).html(), /initial-time="30"/)
  const played = a.phone.calls.filter((c) => c.path === '/events').flatMap((c) => c.sent.events).concat(a.phone.wx.getStorageSync('events')).filter((e) => e.type === 'lesson_play' && e.lesson_id === made.video)
  assert.equal(played.reduce((n, e) => n + (e.seconds ?? 0), 0), 30)
  p.broken()
  assert.match(p.words(), /播放失败，请重试 重试/)
})

test('where the course says so, what was not played is not skipped, and the learner is named on it', async () => {
  const course = await desk.call('POST', '/courses', { title: `不能跳 ${Date.now() % 100000}`, price: 0, playing: { watermark: true, no_forward: true } })
  const lesson = await desk.call('POST', `/courses/${course.id}/lessons`, { title: '一节', kind: 'video', seconds: 600, media: 'https://cdn.example.com/v.mp4' })
  await desk.call('POST', `/courses/${course.id}/publish`, {})
  const a = await App.open('想跳的人')
  let stands = 0
  a.phone.wx.createVideoContext = (id) => ({ seek(t) { assert.equal(id, 'film'); stands = t } })
  await (await a.page('course', { id: course.id })).claim()
  let p = await a.page('lesson', { id: lesson.id })
  assert.doesNotMatch(p.html(), /enable-progress-gesture/)
  assert.match(p.words(), /学员 \d+/)
  const first = p.data.place
  p.played()
  for (let t = 1; t <= 12; t++) p.moved({ detail: { currentTime: t } })
  assert.notEqual(p.data.place, first, 'the number moves')
  p.moved({ detail: { currentTime: 300 } })
  assert.deepEqual([stands, a.shown.at(-1)], [12, '没看过的部分不能跳过'])
  p.moved({ detail: { currentTime: 5 } }) // back is free, and forward again to where one was
  p.moved({ detail: { currentTime: 12 } })
  assert.equal(stands, 12)
  const now = Date.now
  Date.now = () => now() + 60_000 // the phone was locked for a minute and played on
  try { p.moved({ detail: { currentTime: 70 } }) } finally { Date.now = now }
  assert.equal(stands, 12)
  p.ended() // dragged to the end: that finishes nothing
  assert.deepEqual([stands, p.data.finished], [70, false])
  p.moved({ detail: { currentTime: 20 } }) // gone back to look again, and away: it goes on where it was
  p.paused()
  await until('it is told', async () => (await a.services.api.lesson(lesson.id)).position_seconds === 70)
  assert.equal((await a.page('lesson', { id: lesson.id })).data.from, 70)
  p.played()
  for (let t = 71; t <= 600; t++) p.moved({ detail: { currentTime: t } })
  p.ended()
  await until('it is finished', async () => (await a.services.api.lesson(lesson.id)).finished)
  p = await a.page('lesson', { id: lesson.id })
  p.played()
  p.moved({ detail: { currentTime: 500 } })
  assert.equal(stands, 70, 'who has finished goes where they like')
  assert.match(p.html(), /enable-progress-gesture="true"/)
})

test('a free course is claimed on its own page', async () => {
  const a = await App.open('领课的人')
  const p = await a.page('course', { id: await courseOf(a, '公开课') })
  assert.match(p.words(), /免费领取/)
  await p.claim()
  assert.match(p.words(), /已拥有.*继续学习/)
})

test('a finished course gives a certificate, in a name that may be shown, and a page that proves it', async () => {
  const course = await desk.call('POST', '/courses', { title: `有证书 ${Date.now() % 100000}`, price: 0, certificate: true })
  const { id: lesson } = await desk.call('POST', `/courses/${course.id}/lessons`, { title: '只有一课', kind: 'text', content: '<p>正文</p>' })
  await desk.call('POST', `/courses/${course.id}/publish`, {})
  const a = await App.open('学完的人')
  let p = await a.page('course', { id: course.id })
  await p.claim()
  assert.doesNotMatch(p.words(), /结业证书/)
  assert.match((await a.page('certificate', { id: course.id })).words(), /学完全部课时才能领/)
  await a.services.api.progress(lesson, { position_seconds: 0, finished: true })
  p = await a.page('course', { id: course.id })
  assert.match(p.words(), /结业证书 学完了，去领取/)
  p.certificate()
  assert.equal(a.went.at(-1), `/pages/certificate/index?id=${course.id}`)
  p = await a.page('certificate', { id: course.id })
  await p.take()
  assert.equal(a.shown.at(-1), '请写证书上的姓名')
  p.typed(typed('大傻子'))
  await p.take()
  assert.match(a.shown.at(-1), /内容检查/)
  a.yes = false
  p.typed(typed('王小明'))
  await p.take()
  assert.equal(p.data.certificate, null)
  a.yes = true
  await p.take()
  assert.match(p.words(), /王小明 学完 1 课，今天 \d\d:\d\d领取 编号 \w{4}-\w{4}-\w{4}-\w{4} 复制查证链接/)
  let copied
  a.phone.wx.setClipboardData = ({ data }) => { copied = data }
  p.copy()
  assert.match(await (await fetch(new URL(new URL(copied, product.url).pathname, product.url))).text(), /有效.*王小明/s)
  assert.match((await a.page('course', { id: course.id })).words(), /结业证书 查看/)
})

test('a gift goes from the one who pays to the one who opens it', async () => {
  const giver = await App.open('送礼的人')
  const id = await courseOf(giver, 'Excel')
  const buy = await giver.page('buy', { id, gift: '1' })
  await buy.buy()
  const no = numberOf(giver)
  const order = await giver.page('order', { no })
  assert.match(order.words(), /礼物 待领取 送给朋友/)
  close(order)
  const give = await giver.page('give', { no })
  const card = give.onShareAppMessage()
  assert.match(give.words(), /礼物码 \w{4}-\w{4}-\w{4}-\w{4} 复制 转发给朋友/)

  const friend = await App.open('收礼的人')
  const me = await friend.page('me')
  me.typed(typed(give.data.code.toLowerCase(), { field: 'gift' }))
  me.seeGift()
  assert.equal(friend.went.at(-1).toUpperCase().replaceAll('-', ''), card.path.toUpperCase())
  const gift = await friend.page('gift', { gift: give.data.code })
  assert.match(gift.words(), /Excel 效率课 待领取 领取/)
  await gift.take()
  assert.equal(friend.went.at(-1), `/pages/course/index?id=${id}`)
  assert.match((await friend.page('study')).words(), /Excel/)
  assert.match((await giver.page('give', { no })).words(), /朋友领走了/)
})

test('whoever keeps the last seat pays it from the course, a gift as well; to others the course is full', async () => {
  for (const gift of [true, false]) {
    const made = await desk.call('POST', '/courses', { title: '只有一个名额的课', price: 9900, sale: { seats: 1 } })
    await desk.call('POST', `/courses/${made.id}/publish`, {})
    const a = await App.open(gift ? '送最后一个名额的人' : '占着最后一个名额的人')
    a.phone.thumb = 'cancel'
    const buy = await a.page('buy', { id: made.id, ...(gift ? { gift: '1' } : {}) })
    await buy.buy()
    const course = await a.page('course', { id: made.id })
    assert.match(course.words(), gift ? /送好友的订单待支付 ¥99 · 请在 .* 前支付 去支付/ : /您有一笔订单待支付 ¥99/)
    assert.doesNotMatch(course.words(), /名额已满|送好友 /)
    assert.equal(course.data.may.buy ?? false, !gift)
    course.pay(typed('', { no: course.data.unpaid[0].no }))
    const order = await a.page('order', { no: /no=(\w+)$/.exec(a.went.at(-1))[1] })
    assert.match(order.words(), /继续支付/)
    const b = await App.open('没有名额的人')
    assert.match((await b.page('course', { id: made.id })).words(), /名额已满$/)
    close(order)
  }
})

test('me: a name and a face that stay on the phone, a wrong code is refused in words, and leaving takes all along', async () => {
  const a = await App.open('我')
  const p = await a.page('me')
  p.named(typed(' 小满 '))
  p.avatar({ detail: { avatarUrl: 'http://tmp/face.png' } })
  await a.page('orders')
  const again = await a.page('me')
  assert.deepEqual([again.data.name, again.data.avatar], ['小满', 'wxfile://store/face.png'])
  assert.match(again.words(), /学员号 \d+/)
  again.typed(typed('ABCD-EFGH-JKMN', { field: 'code' }))
  await again.redeem()
  assert.match(a.shown.at(-1), /兑换码/)
  assert.equal(a.phone.calls.some((c) => JSON.stringify(c.body ?? '').includes('小满')), false)
  await again.phoned({ detail: {} }) // the person said no
  const { code } = await fake(product, 'POST', '/fake/v1/login-code', { person: a.phone.person.id, phone: true })
  await again.phoned({ detail: { code } })
  assert.match(again.data.phone, /^\d{3}\*{4}\d{4}$/)
  await again.phoned({ detail: { code } }) // a code is good once
  assert.match(a.shown.at(-1), /再点一次/)
  const later = await a.page('me')
  await until('the number stands on the page', () => later.data.phone === again.data.phone)
  a.yes = false
  await again.erase()
  assert.ok(again.data.learner > 0)
  a.yes = true
  await again.erase()
  assert.deepEqual([again.data.learner, again.data.name, again.data.avatar, a.shown.at(-1)], [0, '', '', '已注销'])
  assert.ok(a.shown.includes('unlink wxfile://store/face.png'))
})

test('a redeem code opens its course', async () => {
  const [course] = (await desk.call('GET', '/courses?q=Excel')).items
  const batch = await desk.call('POST', '/redeem-batches', { course_id: course.id, size: 1, note: '试一张', starts_at: new Date(Date.now() - 1000).toISOString(), ends_at: new Date(Date.now() + 1e7).toISOString() })
  const [code] = /\w{4}-\w{4}-\w{4}/.exec(await desk.call('GET', `/redeem-batches/${batch.id}/codes.csv`))
  const a = await App.open('有码的人')
  const p = await a.page('me')
  p.typed(typed(code.toLowerCase(), { field: 'code' }))
  await p.redeem()
  assert.deepEqual([a.shown.at(-1), a.went.at(-1)], ['已兑换《Excel 效率课》', `/pages/course/index?id=${course.id}`])
})

test('without a network a page says so and loads when asked again', async () => {
  const a = await App.open('断网的人')
  a.phone.offline = true
  await assert.rejects(a.page('orders'), /网络不给力|出了点问题/)
  a.phone.offline = false
  await a.page('orders')
})

test('a quiz is answered, not passed, answered again and passed: then the lesson is finished', async () => {
  const course = await desk.call('POST', '/courses', { title: `有测验 ${Date.now() % 100000}`, price: 0 })
  const { id } = await desk.call('POST', `/courses/${course.id}/lessons`, { title: '考一考', kind: 'text', content: '<p>正文</p>', quiz: { pass: 6, tries: 2, questions: [
    { kind: 'single', text: '选一个', options: ['甲', '乙'], right: [1], points: 4, why: '因为' }, { kind: 'multiple', text: '选几个', options: ['丙', '丁', '戊'], right: [0, 2], points: 6, why: '' }] } })
  await desk.call('POST', `/courses/${course.id}/publish`, {})
  const a = await App.open('做测验的人')
  const page = await a.page('course', { id: course.id })
  await page.claim()
  assert.match(page.words(), /考一考 图文 · 有测验/)
  const lesson = await a.page('lesson', { id })
  assert.doesNotMatch(lesson.words(), /学完了$/)
  lesson.finish() // as a film that ended would
  assert.equal(lesson.data.finished, false)
  lesson.toQuiz()
  close(lesson)
  assert.equal(a.went.at(-1), `/pages/quiz/index?id=${id}`)
  const p = await a.page('quiz', { id })
  assert.match(p.words(), /2 道题，满分 10 分，6 分及格，还能答 2 次 1. 选一个 单选 · 4 分 A. 甲 B. 乙 2. 选几个 多选/)
  assert.doesNotMatch(JSON.stringify(p.data), /因为/)
  await p.hand()
  assert.equal(a.shown.at(-1), '第 1 题还没有答')
  const pick = (...places) => places.forEach(([question, option]) => p.pick(tap({ question, option })))
  pick([0, 0], [1, 0], [1, 1])
  await p.hand()
  assert.match(p.words(), /0 分，没有及格 再答一次 1. 选一个 A. 甲 B. 乙 答错，您选 A，正确答案 B 因为/)
  p.retry()
  await until('again', () => p.data.answering)
  pick([0, 0], [0, 1], [1, 2], [1, 1], [1, 1], [1, 0])
  await p.hand()
  assert.match(p.words(), /已经及格 10 分，及格了/)
  assert.doesNotMatch(p.words(), /再答一次/)
  assert.equal((await a.services.api.lesson(id)).finished, true)
})

test('a comment is written by who has the course, stands with its state, comes by pages and is deleted', async () => {
  const course = await desk.call('POST', '/courses', { title: `有评论 ${Date.now() % 100000}`, price: 0 })
  await desk.call('POST', `/courses/${course.id}/lessons`, { title: '一课', kind: 'text', content: '<p>正文</p>' })
  await desk.call('POST', `/courses/${course.id}/publish`, {})
  const a = await App.open('写评论的人')
  assert.match((await a.page('remarks', { id: course.id, owned: '0' })).words(), /有了这门课才能写评论 还没有评论/)
  await (await a.page('course', { id: course.id })).claim()
  const p = await a.page('remarks', { id: course.id, owned: '1' })
  await p.send()
  assert.equal(a.shown.at(-1), '请写点什么')
  p.typed(typed(' 讲得清楚 '))
  await p.send()
  assert.match(p.words(), /我 · .*讲得清楚 (正在检查|等待查看)，暂时只有您看得到 删除/)
  assert.equal(p.data.text, '')
  const { items } = await until('it waits at the desk', async () => { const r = await desk.call('GET', `/remarks?course_id=${course.id}&state=waiting`); return r.items.length && r })
  await desk.call('POST', `/remarks/${items[0].id}/show`, {})
  await desk.call('PUT', `/remarks/${items[0].id}/reply`, { content: '谢谢' })
  const b = await App.open('看评论的人')
  const other = await b.page('remarks', { id: course.id, owned: '0' })
  assert.match(other.words(), /学员 · .*讲得清楚 老师回复：谢谢/)
  assert.doesNotMatch(other.words(), /删除/)
  await desk.call('POST', `/remarks/${items[0].id}/refuse`, { reason: '说的是别的课' })
  const mine = await a.page('remarks', { id: course.id, owned: '1' })
  assert.match(mine.words(), /没有显示：说的是别的课/)
  await mine.remove(tap({ id: items[0].id }))
  assert.match(mine.words(), /还没有评论/)

  await desk.call('PUT', '/remark-setting', { how: 'after' })
  for (let n = 0; n < 22; n++) {
    const w = n % 4 ? null : await App.open(`第 ${n} 个写的人`)
    if (w) await (await w.page('course', { id: course.id })).claim()
    await App.inUse.services.api.writeRemark(course.id, `第 ${n} 条`, `page-${n}`)
  }
  await until('all are shown', async () => (await desk.call('GET', `/remarks?course_id=${course.id}&state=shown&page_size=100`)).items.length === 22)
  const long = await a.page('remarks', { id: course.id, owned: '1' })
  assert.equal(long.data.items.length, 20)
  long.onReachBottom()
  await until('the rest has come', () => long.data.items.length === 22)
  assert.deepEqual([long.data.items.at(-1).content, long.data.next, new Set(long.data.items.map((i) => i.id)).size], ['第 0 条', '', 22])
  await desk.call('PUT', '/remark-setting', { how: 'first' })
})

test('signing up for a campaign: filled in, changed, cancelled, waiting, and moving up', async () => {
  const today = new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10)
  const { id } = await desk.call('POST', '/campaigns', { name: `读书会 ${Date.now() % 100000}`, from: today, to: today })
  const ends = new Date(Date.now() + 3600_000).toISOString()
  const form = { open: true, title: '报名读书会', places: 1, ends_at: ends, after_text: '周六见', fields: [
    { key: 0, kind: 'text', label: '姓名', required: true }, { key: 0, kind: 'phone', label: '手机号', required: true }, { key: 0, kind: 'single', label: '场次', required: true, options: ['上午', '下午'] }, { key: 0, kind: 'multiple', label: '想听', required: false, options: ['写作', '阅读'] }, { key: 0, kind: 'lines', label: '想说的', required: false }] }
  await desk.call('PUT', `/campaigns/${id}/signup`, form)
  const a = await App.open('报名的人')
  const p = await a.page('signup', { campaign_id: String(id) })
  assert.match(p.words(), /报名读书会 读书会 \d+ 报名到 .*还有 1 个名额 姓名 手机号 留手机号 场次 上午 下午 想听（可不填） 写作 阅读 想说的（可不填）/)
  await p.send()
  assert.equal(a.shown.at(-1), '姓名 还没有填')
  p.typed(typed('小红', { key: 1 }))
  await p.send()
  assert.equal(a.shown.at(-1), '手机号 还没有填')
  await p.phoned({ currentTarget: { dataset: { key: '2' } }, detail: {} })
  await p.phoned({ currentTarget: { dataset: { key: '2' } }, detail: await product.fake('POST', '/login-code', { person: a.phone.person.id, phone: true }) })
  assert.match(p.words(), /用 \d{3}\*\*\*\*\d{4} 已选 换一个手机号/)
  const pick = (key, option) => p.pick(tap({ key, option }))
  pick(3, '上午'); pick(3, '下午'); pick(4, '写作'); pick(4, '阅读'); pick(4, '写作')
  assert.deepEqual(p.answers, { 1: ['小红'], 2: ['given'], 3: ['下午'], 4: ['阅读'] })
  await p.send()
  assert.match(p.words(), /已报名 周六见 修改填的内容 取消报名$/)

  const b = await App.open('候补的人')
  const q = await b.page('signup', { campaign_id: String(id) })
  assert.match(q.words(), /名额已满，现在报名进候补/)
  await b.services.api.keepPhone((await product.fake('POST', '/login-code', { person: b.phone.person.id, phone: true })).code)
  await q.reload()
  q.typed(typed('小明', { key: 1 }))
  q.give(tap({ key: 2 })); q.give(tap({ key: 2 })); q.give(tap({ key: 2 }))
  q.pick(tap({ key: 3, option: '上午' }))
  await q.send()
  assert.match(q.words(), /候补中，下一个就是您/)

  const again = await a.page('signup', { campaign_id: String(id) })
  again.change()
  again.typed(typed('小红花', { key: 1 }))
  await again.send()
  a.yes = false
  await again.cancel()
  assert.match(again.words(), /已报名/)
  a.yes = true
  await again.cancel()
  assert.equal(a.shown.at(-1), '已取消')
  assert.match(again.words(), /小红花|姓名/)
  await q.reload()
  assert.match(q.words(), /已报名 周六见/)
  await desk.call('PUT', `/campaigns/${id}/signup`, { ...form, version: 1, ends_at: undefined, open: false, fields: [{ key: 1, kind: 'text', label: '姓名', required: true }] })
  await q.reload()
  assert.match(q.words(), /报名暂停了 已报名 周六见 取消报名$/) // switched off, a place may still be given back
  assert.doesNotMatch(q.words(), /修改填的内容/)
})

test('homework is handed in with a picture, returned, handed in anew and marked; a good one is shown to others', async () => {
  const course = await desk.call('POST', '/courses', { title: `有作业 ${Date.now() % 100000}`, price: 0 })
  const lesson = await desk.call('POST', `/courses/${course.id}/lessons`, { title: '一课', kind: 'text', content: '<p>正文</p>' })
  await desk.call('POST', `/courses/${course.id}/publish`, {})
  await desk.call('PUT', `/lessons/${lesson.id}/homework`, { title: '拍一张笔记', task: '写两句话', need_text: true, need_pictures: true, counts: true })
  const a = await App.open('交作业的人')
  await (await a.page('course', { id: course.id })).claim()
  assert.match((await a.page('course', { id: course.id })).words(), /一课 图文 · 有作业/)
  const l = await a.page('lesson', { id: lesson.id })
  assert.match(l.words(), /做作业，通过就学完$/)
  l.toHomework()
  assert.equal(a.went.at(-1), `/pages/homework/index?id=${lesson.id}`)
  close(l)
  const p = await a.page('homework', { id: lesson.id })
  assert.match(p.words(), /拍一张笔记 写两句话 要交文字和图片，图片最多 9 张；通过才算学完这一课/)
  await p.hand()
  assert.equal(a.shown.at(-1), '请写上文字')
  p.typed(typed('我的笔记'))
  await p.hand()
  assert.equal(a.shown.at(-1), '请选图片')
  a.phone.chosen = ['wxfile://tmp_1.png', 'wxfile://tmp_2.png']
  await p.choose()
  assert.deepEqual([p.data.pictures.length, p.data.room], [2, 7])
  p.remove(tap({ n: 1 }))
  await p.hand()
  assert.match(p.words(), /我交的 待批改 .*我的笔记 重交/)
  const { items: [one] } = await desk.call('GET', `/homework?lesson_id=${lesson.id}`)
  assert.deepEqual([one.content, one.pictures.length, one.state], ['我的笔记', 1, 'waiting'])
  await desk.call('POST', `/homework/${one.id}/return`, { words: '再具体一点' })
  await p.reload()
  assert.match(p.words(), /我交的 退回重交 .*老师：再具体一点/)
  p.typed(typed('具体的笔记'))
  await p.choose()
  await p.hand()
  const { items: [two] } = await desk.call('GET', `/homework?lesson_id=${lesson.id}&state=waiting`)
  await until('WeChat has looked', async () => (await desk.call('GET', `/homework/${two.id}`)).check === 'pass')
  await desk.call('POST', `/homework/${two.id}/mark`, { score: 95, words: '很好' })
  await desk.call('PUT', `/homework/${two.id}/featured`, { featured: true })
  await p.reload()
  assert.match(p.words(), /我交的 95 分 .*老师：很好 老师选了这份给同学看/)
  assert.doesNotMatch(p.words(), /提交/)
  assert.match((await a.page('course', { id: course.id })).words(), /作业已批改 学完/)
  const b = await App.open('看作业的同学')
  await (await b.page('course', { id: course.id })).claim()
  const other = (await b.page('homework', { id: lesson.id })).words()
  assert.match(other, /精选作业 学员 · .* 95 分 具体的笔记/)
  assert.doesNotMatch(other, /很好/)
})
