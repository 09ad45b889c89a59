import type { components } from '@/api/schema'
import { fenText, toFen } from '@/lib/money'

type S = components['schemas']
export type Whole = S['CourseOutBody']
export type Lesson = S['LessonBody']
export type LessonWhole = S['LessonOutBody']
export type LessonKind = S['AddLessonRequest']['kind']

export const lessonKinds: Record<string, string> = { text: '图文', audio: '音频', video: '视频', file: '文件' }
export const actionNames: Record<string, string> = { buy: '购买', claim: '免费领取', learn: '学习', trial: '试看' }
export const platformNames: Record<string, string> = { android: '安卓', ios: 'iPhone / iPad', ohos: '鸿蒙', windows: 'Windows', mac: 'Mac' }
export const goodsNames: Record<string, string> = { pending: '虚拟支付道具发布中', published: '虚拟支付道具已发布', failed: '虚拟支付道具没有发布成功' }
// What each upload takes; the service judges by the bytes.
export const accepts: Record<string, string> = { cover: 'image/png,image/jpeg,image/gif,image/webp', audio: 'audio/*', video: 'video/mp4,video/*', file: 'application/pdf,image/*' }

export interface Form { title: string; price: string; original_price: string; category: string; teacher: string; cover: string; intro: string; refund_days: string; refund_minutes: string; refund_lessons: string; refund_over: 'person' | 'refuse' }
export const emptyForm = (): Form => ({ title: '', price: '', original_price: '', category: '', teacher: '', cover: '', intro: '', refund_days: '7', refund_minutes: '', refund_lessons: '', refund_over: 'person' })
export const toForm = (c: Whole): Form => ({
  title: c.title, price: fenText(c.price), original_price: c.original_price ? fenText(c.original_price) : '', category: c.category, teacher: c.teacher, cover: c.cover, intro: introText(c.intro),
  refund_days: String(c.refund_rule.days), refund_minutes: c.refund_rule.minutes?.toString() ?? '', refund_lessons: c.refund_rule.lessons?.toString() ?? '', refund_over: c.refund_rule.over,
})
// number reads a whole number of 0 to most; null for anything else.
function number(text: string, most: number): number | null {
  const n = /^\d{1,6}$/.test(text.trim()) ? Number(text) : -1
  return n >= 0 && n <= most ? n : null
}

// refundWords say the rule as buyers will read it; the service has the last word.
export function refundWords(f: Form): string {
  const days = number(f.refund_days, 365), minutes = number(f.refund_minutes, 100_000), lessons = number(f.refund_lessons, 10_000)
  if (days === null) return ''
  if (days === 0) return '不支持退款'
  const limits = [minutes !== null && `看过不超过 ${minutes} 分钟`, lessons !== null && `学完不超过 ${lessons} 课`].filter(Boolean)
  return limits.length ? `付款 ${days} 天内、${limits.join('、')}，可以退款；学得更多的${f.refund_over === 'refuse' ? '不能退' : '由客服判断'}` : `付款 ${days} 天内可以退款`
}
export function faults(f: Form): Record<string, string | false> {
  const price = toFen(f.price)
  const original = f.original_price.trim() ? toFen(f.original_price) : null
  return {
    title: !f.title.trim() && '请写标题',
    price: price === null && '写成 199 或 199.00，单位元；免费写 0',
    original_price: f.original_price.trim() !== '' && (original === null ? '写成 299 或 299.00，单位元' : price !== null && original < price && '原价应不低于价格'),
    'refund_rule.days': number(f.refund_days, 365) === null && '0 到 365 的整数；0 是不支持退款',
    'refund_rule.minutes': f.refund_minutes.trim() !== '' && number(f.refund_minutes, 100_000) === null && '0 到 100000 的整数；不限就留空',
    'refund_rule.lessons': f.refund_lessons.trim() !== '' && number(f.refund_lessons, 10_000) === null && '0 到 10000 的整数；不限就留空',
  }
}
export const toBody = (f: Form) => ({
  title: f.title.trim(), price: toFen(f.price)!, original_price: f.original_price.trim() ? toFen(f.original_price) : null, category: f.category.trim(), teacher: f.teacher.trim(), cover: f.cover, intro: introHTML(f.intro),
  refund_rule: { days: number(f.refund_days, 365)!, over: f.refund_over, ...(f.refund_minutes.trim() ? { minutes: number(f.refund_minutes, 100_000)! } : {}), ...(f.refund_lessons.trim() ? { lessons: number(f.refund_lessons, 10_000)! } : {}) },
})

// The intro is HTML at the service and plain paragraphs here; markup we did not write is left as it is.
const plainTag = /<(?!\/?(?:p|br)\s*\/?>)[a-z/!]/i
export function introText(html: string): string {
  if (plainTag.test(html)) return html
  const text = html.replace(/<br\s*\/?>/gi, '\n').replace(/<\/p>\s*/gi, '\n').replace(/<p>/gi, '').trimEnd()
  return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&#34;|&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&')
}
export function introHTML(text: string): string {
  if (!text.trim()) return ''
  if (/^\s*<[a-z]/i.test(text) && plainTag.test(text)) return text
  return text.split('\n').map((line) => `<p>${line.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')}</p>`).join('')
}

// clock shows seconds as 12:05, seconds reads 12:05, 1:02:03 or 725; null when it is none.
export function clock(seconds: number): string {
  if (!seconds) return ''
  const h = Math.floor(seconds / 3600)
  const two = (n: number) => String(n).padStart(2, '0')
  const rest = `${h ? two(Math.floor(seconds / 60) % 60) : Math.floor(seconds / 60)}:${two(seconds % 60)}`
  return h ? `${h}:${rest}` : rest
}
export function seconds(text: string): number | null {
  const t = text.trim().replace(/：/g, ':')
  if (!t) return 0
  if (!/^\d{1,5}(:[0-5]?\d){0,2}$/.test(t)) return null
  const n = t.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return n <= 86_400 ? n : null
}
