import type { components } from '@/api/schema'
import { eventNames } from '@/lib/words'

// A funnel that somebody asks for lives in the page's address, so that a sent link asks the same. Its steps
// are written as type,key=value;type: course_view,course_id=3;paid.
export type Step = components['schemas']['FunnelStep']
export type Funnel = components['schemas']['FunnelIn']

const ids = ['article_id', 'course_id'] as const
const texts = ['channel', 'code'] as const
export const mostSteps = 10

export function writeSteps(steps: Step[]): string {
  return steps.map((s) => [
    s.type,
    ...ids.filter((k) => s[k]).map((k) => `${k}=${s[k]}`),
    ...texts.filter((k) => s[k]).map((k) => `${k}=${encodeURIComponent(s[k]!)}`),
  ].join(',')).join(';')
}

// readSteps takes what an address says; a part that is nonsense is left out.
export function readSteps(text: string): Step[] {
  return text.split(';').filter(Boolean).slice(0, mostSteps).flatMap((part) => {
    const [type, ...rest] = part.split(',')
    if (!type || !Object.hasOwn(eventNames, type)) return []
    const step: Step = { type }
    for (const pair of rest) {
      const at = pair.indexOf('=')
      const key = pair.slice(0, at)
      const id = ids.find((k) => k === key)
      const word = texts.find((k) => k === key)
      if (id && /^[1-9]\d{0,15}$/.test(pair.slice(at + 1))) step[id] = Number(pair.slice(at + 1))
      if (word) {
        try { step[word] = decodeURIComponent(pair.slice(at + 1)) } catch { /* cut in the middle of a letter */ }
      }
    }
    return [step]
  })
}

export interface Asked { [key: string]: string | number | boolean; from: string; to: string; steps: string; hours: number; order: string; same: string; by: string; at: string; compare: boolean }

export const orders: Record<string, string> = { ordered: '依次发生，中间可以有别的', strict: '依次发生，中间没有这些步骤里别的事', any: '都发生过，不分先后' }
export const sames: Record<string, string> = { '': '不要求', course_id: '同一门课程', article_id: '同一篇文章', campaign_id: '同一个活动', lesson_id: '同一课时' }
export const breakdowns: Record<string, string> = { '': '不分组', channel: '渠道', code: '二维码或链接', article_id: '文章', course_id: '课程', campaign_id: '活动', scene: '小程序场景值', share_id: '分享' }
export const windows = [
  { hours: 1, label: '1 小时' }, { hours: 24, label: '1 天' }, { hours: 72, label: '3 天' }, { hours: 168, label: '7 天' },
  { hours: 336, label: '14 天' }, { hours: 720, label: '30 天' }, { hours: 2160, label: '90 天' },
]

// question is the body the service is asked with; null while it has fewer than two steps.
export function question(a: Asked): Funnel | null {
  const steps = readSteps(a.steps)
  if (steps.length < 2) return null
  return {
    from: a.from, to: a.to, steps, window_hours: Math.min(8784, Math.max(0, Math.round(a.hours))),
    order: (Object.hasOwn(orders, a.order) ? a.order : 'ordered') as Funnel['order'],
    ...(a.same && Object.hasOwn(sames, a.same) ? { same: a.same } : {}),
    ...(a.by && Object.hasOwn(breakdowns, a.by) ? { breakdown: a.by, breakdown_at: a.at === 'last' ? 'last' : 'entry' } : {}),
    ...(a.compare ? { compare: true } : {}),
  }
}

// took writes how long people needed: 42 秒, 18 分, 3.5 小时, 2.1 天.
export function took(seconds: number | null | undefined): string {
  if (seconds == null) return '–'
  if (seconds < 60) return `${Math.round(seconds)} 秒`
  if (seconds < 3600) return `${Math.round(seconds / 60)} 分钟`
  const one = (n: number) => String(Math.round(n * 10) / 10)
  return seconds < 86_400 ? `${one(seconds / 3600)} 小时` : `${one(seconds / 86_400)} 天`
}

// The questions most people begin with.
export const starters = [
  { title: '从课程到支付', steps: 'mp_open;course_view;order_create;paid', same: '' },
  { title: '从文章到支付', steps: 'article_click;course_view;order_create;paid', same: '' },
  { title: '看了试看会买吗', steps: 'course_view;trial_play;paid', same: 'course_id' },
  { title: '关注之后', steps: 'follow;mp_open;paid', same: '' },
  { title: '买了会学吗', steps: 'paid;lesson_play;lesson_finish', same: 'course_id' },
]
