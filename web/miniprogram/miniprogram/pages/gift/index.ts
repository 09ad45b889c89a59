// A gift, by its code: what it is, and opening it. Whoever comes first has it.
import { giftWords } from '../../lib/format'
import { plain } from '../../lib/visit'
import { api, shelf } from '../../services'
import { act, load, look, toast } from '../../ui'

Page({
  data: { look, loading: true, error: '', busy: false, course: 0, title: '', cover: '', status: '', note: '', open: '', learn: false },
  code: '',
  onLoad(q: Record<string, string | undefined>) {
    this.code = plain(q.gift ?? '')
    void this.reload()
  },
  reload() {
    return load(this, async () => {
      const g = await api.lookAtGift(this.code)
      const note = g.status === 'opened' && !g.mine ? '这份礼物已经被领走了。' : g.owned && !g.mine && g.status === 'waiting' ? '你已经有这门课了，可以把它转给别人。' : ''
      this.setData({ course: g.course_id, title: g.title, cover: g.cover, status: giftWords[g.status], note, open: g.actions.includes('open') ? (g.given ? '留给自己' : '领取') : '', learn: g.actions.includes('learn') })
    })
  },
  take() {
    return act(this, async () => {
      const r = await api.openGift(this.code)
      shelf.changed++
      toast(r.again ? '已经领过了' : `已领取《${r.title}》`)
      wx.redirectTo({ url: `/pages/course/index?id=${r.course_id}` })
    })
  },
  toCourse() { wx.redirectTo({ url: `/pages/course/index?id=${this.data.course}` }) },
})
