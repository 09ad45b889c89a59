// One course: what it is, its lessons, and what this person may do with it on this terminal, as the service says.
import type { CoursePage } from '../../lib/api'
import { card, kindWords, may, mmss, money, rich, when } from '../../lib/format'
import { homeworkWords } from '../../lib/homework'
import { shareID } from '../../lib/id'
import { origin } from '../../lib/visit'
import { api, events, purchase, shelf, visits } from '../../services'
import { act, go, load, look, type Tap, toast } from '../../ui'

type Row = CoursePage['lessons'][number]

function row(l: Row, i: number, all: Row[], owned: boolean) {
  const mark = l.finished ? '学完' : !l.playable ? (owned ? '未开放' : '未购买') : l.trial && !owned ? '试看' : l.position_seconds > 0 ? `学到 ${mmss(l.position_seconds)}` : ''
  return {
    id: l.id, title: l.title, open: l.playable, mark, chapter: l.chapter !== all[i - 1]?.chapter ? l.chapter : '',
    line: [kindWords[l.kind], l.seconds > 0 ? mmss(l.seconds) : '', l.quiz ? '有测验' : '', l.homework ? homeworkWords[l.homework.state] : '', owned ? l.reason : ''].filter(Boolean).join(' · '),
  }
}

// member is a course of a bundle as its page shows it.
const member = (m: NonNullable<CoursePage['members']>[number]) => ({ id: m.id, title: m.title, page: m.page, line: [m.teacher, `${m.lesson_count} 节`].filter(Boolean).join(' · '), mark: m.state === 'owned' ? '已拥有' : '未购买' })

// unpaid is what was ordered before and waits for its money, in words.
const unpaid = (list: CoursePage['unpaid']) => list.map((o) => ({
  no: o.out_trade_no, words: o.kind === 'gift' ? '送好友的订单待支付' : '您有一笔订单待支付', line: `${money(o.amount)} · 请在 ${when(o.expires_at)} 前支付`,
}))

Page({
  data: { look, loading: true, error: '', busy: false, course: card({ id: 0, kind: 'course', title: '', cover: '', category: '', teacher: '', lesson_count: 0, owned: false, actions: [] }), intro: '', refund: '', notSold: '', unpaid: [] as ReturnType<typeof unpaid>, may: {} as Record<string, boolean>, lessons: [] as ReturnType<typeof row>[], bundle: false, members: [] as ReturnType<typeof member>[], mine: 0, next: 0, trial: 0, certified: false },
  id: 0,
  viewed: false,

  onLoad(q: Record<string, string | undefined>) { this.id = Number(q.id) },
  onShow() { void this.reload() },
  reload() { return load(this, () => this.fetch()) },
  async fetch() {
    const c = await api.course(this.id)
    this.setData({
      course: card(c), intro: rich(c.intro), refund: c.refund ?? '', notSold: c.not_sold ?? '', unpaid: unpaid(c.unpaid), may: may(c.actions), lessons: c.lessons.map((l, i, all) => row(l, i, all, c.owned)), bundle: c.kind === 'bundle', members: (c.members ?? []).map(member), mine: c.owned ? 0 : (c.members_owned ?? 0),
      next: (c.lessons.find((l) => l.playable && !l.finished) ?? c.lessons.find((l) => l.playable))?.id ?? 0, trial: c.lessons.find((l) => l.trial)?.id ?? 0, certified: !!c.certificate,
    })
    wx.setNavigationBarTitle({ title: c.title })
    if (this.viewed) return
    this.viewed = true
    events.track('course_view', { course_id: this.id, ...origin(visits.current) })
  },
  open(e: Tap) {
    const { id, open } = e.currentTarget.dataset as { id: number; open: boolean }
    if (open) go(`/pages/lesson/index?id=${id}`)
  },
  member(e: Tap) {
    const { id, page } = e.currentTarget.dataset as { id: number; page: boolean }
    if (page) go(`/pages/course/index?id=${id}`)
  },
  certificate() { go(`/pages/certificate/index?id=${this.id}`) },
  buy() { go(`/pages/buy/index?id=${this.id}`) },
  pay(e: Tap) { go(`/pages/order/index?no=${(e.currentTarget.dataset as { no: string }).no}`) },
  give() { go(`/pages/buy/index?id=${this.id}&gift=1`) },
  claim() {
    return act(this, async () => {
      await purchase(() => {}).buy({ course_id: this.id, ...origin(visits.current) })
      shelf.changed++
      toast('已领取')
      await this.fetch()
    })
  },
  onShareAppMessage() {
    const share_id = shareID()
    events.track('share', { course_id: this.id, share_id })
    return { title: this.data.course.title, path: `/pages/course/index?id=${this.id}&share_id=${share_id}`, imageUrl: this.data.course.cover }
  },
})
