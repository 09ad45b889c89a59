// Sending a gift on: a card to a friend, or its code.
import { giftWords, when } from '../../lib/format'
import { api } from '../../services'
import { load, look } from '../../ui'

Page({
  data: { look, loading: true, error: '', title: '', cover: '', status: '', note: '', code: '', waiting: false },
  no: '',
  path: '',
  onLoad(q: Record<string, string | undefined>) { this.no = q.no ?? '' },
  onShow() { void this.reload() },
  reload() {
    return load(this, async () => {
      const g = await api.gift(this.no)
      const c = await api.course(g.course_id).catch(() => ({ title: '一门课', cover: '' })) // it may be off the shelf by now
      this.path = g.path ?? ''
      this.setData({
        title: c.title, cover: c.cover, status: giftWords[g.status], waiting: g.status === 'waiting', code: (g.code ?? '').replace(/(.{4})(?=.)/g, '$1-'),
        note: g.opened_at ? `${g.mine ? '自己留下了' : '朋友领走了'}，${when(g.opened_at)}` : '谁先打开就归谁，没有期限。',
      })
    })
  },
  copy() { wx.setClipboardData({ data: this.data.code }) },
  keep() { wx.redirectTo({ url: `/${this.path}` }) },
  onShareAppMessage() { return { title: `送你一门课：${this.data.title}`, path: `/${this.path}`, imageUrl: this.data.cover } },
})
