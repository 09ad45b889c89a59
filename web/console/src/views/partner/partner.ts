import type { components } from '@/api/schema'
import { yuan } from '@/lib/money'
import { count } from '@/lib/number'
import { day } from '@/lib/time'

export type Partner = components['schemas']['PartnerBody']
export type Thing = components['schemas']['PartnerThingBody']
export type Settlement = components['schemas']['SettlementBody']
export type Kind = Thing['kind']

export const kindNames: Record<Kind, string> = { channel: '渠道', code: '二维码', link: '链接', campaign: '活动' }

// share writes basis points as a percentage: 1250 is 12.5%.
export const share = (bp: number | null | undefined): string => (bp == null ? '不分成' : `${bp / 100}%`)

// toBp reads a percentage with two decimals at most; null when it is none.
export function toBp(text: string): number | null {
  const m = /^(\d{1,3})(?:\.(\d{1,2}))?$/.exec(text.trim().replace(/%$/, ''))
  if (!m) return null
  const bp = Number(m[1]) * 100 + Number((m[2] ?? '').padEnd(2, '0'))
  return bp <= 10_000 ? bp : null
}

// months are those a partner can be settled from, this month first.
export function months(now = new Date()): string[] {
  const [y, m] = day(now).split('-').map(Number) as [number, number, number]
  return Array.from({ length: 25 }, (_, back) => {
    const n = y * 12 + m - 1 - back
    return `${Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, '0')}`
  })
}

export const csvHead = ['月份', '扫码', '链接点击', '来的人', '新关注', '7 天后还在', '30 天后还在', '课程浏览', '订单', '收款', '当月退款', '更正', '净收入', '分成', '应付']

// sheetRows are the settled months as they are on the screen; what was not watched long enough says so.
export function sheetRows(list: Settlement[]): (string | number)[][] {
  return list.map((s) => [
    s.month, s.figures.scans, s.figures.clicks, s.figures.people, s.figures.new_follows, s.figures.stayed_7 ?? '观察期未满', s.figures.stayed_30 ?? '观察期未满', s.figures.course_views,
    s.orders, yuan(s.gross), yuan(s.refunded), yuan(s.correction), yuan(s.net), share(s.share_bp), s.payable == null ? '–' : yuan(s.payable),
  ])
}

// stayed says how many of the new followers were still there when the month was settled.
export const stayed = (people: number | null, of: number): string => (people == null ? '观察期未满' : `${count(people)} / ${count(of)}`)
