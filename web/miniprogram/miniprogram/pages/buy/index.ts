// Confirming an order: for whom, with which coupon, by which road of payment; then WeChat's sheet.
import type { CoursePage, Order } from '../../lib/api'
import { card, money, stateWords, viaWords, yuan } from '../../lib/format'
import type { Schemas } from '../../lib/port'
import type { Purchase } from '../../lib/purchase'
import { origin } from '../../lib/visit'
import { api, purchase, shelf, visits } from '../../services'
import { act, ask, load, look, type Tap, toast, type Typed } from '../../ui'

type Via = CoursePage['vias'][number]
const offer = (o: Schemas['CouponOffer']) => ({ code: o.code, usable: o.usable, due: o.due, words: o.usable ? `${o.name}，减 ¥${yuan(o.off)}` : `${o.name}：${o.why}` })

Page({
  data: { look, loading: true, error: '', busy: false, gift: false, course: card({ id: 0, kind: 'course', title: '', cover: '', category: '', teacher: '', lesson_count: 0, owned: false, actions: [] }), refund: '', due: '', vias: [] as { via: string; words: string }[], via: '', offers: [] as ReturnType<typeof offer>[], coupon: '', doing: '' },
  id: 0,
  price: 0,
  due: 0, // what the page shows, in fen
  till: undefined as Purchase | undefined,

  onLoad(q: Record<string, string | undefined>) {
    this.id = Number(q.id)
    this.setData({ gift: q.gift === '1' })
    this.till = purchase((s) => this.setData({ doing: stateWords[s] }))
    void this.reload()
  },
  reload() { return load(this, () => this.fetch()) },
  async fetch() {
    const [c, { items }] = await Promise.all([api.course(this.id), api.coupons(this.id)])
    this.price = c.price ?? 0
    this.setData({ course: card(c), refund: c.refund ?? '', vias: c.vias.map((via) => ({ via, words: viaWords[via] ?? via })), via: c.vias[0] ?? '', offers: items.map(offer) })
    this.owe(this.price)
  },
  owe(fen: number) {
    this.due = fen
    this.setData({ due: money(fen) })
  },
  // agree shows the sum the order asks, and asks before paying where the page has shown another: the price may have changed
  // meanwhile, or an order placed earlier be the one to pay.
  async agree(o: Order) {
    const shown = this.due
    if (o.amount === shown) return true
    this.owe(o.amount)
    return ask('金额有变化', `刚才显示 ${money(shown)}，这笔订单应付 ${money(o.amount)}。`, '继续支付')
  },
  // use takes a coupon from the list or from the keyboard; the service says what is due, here and again when it is placed.
  async use(code: string) {
    this.setData({ coupon: code })
    this.owe(this.price)
    if (!code) return
    let o = this.data.offers.find((x) => x.code.toUpperCase() === code.toUpperCase())
    if (!o) {
      const { items } = await api.coupons(this.id, code)
      this.setData({ offers: items.map(offer) })
      o = this.data.offers.find((x) => x.code.toUpperCase() === code.toUpperCase())
    }
    if (code === this.data.coupon && o?.usable) this.owe(o.due)
  },
  typed(e: Typed) { void act(this, () => this.use(e.detail.value.trim())) },
  pick(e: Tap) {
    const { code, usable } = e.currentTarget.dataset as { code: string; usable: boolean }
    if (usable) void act(this, () => this.use(code === this.data.coupon ? '' : code))
  },
  road(e: Tap) { this.setData({ via: e.currentTarget.dataset.via as string }) },

  buy() {
    return act(this, async () => {
      const { gift, via, coupon } = this.data
      const r = await this.till!.buy({ course_id: this.id, gift: gift || undefined, via: (via || undefined) as Via & ('jsapi' | 'xpay') | undefined, coupon_code: coupon || undefined, ...origin(visits.current) }, (o) => this.agree(o))
      if (r.at === 'owned') {
        toast('你已经有这门课了')
        wx.navigateBack()
        return
      }
      if (r.at === 'paid') shelf.changed++
      if (r.at === 'unpaid') toast(r.why || '已取消支付')
      wx.redirectTo({ url: `/pages/order/index?no=${r.order.out_trade_no}` })
    })
  },
})
