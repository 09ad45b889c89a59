// One order and what may be done with it now. While it waits for money the service is asked again and again.
import type { Order } from '../../lib/api'
import { giftWords, may, money, stateWords, statusWords, viaWords, when, yuan } from '../../lib/format'
import { api, purchase, shelf } from '../../services'
import { act, ask, go, load, look, toast } from '../../ui'

const closing: Record<string, string> = {
  xpay: '正在等微信确认不会再收到付款。虚拟支付不能提前关单，要等最后一次打开付款页半小时后；已付的款仍会开课。',
  jsapi: '正在和微信确认这笔订单不会再收到付款，确认后自动关闭。',
}
const facts = (o: Order) => [
  { k: '订单号', v: o.out_trade_no }, { k: '支付方式', v: viaWords[o.via] }, { k: '限时价', v: o.flash_off > 0 ? `-¥${yuan(o.flash_off)}` : '' }, { k: '优惠', v: o.discount > 0 ? `-¥${yuan(o.discount)}` : '' }, { k: '下单', v: when(o.created_at) }, { k: '付款', v: when(o.paid_at) },
  { k: '付款期限', v: o.status === 'pending' ? when(o.expires_at) : '' }, { k: '礼物', v: o.gift ? giftWords[o.gift] : '' }, { k: '已退', v: o.refunded > 0 ? `¥${yuan(o.refunded)}` : '' },
].filter((f) => f.v)

Page({
  data: { look, loading: true, error: '', busy: false, no: '', course: 0, title: '', gift: '', amount: '', status: '', facts: [] as ReturnType<typeof facts>, may: {} as Record<string, boolean>, note: '', doing: '' },
  timer: 0,

  onLoad(q: Record<string, string | undefined>) { this.setData({ no: q.no ?? '' }) },
  onShow() { void this.reload() },
  onHide() { clearTimeout(this.timer) },
  onUnload() { clearTimeout(this.timer) },
  reload() { return load(this, async () => this.show(await api.order(this.data.no))) },
  show(o: Order) {
    const was = this.data.status
    this.setData({ course: o.course_id, title: o.title, gift: o.gift ?? '', amount: money(o.amount), status: statusWords[o.status], facts: facts(o), may: may(o.actions), note: o.status === 'closing' ? (closing[o.via] ?? '') : '' })
    if (was && was !== this.data.status) shelf.changed++
    clearTimeout(this.timer)
    if (o.status === 'pending' || o.status === 'closing') this.timer = setTimeout(() => { if (!this.data.busy) void this.reload() }, 6000)
  },

  pay() {
    return act(this, async () => {
      const r = await purchase((s) => this.setData({ doing: stateWords[s] })).payOrder(this.data.no)
      if (r.at === 'owned') return
      if (r.at === 'unpaid') toast(r.why || '已取消支付')
      if (r.at === 'waiting') toast('正在确认支付结果，请稍候')
      this.show(r.order)
    })
  },
  cancel() {
    return act(this, async () => {
      if (await ask('取消这笔订单？', '取消后需要重新下单。', '取消订单')) this.show(await api.cancel(this.data.no))
    })
  },
  withdraw() {
    return act(this, async () => {
      await api.withdrawRefund(this.data.no)
      shelf.changed++
      toast('已撤回退款申请')
      await this.reload()
    })
  },
  refund() { go(`/pages/refund/index?no=${this.data.no}`) },
  give() { go(`/pages/give/index?no=${this.data.no}`) },
  toCourse() { wx.redirectTo({ url: `/pages/course/index?id=${this.data.course}` }) },
})
