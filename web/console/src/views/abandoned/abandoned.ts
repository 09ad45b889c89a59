import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'

export type Abandoned = components['schemas']['AbandonedBody']

export const whyWords = {
  let_go: { text: '能付没有付', mood: 'warn', shape: 'half' },
  failed: { text: '微信没有接受', mood: 'bad' },
  never: { text: '没有拿到支付单', mood: 'bad', shape: 'hollow' },
} satisfies Record<Abandoned['why'], Word>

export const platformNames: Record<string, string> = { ios: '苹果', android: '安卓', ohos: '鸿蒙', windows: 'Windows', mac: 'Mac', devtools: '开发者工具' }
export const daysWords: Record<string, string> = { 1: '最近 1 天', 7: '最近 7 天', 30: '最近 30 天', 90: '最近 90 天' }
export const stateWords = { open: '要跟的', done: '不用再跟的', all: '全部' }

// faultText says a channel's code in words; its code stays, for whoever asks WeChat.
export function faultText(code: string): string {
  const known: Record<string, string> = {
    no_answer: '微信没有回应', NO_AUTH: '商户没有这个权限', SIGN_ERROR: '签名不对', PARAM_ERROR: '参数不对', APPID_MCHID_NOT_MATCH: '小程序和商户号没有绑定', MCH_NOT_EXISTS: '商户号不存在',
    OPENID_MISMATCH: 'openid 和小程序不符', FREQUENCY_LIMITED: '问得太快', RATELIMIT_EXCEEDED: '问得太快', SYSTEM_ERROR: '微信出错', ACCOUNT_ERROR: '账号异常', RULE_LIMIT: '业务规则限制',
  }
  if (!code) return ''
  if (code === 'no_answer') return known[code]!
  return known[code] ? `${known[code]}（${code}）` : code
}

// reachText says in a few words whether the buyer may be written to now.
export function reachText(r: Abandoned['reach']): string {
  return r.left > 0 ? `能发 ${r.left} 条` : '不能发'
}
