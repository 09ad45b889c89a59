// Buying, as a machine of few states. The server sets the price and says what the phone may do; WeChat's sheet only
// takes the money; whether it was paid is asked of the service, because the sheet's own success proves nothing.
//
//   idle ─▶ placing ─▶ paying ─▶ confirming ─▶ idle, with an Outcome
import { type Api, ApiError, type Order, passing, type Wish } from './api'
import { uuid7 } from './id'
import { type JsapiPay, type PayFault, type Port, sleep, type VirtualPay } from './port'

export type State = 'idle' | 'placing' | 'paying' | 'confirming'

export type Outcome =
  | { at: 'paid'; order: Order }
  | { at: 'waiting'; order: Order } // paid at WeChat, it seems, and the service has not heard of it yet
  | { at: 'unpaid'; order: Order; why: string } // the order stays open; why is empty where the buyer closed the sheet
  | { at: 'closed'; order: Order }
  | { at: 'owned' }

// What WeChat's virtual payment says when it does not know the signature of the login.
const staleLogin = [-15005, -15007]
const cancelled = (f: PayFault): boolean => f.code === -2 || /cancel/.test(f.text)
const settled = (o: Order): boolean => o.status !== 'pending' && o.status !== 'closing'

export class Purchase {
  state: State = 'idle'
  private running?: Promise<Outcome>
  private open?: { body: string; key: string } // a purchase that got no answer: the next try is the same purchase

  // pace is the first wait between two looks at a paid order, in ms.
  constructor(private port: Port, private api: Api, private changed: (s: State) => void = () => {}, private pace = 500) {}

  // buy places an order and has it paid. A second call while one runs is the first one. Rejects with the ApiError of
  // a refusal; after one that may pass (no network), the same wish again is the same order. agree is asked before the
  // sheet opens: the order that is answered may be an older one, with another sum than the page has shown.
  buy(wish: Wish, agree?: (o: Order) => Promise<boolean>): Promise<Outcome> { return this.once(() => this.place(wish, agree)) }

  // payOrder pays an order placed earlier, with parameters fresh from the service.
  payOrder(no: string): Promise<Outcome> { return this.once(async () => this.settle(await this.api.order(no))) }

  private once(run: () => Promise<Outcome>): Promise<Outcome> {
    this.running ??= run().finally(() => {
      this.running = undefined
      this.go('idle')
    })
    return this.running
  }

  private go(s: State): void {
    this.state = s
    this.changed(s)
  }

  private async place(wish: Wish, agree?: (o: Order) => Promise<boolean>): Promise<Outcome> {
    this.go('placing')
    const body = JSON.stringify(wish)
    if (this.open?.body !== body) this.open = { body, key: uuid7() }
    let o: Order
    try {
      o = await this.api.place(wish, this.open.key)
    } catch (e) {
      if (!passing(e)) this.open = undefined
      if (e instanceof ApiError && e.code === 'owned') return { at: 'owned' }
      throw e
    }
    this.open = undefined
    if (o.status === 'pending' && o.pay && agree && !(await agree(o))) return this.outcome(o, '')
    return this.settle(o)
  }

  private async settle(o: Order): Promise<Outcome> {
    for (let again = true; ; again = false) {
      if (o.status !== 'pending' || !o.pay) return this.outcome(o, '这笔订单现在不能支付，请稍后再试')
      this.go('paying')
      try {
        if ('signData' in (o.pay as object)) await this.port.payVirtual(o.pay as VirtualPay)
        else await this.port.pay(o.pay as JsapiPay)
        break
      } catch (e) {
        const f = e as PayFault
        const stale = staleLogin.includes(f.code) && again
        if (stale) await this.api.relogin()
        o = await this.api.order(o.out_trade_no) // a sheet that ends badly may have taken the money all the same
        if (stale && o.status === 'pending') continue
        return this.outcome(o, cancelled(f) ? '' : f.text || '支付没有成功')
      }
    }
    this.go('confirming')
    for (let n = 0, wait = this.pace; n < 10 && !settled(o); n++, wait = Math.min(wait * 1.5, 3000)) {
      if (n > 0) await sleep(wait)
      o = await this.api.order(o.out_trade_no).catch((e) => { if (passing(e)) return o; throw e })
    }
    return settled(o) ? this.outcome(o, '') : { at: 'waiting', order: o }
  }

  private outcome(order: Order, why: string): Outcome {
    if (!settled(order)) return { at: 'unpaid', order, why }
    return { at: order.status === 'paid' ? 'paid' : 'closed', order }
  }
}
