// My orders, the newest first.
import type { Order } from '../../lib/api'
import { money, statusWords, when } from '../../lib/format'
import { api } from '../../services'
import { load, look } from '../../ui'

const line = (o: Order) => ({ no: o.out_trade_no, title: o.title, gift: o.kind === 'gift', status: statusWords[o.status], at: when(o.created_at), amount: money(o.amount) })

Page({
  data: { look, loading: true, error: '', items: [] as ReturnType<typeof line>[], next: '' },
  onShow() { void this.reload() },
  async onPullDownRefresh() {
    await this.reload()
    wx.stopPullDownRefresh()
  },
  onReachBottom() { if (this.data.next) void load(this, () => this.fetch(this.data.next)) },
  reload() { return load(this, () => this.fetch('')) },
  async fetch(token: string) {
    const r = await api.orders(token)
    this.setData({ items: [...(token ? this.data.items : []), ...r.items.map(line)], next: r.next_page_token })
  },
})
