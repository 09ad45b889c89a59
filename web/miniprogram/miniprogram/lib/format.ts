// Words and figures as a person reads them. Money is fen everywhere else; yuan exists only on the screen.
import type { Course, Order } from './api'

export const yuan = (fen: number): string => (fen % 100 === 0 ? String(fen / 100) : (fen / 100).toFixed(2))
export const money = (fen: number): string => (fen === 0 ? '免费' : `¥${yuan(fen)}`)

const two = (n: number): string => String(n).padStart(2, '0')

export function mmss(seconds: number): string {
  const s = Math.floor(seconds)
  return s < 3600 ? `${two(Math.floor(s / 60))}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
}

// when is a moment on the phone's own clock.
export function when(iso: string | undefined, now = new Date()): string {
  if (!iso) return ''
  const d = new Date(iso)
  const time = `${two(d.getHours())}:${two(d.getMinutes())}`
  if (d.toDateString() === now.toDateString()) return `今天 ${time}`
  const day = `${d.getMonth() + 1} 月 ${d.getDate()} 日`
  return d.getFullYear() === now.getFullYear() ? `${day} ${time}` : `${d.getFullYear()} 年 ${day}`
}

export const statusWords: Record<Order['status'], string> = { pending: '待付款', closing: '正在关闭', closed: '已关闭', paid: '已付款', partly_refunded: '部分退款', refunded: '已退款' }
export const viaWords: Record<string, string> = { jsapi: '微信支付', xpay: '虚拟支付', manual: '人工登记', free: '免费' }
export const kindWords: Record<string, string> = { text: '图文', audio: '音频', video: '视频', file: '资料' }
export const giftWords: Record<string, string> = { waiting: '待领取', frozen: '退款中，暂停领取', opened: '已领取', void: '已作废' }
// serialWords writes a certificate's number in fours, as it is easily read out.
export const serialWords = (serial: string): string => serial.replace(/(.{4})(?=.)/g, '$1-')
export const stateWords = { idle: '', placing: '正在下单…', paying: '等待支付…', confirming: '正在确认支付结果…' }

// may reads actions into an object a page can ask: {{may.buy}}.
export const may = (actions: readonly string[]): Record<string, boolean> => Object.fromEntries(actions.map((a) => [a, true]))

// card is a course as lists show it. Where this terminal may not be sold to there is no price, and none is shown.
export const card = (c: Course) => ({
  id: c.id, title: c.title, cover: c.cover, owned: c.owned,
  line: [c.kind === 'bundle' ? `专栏 · ${c.course_count ?? 0} 门课` : '', c.teacher, `${c.lesson_count} 节`, c.category].filter(Boolean).join(' · '),
  price: c.price === undefined ? '' : money(c.price),
  was: c.price !== undefined && (c.original_price ?? 0) > c.price ? `¥${yuan(c.original_price!)}` : '',
  until: c.price !== undefined && c.flash_until ? `限时价，到 ${when(c.flash_until)}` : '',
  // why nobody can buy it now, in the service's words; or until when one can
  sale: c.not_sold ?? (c.owned ? '' : [c.seats_left === undefined ? '' : `剩余 ${c.seats_left} 个名额`, c.sale_until ? `卖到 ${when(c.sale_until)}` : ''].filter(Boolean).join(' · ')),
})
export type Card = ReturnType<typeof card>

// rich makes pictures of a text fit a narrow screen: rich-text takes no style from the page.
export const rich = (html: string): string => html.replace(/<img /g, '<img style="max-width:100%;height:auto" ')
