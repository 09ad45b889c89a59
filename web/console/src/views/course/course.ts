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

export interface Form { title: string; price: string; original_price: string; category: string; teacher: string; cover: string; intro: string }
export const emptyForm = (): Form => ({ title: '', price: '', original_price: '', category: '', teacher: '', cover: '', intro: '' })
export const toForm = (c: Whole): Form => ({
  title: c.title, price: fenText(c.price), original_price: c.original_price ? fenText(c.original_price) : '', category: c.category, teacher: c.teacher, cover: c.cover, intro: introText(c.intro),
})
export function faults(f: Form): Record<string, string | false> {
  const price = toFen(f.price)
  const original = f.original_price.trim() ? toFen(f.original_price) : null
  return {
    title: !f.title.trim() && '请写标题',
    price: price === null && '写成 199 或 199.00，单位元；免费写 0',
    original_price: f.original_price.trim() !== '' && (original === null ? '写成 299 或 299.00，单位元' : price !== null && original < price && '原价应不低于价格'),
  }
}
export const toBody = (f: Form) => ({
  title: f.title.trim(), price: toFen(f.price)!, original_price: f.original_price.trim() ? toFen(f.original_price) : null, category: f.category.trim(), teacher: f.teacher.trim(), cover: f.cover, intro: introHTML(f.intro),
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
