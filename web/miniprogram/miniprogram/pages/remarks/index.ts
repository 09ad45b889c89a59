// The comments of a course: the pinned first, then one's own that others do not see, then the newest; writing one.
import { Draft, line } from '../../lib/remark'
import { api, events } from '../../services'
import { act, ask, load, look, type Tap, toast, type Typed } from '../../ui'

Page({
  data: { look, loading: true, error: '', busy: false, open: false, owned: false, text: '', items: [] as ReturnType<typeof line>[], next: '' },
  id: 0,
  draft: new Draft(),

  onLoad(q: Record<string, string | undefined>) {
    this.id = Number(q.id)
    this.setData({ owned: q.owned === '1' })
    void this.reload()
  },
  onReachBottom() { if (this.data.next) void load(this, () => this.fetch(this.data.next)) },
  reload() { return load(this, () => this.fetch('')) },
  async fetch(token: string) {
    const r = await api.remarks(this.id, token)
    const had = token ? this.data.items : [...r.pinned, ...r.own].map((one) => line(one))
    this.setData({ open: r.open, items: [...had, ...r.items.map((one) => line(one))], next: r.next_page_token })
  },
  typed(e: Typed) { this.setData({ text: e.detail.value }) },
  send() {
    return act(this, async () => {
      const fault = Draft.fault(this.data.text)
      if (fault) { toast(fault); return }
      const { key, content } = this.draft.sending(this.data.text)
      await api.writeRemark(this.id, content, key)
      this.draft.taken()
      events.track('comment', { course_id: this.id })
      this.setData({ text: '' })
      toast('已提交，检查后显示')
      await this.fetch('')
    })
  },
  remove(e: Tap) {
    return act(this, async () => {
      if (!await ask('删除评论', '删掉以后不能恢复。', '删除')) return
      await api.withdrawRemark(Number(e.currentTarget.dataset.id))
      await this.fetch('')
    })
  },
})
