import type { components } from '@/api/schema'
import { fenText, toFen } from '@/lib/money'
import { toInstant, toWall } from '@/lib/time'

type S = components['schemas']
export type Whole = S['CourseOutBody']
export type Lesson = S['LessonBody']
export type LessonWhole = S['LessonOutBody']
export type LessonKind = S['AddLessonRequest']['kind']

export const lessonKinds: Record<string, string> = { text: '图文', audio: '音频', video: '视频', file: '文件' }
export const actionNames: Record<string, string> = { buy: '购买', claim: '免费领取', learn: '学习', trial: '试看', gift: '送好友', certificate: '领结业证书' }
export const platformNames: Record<string, string> = { android: '安卓', ios: 'iPhone / iPad', ohos: '鸿蒙', windows: 'Windows', mac: 'Mac' }
export const goodsNames: Record<string, string> = { pending: '虚拟支付道具发布中', published: '虚拟支付道具已发布', failed: '虚拟支付道具没有发布成功' }
// What each upload takes; the service judges by the bytes.
export const accepts: Record<string, string> = { cover: 'image/png,image/jpeg,image/gif,image/webp', audio: 'audio/*', video: 'video/mp4,video/*', file: 'application/pdf,image/*' }

export interface Form { kind: Whole['kind']; title: string; price: string; original_price: string; category: string; teacher: string; cover: string; intro: string; refund_days: string; refund_minutes: string; refund_lessons: string; refund_over: 'person' | 'refuse'; certificate: boolean; watermark: boolean; no_forward: boolean; sale_from: string; sale_until: string; flash_price: string; flash_from: string; flash_until: string; seats: string }
export const emptyForm = (): Form => ({ kind: 'course', title: '', price: '', original_price: '', category: '', teacher: '', cover: '', intro: '', refund_days: '7', refund_minutes: '', refund_lessons: '', refund_over: 'person', certificate: false, watermark: false, no_forward: false, sale_from: '', sale_until: '', flash_price: '', flash_from: '', flash_until: '', seats: '' })
export const toForm = (c: Whole): Form => ({
  kind: c.kind, title: c.title, price: fenText(c.price), original_price: c.original_price ? fenText(c.original_price) : '', category: c.category, teacher: c.teacher, cover: c.cover, intro: introText(c.intro),
  refund_days: String(c.refund_rule.days), refund_minutes: c.refund_rule.minutes?.toString() ?? '', refund_lessons: c.refund_rule.lessons?.toString() ?? '', refund_over: c.refund_rule.over, certificate: c.certificate, watermark: c.playing.watermark, no_forward: c.playing.no_forward,
  sale_from: toWall(c.sale.sale_from), sale_until: toWall(c.sale.sale_until), flash_price: c.sale.flash_price ? fenText(c.sale.flash_price) : '', flash_from: toWall(c.sale.flash_from), flash_until: toWall(c.sale.flash_until), seats: c.sale.seats?.toString() ?? '',
})
// number reads a whole number of 0 to most; null for anything else.
function number(text: string, most: number): number | null {
  const n = /^\d{1,7}$/.test(text.trim()) ? Number(text) : -1
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
  const flash = f.flash_price.trim() ? toFen(f.flash_price) : null
  const later = (from: string, until: string) => !!from && !!until && until <= from
  return {
    title: !f.title.trim() && '请写标题',
    price: price === null && '写成 199 或 199.00，单位元；免费写 0',
    original_price: f.original_price.trim() !== '' && (original === null ? '写成 299 或 299.00，单位元' : price !== null && original < price && '原价应不低于价格'),
    'sale.sale_until': later(f.sale_from, f.sale_until) && '停售时间应在起售时间之后',
    'sale.flash_price': f.flash_price.trim() ? (!flash && '写成 99 或 99.00，单位元') || (price !== null && flash! >= price && '限时价应低于价格') : (f.flash_from || f.flash_until) && '写了限时价的时间，还要写限时价',
    'sale.flash_from': f.flash_price.trim() !== '' && !f.flash_from && '请选限时价开始的时间',
    'sale.flash_until': f.flash_price.trim() !== '' && ((!f.flash_until && '请选限时价结束的时间') || (later(f.flash_from, f.flash_until) && '限时价的结束应在开始之后')),
    'sale.seats': f.seats.trim() !== '' && !number(f.seats, 1_000_000) && '1 到 1000000 的整数；不限就留空',
    'refund_rule.days': number(f.refund_days, 365) === null && '0 到 365 的整数；0 是不支持退款',
    'refund_rule.minutes': f.refund_minutes.trim() !== '' && number(f.refund_minutes, 100_000) === null && '0 到 100000 的整数；不限就留空',
    'refund_rule.lessons': f.refund_lessons.trim() !== '' && number(f.refund_lessons, 10_000) === null && '0 到 10000 的整数；不限就留空',
  }
}
const instant = (wall: string): string | null => (wall ? toInstant(wall) || null : null)
const saleBody = (f: Form): S['SaleBody'] => ({ sale_from: instant(f.sale_from), sale_until: instant(f.sale_until), flash_price: f.flash_price.trim() ? toFen(f.flash_price) : null, flash_from: instant(f.flash_from), flash_until: instant(f.flash_until), seats: f.seats.trim() ? number(f.seats, 1_000_000) : null })
// dueNow is what a form's course would cost at a moment, once saved.
export function dueNow(f: Form, now = new Date()): number | null {
  const s = saleBody(f)
  const at = now.getTime()
  return s.flash_price && s.flash_from && s.flash_until && Date.parse(s.flash_from) <= at && at < Date.parse(s.flash_until) ? s.flash_price : toFen(f.price)
}
export const toBody = (f: Form) => ({
  title: f.title.trim(), price: toFen(f.price)!, original_price: f.original_price.trim() ? toFen(f.original_price) : null, category: f.category.trim(), teacher: f.teacher.trim(), cover: f.cover, intro: introHTML(f.intro), certificate: f.certificate,
  playing: { watermark: f.watermark, no_forward: f.no_forward },
  sale: saleBody(f),
  refund_rule: { days: number(f.refund_days, 365)!, over: f.refund_over, ...(f.refund_minutes.trim() ? { minutes: number(f.refund_minutes, 100_000)! } : {}), ...(f.refund_lessons.trim() ? { lessons: number(f.refund_lessons, 10_000)! } : {}) },
})
// draftBody leaves out what is not drafted.
export function draftBody(f: Form): Omit<ReturnType<typeof toBody>, 'price' | 'original_price' | 'refund_rule' | 'certificate' | 'playing' | 'sale'> {
  const { title, category, teacher, cover, intro } = toBody(f)
  return { title, category, teacher, cover, intro }
}

// A lesson's release as a form holds it, and as the service takes it.
export type ReleaseHow = S['ReleaseIn']['how']
export interface ReleaseForm { how: ReleaseHow; at: string; days: string }
export const releaseNames: Record<ReleaseHow, string> = { '': '买了就能学', date: '到某个时间', days: '开课几天以后', order: '学完上一课以后' }
export const toRelease = (r: S['ReleaseBody']): ReleaseForm => ({ how: r.how, at: toWall(r.at), days: r.days ? String(r.days) : '' })
export const releaseFaults = (r: ReleaseForm): Record<string, string | false> => ({
  'release.at': r.how === 'date' && !toInstant(r.at) && '请选开放的日期和时间',
  'release.days': r.how === 'days' && !number(r.days, 3650) && '1 到 3650 的整数',
})
export const releaseBody = (r: ReleaseForm): S['ReleaseIn'] => ({ how: r.how, ...(r.how === 'date' ? { at: toInstant(r.at) } : {}), ...(r.how === 'days' ? { days: number(r.days, 3650)! } : {}) })

// oldPriceWords say who still pays the old price, before a new one is saved; '' when nobody does.
export function oldPriceWords(price: number, waiting: { price: number; people: number }[]): string {
  const old = waiting.filter((w) => w.price !== price && w.people > 0)
  if (!old.length) return ''
  return old.map((w) => `${w.people} 人手里有按 ¥${fenText(w.price)} 下的未付订单`).join('，') + '。他们接着付那个订单，仍是下单时的价格，订单过期前有效；订单比现价贵的，再点购买会换成按现价的新订单。新价从现在起对新下的订单算。'
}

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
