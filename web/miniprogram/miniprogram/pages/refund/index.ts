// Asking for a refund: first what the order's own rule says, then why.
import { yuan } from '../../lib/format'
import { api, shelf } from '../../services'
import { act, load, look, toast, type Typed } from '../../ui'

Page({
  data: { look, loading: true, error: '', busy: false, no: '', words: '', rule: '', amount: '', refused: true, reason: '' },
  onLoad(q: Record<string, string | undefined>) {
    this.setData({ no: q.no ?? '' })
    void this.reload()
  },
  reload() {
    return load(this, async () => {
      const o = await api.refundOffer(this.data.no)
      this.setData({ words: o.words, rule: o.rule, refused: o.verdict === 'refused', amount: yuan(o.amount) })
    })
  },
  typed(e: Typed) { this.setData({ reason: e.detail.value }) },
  send() {
    return act(this, async () => {
      const reason = this.data.reason.trim()
      if (!reason) { toast('请写明原因'); return }
      await api.askRefund(this.data.no, reason)
      shelf.changed++
      toast('已提交，等待处理')
      wx.navigateBack()
    })
  },
})
