// What needs no service: words and figures, and where a visit came from.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import format from '../build/lib/format.js'
import homework from '../build/lib/homework.js'
import id from '../build/lib/id.js'
import quiz from '../build/lib/quiz.js'
import remark from '../build/lib/remark.js'
import signup from '../build/lib/signup.js'
import visit from '../build/lib/visit.js'

test('money and time as a person reads them', () => {
  assert.deepEqual([0, 1, 100, 19900, 19990].map(format.money), ['免费', '¥0.01', '¥1', '¥199', '¥199.90'])
  assert.deepEqual([0, 65.9, 3600, 3725].map(format.mmss), ['00:00', '01:05', '1:00:00', '1:02:05'])
  const now = new Date(2026, 10, 28, 20, 0)
  assert.equal(format.when(new Date(2026, 10, 28, 9, 5).toISOString(), now), '今天 09:05')
  assert.equal(format.when(new Date(2026, 2, 1, 9, 5).toISOString(), now), '3 月 1 日 09:05')
  assert.equal(format.when(new Date(2025, 2, 1, 9, 5).toISOString(), now), '2025 年 3 月 1 日')
  assert.equal(format.when(undefined), '')
})

test('a serial is read out in fours', () => {
  assert.deepEqual(['', '2345', '23456789ABCDEFGH'].map(format.serialWords), ['', '2345', '2345-6789-ABCD-EFGH'])
})

test('where this terminal may not be sold to, a card has no price', () => {
  const c = { id: 1, title: '课', cover: '', category: '写作', teacher: '', lesson_count: 3, owned: false, actions: [] }
  assert.deepEqual([format.card(c).price, format.card(c).was, format.card(c).line], ['', '', '3 节 · 写作'])
  const sold = format.card({ ...c, price: 100, original_price: 200 })
  assert.deepEqual([sold.price, sold.was], ['¥1', '¥2'])
  assert.equal(format.card({ ...c, price: 200, original_price: 200 }).was, '')
  const end = '2099-12-01T12:00:00Z'
  assert.match(format.card({ ...c, price: 100, original_price: 200, flash_until: end }).until, /^限时价，到 2099/)
  assert.equal(format.card({ ...c, flash_until: end }).until, '') // no price, no flash price
  assert.deepEqual([format.card({ ...c, not_sold: '已停售' }).sale, format.card(c).sale], ['已停售', ''])
  assert.equal(format.card({ ...c, seats_left: 3 }).sale, '剩余 3 个名额')
})

test('ids are UUIDs of version 7, in order of time, none twice', () => {
  const many = Array.from({ length: 2000 }, () => id.uuid7())
  assert.equal(new Set(many).size, 2000)
  for (const u of many) assert.match(u, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.ok(id.uuid7(1_000) < id.uuid7(2_000))
})

test('an opening is told from a return to the same page', () => {
  const v = new visit.Visits()
  const from = { path: 'pages/course/index', scene: 1058, query: { id: '3', article_id: '7', channel: '%E9%97%A8%E5%BA%97', share_id: 'x'.repeat(80), campaign_id: '-1' } }
  const first = v.show(from, 0)
  assert.deepEqual(JSON.parse(JSON.stringify(first)), { scene: 1058, article_id: 7, channel: '门店', share_id: 'x'.repeat(64) })
  v.hide(1_000)
  assert.equal(v.show(from, 30_000), undefined, 'back from the payment sheet')
  assert.equal(v.current.article_id, 7)
  v.hide(31_000)
  assert.ok(v.show(from, 31_000 + 5 * 60_000), 'after a while it is a new one')
  v.hide(400_000)
  assert.deepEqual(JSON.parse(JSON.stringify(v.show({ path: 'pages/index/index', scene: 1089, query: {} }, 400_001))), { scene: 1089 })
})

test('a channel that is no escape is kept as it is', () => {
  assert.equal(visit.visitOf(1, { channel: '100%' }).channel, '100%')
})

test('a quiz sheet keeps one answer or several, and hands the same answers in under the same key', () => {
  const { Sheet, triesWords } = quiz
  const s = new Sheet({ hash: 'h', left: -1, questions: [{ kind: 'single', text: '一', options: ['a', 'b'], points: 1 }, { kind: 'multiple', text: '二', options: ['a', 'b', 'c'], points: 2 }] })
  assert.equal(triesWords(s.quiz), '次数不限')
  assert.equal(s.open, 0)
  s.pick(0, 0)
  s.pick(0, 1)
  s.pick(0, 7)
  s.pick(9, 0)
  for (const o of [2, 0, 1, 1]) s.pick(1, o)
  assert.deepEqual([s.picks, s.open], [[[1], [0, 2]], -1])
  const { key, body } = s.handing()
  assert.deepEqual(body, { hash: 'h', answers: [[1], [0, 2]] })
  assert.equal(s.handing().key, key)
  s.pick(0, 0)
  assert.notEqual(s.handing().key, key)
})

test('a comment is written once under one key, and its writer is told where it stands', () => {
  const { Draft, stateWords } = remark
  assert.deepEqual([Draft.fault('  '), Draft.fault('😀'.repeat(500)), Draft.fault('字'.repeat(501))], ['请写点什么', '', '最多 500 个字，现在有 501 个'])
  const d = new Draft()
  const { key, content } = d.sending(' 好 ')
  assert.equal(content, '好')
  assert.equal(d.sending('好').key, key)
  assert.notEqual(d.sending('很好').key, key)
  const again = d.sending('很好').key
  d.taken()
  assert.notEqual(d.sending('很好').key, again)
  assert.deepEqual(['shown', 'checking', 'waiting'].map((state) => stateWords({ state })), ['', '正在检查，暂时只有您看得到', '等待查看，暂时只有您看得到'])
  assert.equal(stateWords({ state: 'refused', why: '说的是别的课' }), '没有显示：说的是别的课')
})

test('a hand-in of homework says what it lacks, and the same again goes under the same key', () => {
  const h = { need_text: true, need_pictures: true, most_pictures: 9, counts: false, actions: ['hand_in'], featured: [], lesson_id: 1, title: '', task: '' }
  const { Sheet, needs, markWords } = homework
  const s = new Sheet(h)
  assert.equal(s.fault(), '请写上文字')
  s.text = ' 写了 '
  assert.equal(s.fault(), '请选图片')
  s.pictures.push({ id: 7, url: 'x' })
  assert.deepEqual([s.fault(), s.room], ['', 8])
  const first = s.handing()
  assert.deepEqual(first.body, { content: '写了', pictures: [7] })
  assert.equal(s.handing().key, first.key)
  s.text = '长'.repeat(2001)
  assert.match(s.fault(), /最多 2000 个字，现在有 2001 个/)
  assert.notEqual(s.handing().key, first.key)
  const back = new Sheet({ ...h, last: { state: 'returned', content: '写了', pictures: [{ id: 7, url: 'x' }] } })
  assert.deepEqual([back.text, back.pictures.length, back.room, back.fault()], ['写了', 1, 8, ''])
  assert.equal(new Sheet({ ...h, last: { state: 'waiting', content: '写了', pictures: [] } }).text, '')
  assert.equal(needs(h), '要交文字和图片，图片最多 9 张')
  assert.deepEqual(['marked', 'marked', 'returned'].map((state, n) => markWords({ state, score: [95][n] })), ['95 分', '通过', '退回重交'])
})

test('an option of a sign-up list that is there no more falls away from what was picked', () => {
  const s = { fields: [{ key: 1, kind: 'multiple', options: ['写作'] }, { key: 2, kind: 'single', options: ['上午'], required: true, label: '场次' }, { key: 3, kind: 'text', options: [] }],
    mine: { answers: [{ key: 1, values: ['写作', '阅读'] }, { key: 2, values: ['下午'] }, { key: 3, values: ['话'] }] } }
  const had = signup.answersOf(s)
  assert.deepEqual(had, { 1: ['写作'], 2: [], 3: ['话'] })
  assert.equal(signup.missing(s, had), '场次')
})
