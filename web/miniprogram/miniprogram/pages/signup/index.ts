// Signing up for a campaign: filling the form in, changing it, cancelling.
import type { Signup } from '../../lib/api'
import { answersOf, lineOf, missing, picked, rowsOf, standing, toSend, type Answers } from '../../lib/signup'
import { api } from '../../services'
import { act, ask, load, look, type Tap, toast, type Typed } from '../../ui'

Page({
  data: { look, loading: true, error: '', busy: false, title: '', campaign: '', line: '', standing: '', after: '', open: false, over: false, editing: false, phone: '', rows: [] as ReturnType<typeof rowsOf> },
  id: 0,
  list: undefined as Signup | undefined,
  answers: {} as Answers,

  onLoad(q: Record<string, string | undefined>) {
    this.id = Number(q.campaign_id)
    void this.reload()
  },
  reload() { return load(this, async () => { this.show(await api.signup(this.id)) }) },
  // show is what was handed in, or the form for who is not on the list.
  show(s: Signup) {
    this.list = s
    this.answers = answersOf(s)
    this.setData({ title: s.title, campaign: s.campaign, line: lineOf(s), standing: standing(s), after: s.after_text ?? '', open: s.phase === 'open', over: s.phase === 'over', editing: s.phase === 'open' && !standing(s), phone: s.phone, rows: rowsOf(s, this.answers) })
  },
  put(answers: Answers) {
    this.answers = answers
    this.setData({ rows: rowsOf(this.list!, answers) })
  },
  typed(e: Typed) { this.answers = { ...this.answers, [Number(e.currentTarget.dataset.key)]: [e.detail.value] } },
  pick(e: Tap) { this.put(picked(this.list!, this.answers, Number(e.currentTarget.dataset.key), String(e.currentTarget.dataset.option))) },
  // give says whether the number we have may be used for this campaign.
  give(e: Tap) {
    const key = Number(e.currentTarget.dataset.key)
    this.put({ ...this.answers, [key]: this.answers[key]?.length ? [] : ['given'] })
  },
  // code is absent when the person said no.
  phoned(e: { currentTarget: { dataset: { key?: string } }; detail: { code?: string } }) {
    const { code } = e.detail
    const key = Number(e.currentTarget.dataset.key)
    if (!code) return undefined
    return act(this, async () => {
      const me = await api.keepPhone(code)
      this.setData({ phone: me.phone })
      this.put({ ...this.answers, [key]: ['given'] })
    })
  },
  send() {
    return act(this, async () => {
      const open = missing(this.list!, this.answers)
      if (open) { toast(`${open} 还没有填`); return }
      const s = await api.signUp(this.id, toSend(this.list!, this.answers))
      this.show(s)
      toast(s.mine?.state === 'waiting' ? '名额已满，已进候补' : '报名成功')
    })
  },
  change() { this.setData({ editing: true }) },
  cancel() {
    return act(this, async () => {
      if (!(await ask('取消报名？', '名额会给候补的人；再报名要重新排。', '取消报名'))) return
      this.show(await api.cancelSignup(this.id))
      toast('已取消')
    })
  },
  onShareAppMessage() { return { title: this.data.title, path: `/pages/signup/index?campaign_id=${this.id}` } },
})
