import type { components } from '@/api/schema'
import { fenText, toFen } from '@/lib/money'
import type { Word } from '@/lib/words'

export type Alert = components['schemas']['AlertBody']
export type Rule = components['schemas']['AlertRuleBody']

export const kindWords: Record<string, Word> = { figure: { text: '数字', mood: 'warn' }, refunds: { text: '退款', mood: 'bad' }, leavers: { text: '取关', mood: 'warn' }, callback: { text: '回调', mood: 'bad' } }
export const ruleTitle = (r: Rule) => ({ figure: `${r.name}不寻常`, refunds: '一门课有退款', leavers: '群发后有人取关', callback: '回调变慢' })[r.kind]
export const isMoney = (r: Rule) => r.kind === 'figure' && r.figure === 'net'

// ruleText says in a sentence when a rule speaks.
export function ruleText(r: Rule): string {
  const least = isMoney(r) ? `${fenText(r.least)} 元` : String(r.least)
  switch (r.kind) {
    case 'figure': return `昨天的${r.name}比前 8 周同一个星期几的最高还高 ${r.percent}% 、或比最低还低 ${r.percent}%，且差 ${least} 以上`
    case 'refunds': return `近 7 天退款成功的订单有 ${least} 笔以上，且占近 30 天付款订单的 ${r.percent}% 以上；一门课一周提醒一次`
    case 'leavers': return `群发后 24 小时里取关 ${least} 次以上，且比之前 14 天的日均多 ${r.percent}% 以上`
    default: return `近 10 分钟有 ${least} 次以上的回答，其中 ${r.percent}% 以上超过 ${r.millis / 1000} 秒`
  }
}
export const percentLabel = (r: Rule) => ({ figure: '超出范围百分之几', refunds: '占付款订单百分之几', leavers: '比平常多百分之几', callback: '慢的占百分之几' })[r.kind]
export const leastLabel = (r: Rule) => (isMoney(r) ? '至少差多少元' : { figure: '至少差多少', refunds: '至少几笔', leavers: '至少几次', callback: '至少多少次回答' }[r.kind])

// leastOf reads what was typed; null when it is no number.
export const leastOf = (r: Rule, text: string) => (isMoney(r) ? toFen(text) : /^\d{1,9}$/.test(text.trim()) ? Number(text) : null)
export const leastText = (r: Rule) => (isMoney(r) ? fenText(r.least) : String(r.least))
export const sleeps = [{ value: 0, label: '不静音' }, { value: 1, label: '静音 1 天' }, { value: 7, label: '静音 7 天' }, { value: 30, label: '静音 30 天' }]
