import type { components } from '@/api/schema'
import { utf8Bytes } from '@/lib/bytes'
import { fieldKey } from '@/lib/formErrors'
import { toInstant, toWall } from '@/lib/time'
import type { Word } from '@/lib/words'
import { linesOf } from '../scene/names'

type S = components['schemas']
export type Rule = S['ReplyBody']
export type RuleInput = S['RuleBody']
export type Message = S['Message']
export type MessageType = Message['type']
export type Keyword = S['Keyword']
export type Kind = RuleInput['kind']
export type Match = Keyword['match']
export type Dialog = S['Dialog']

export const kindNames: Record<string, string> = { keyword: '关键词', follow: '被关注', default: '默认回复', scene: '扫场景码', menu: '点菜单' }
export const kindHints: Record<Kind, string> = {
  keyword: '粉丝发来的话里有这些词时回复', follow: '有人关注公众号时回复', default: '没有任何关键词命中时回复', scene: '扫了某个场景二维码时回复', menu: '点了菜单里「点击回复」的按钮时回复',
}
export const matchNames: Record<Match, string> = { exact: '全匹配', contains: '半匹配', regex: '正则' }
export const matchHints: Record<Match, string> = { exact: '整句和它一样', contains: '句子里有它', regex: 'RE2 写法，不分大小写' }
export const stateWords: Record<string, Word> = {
  live: { text: '线上', mood: 'good' },
  changed: { text: '改了未发布', mood: 'warn', shape: 'half' },
  new: { text: '草稿', mood: 'warn', shape: 'hollow' },
  off: { text: '已停用', mood: 'muted', shape: 'hollow' },
}
export const messageNames: Record<string, string> = {
  text: '文字', image: '图片', news: '图文', miniprogrampage: '小程序卡片', voice: '语音', video: '视频', music: '音乐', mpnews: '图文素材',
  mpnewsarticle: '已发布文章', msgmenu: '菜单消息', wxcard: '卡券', transfer_customer_service: '转人工客服',
}
// What the + button offers; a rule that holds another kind still shows it and keeps it.
export const offered: MessageType[] = ['text', 'image', 'news', 'miniprogrampage']
export const offeredMore: MessageType[] = ['msgmenu', 'voice', 'video', 'music', 'mpnewsarticle', 'transfer_customer_service']
// What WeChat lets stand as the answer itself; the rest follows as a customer-service message.
const passive = new Set<string>(['text', 'image', 'voice', 'video', 'music', 'news', 'transfer_customer_service'])
export const isPassive = (m: { type: string; delay_seconds?: number }) => passive.has(m.type) && !m.delay_seconds

export const typeNames: Record<string, string> = { text: '文字', image: '图片', voice: '语音', video: '视频', location: '位置', link: '链接' }
// WeChat's ways to follow (subscribe_scene), those by a scene code apart: they have rules of their own.
export const sourceNames: Record<string, string> = {
  ADD_SCENE_SEARCH: '搜索公众号', ADD_SCENE_PROFILE_CARD: '名片分享', ADD_SCENE_QR_CODE: '普通二维码', ADD_SCENE_PROFILE_LINK: '图文页内名称', ADD_SCENE_PROFILE_ITEM: '图文页右上角菜单',
  ADD_SCENE_PAID: '支付后关注', ADD_SCENE_WECHAT_ADVERTISEMENT: '微信广告', ADD_SCENE_REPRINT: '他人转载', ADD_SCENE_LIVESTREAM: '视频号直播', ADD_SCENE_CHANNELS: '视频号', ADD_SCENE_WXA: '小程序',
  ADD_SCENE_ACCOUNT_MIGRATION: '公众号迁移', ADD_SCENE_OTHERS: '其他',
}
export const variables = ['{日期}', '{星期}', '{时间}', '{原话}', '{关键词}', '{场景值}']

export const limits = { text: 2048, title: 256, description: 512, url: 1024, cardTitle: 192, pagePath: 1024, keyword: 60, regex: 256, name: 60 }
export const articlesMost = (kind: Kind) => (kind === 'keyword' || kind === 'default' ? 1 : 8)
// delayMost is how many seconds a message may wait: WeChat lets us send for a minute after a follow, a scan or a tap.
export const delayMost = (kind: Kind) => (kind === 'keyword' || kind === 'default' ? 47 * 3600 : 50)
export function spanText(seconds: number): string {
  for (const [n, word] of [[86400, '天'], [3600, '小时'], [60, '分钟']] as const) if (seconds >= n && seconds % n === 0) return `${seconds / n} ${word}`
  return `${seconds} 秒`
}
export const messagesMost = (pick: string) => (pick === 'random' ? 20 : 5)

// Form is a rule as it is edited: every field there, times as Beijing wall time.
export interface Form {
  name: string; kind: Kind; event_key: string /* of a batch one scene a line */; keywords: Keyword[]; priority: number; pick: 'all' | 'random'; messages: Message[]; enabled: boolean
  days: number[]; from: string; to: string; starts_at: string; ends_at: string
  message_types: string[]; sources: string[]; interval_seconds: number; dialog: Dialog | null
}

export function emptyForm(kind: Kind = 'keyword'): Form {
  return {
    name: '', kind, event_key: '', keywords: kind === 'keyword' ? [{ text: '', match: 'contains' }] : [], priority: 0, pick: 'all', messages: [newMessage('text')], enabled: true,
    days: [], from: '', to: '', starts_at: '', ends_at: '', message_types: [], sources: [], interval_seconds: 0, dialog: null,
  }
}
export const newDialog = (): Dialog => ({ seconds: 300, answers: [{ answer: '1', messages: [newMessage('text')] }, { answer: '2', messages: [newMessage('text')] }] })
export function newMessage(type: MessageType): Message {
  switch (type) {
    case 'text': return { type, content: '' }
    case 'image': return { type, media_id: '' }
    case 'news': return { type, articles: [{ title: '', description: '', url: '', picurl: '' }] }
    case 'miniprogrampage': return { type, title: '', appid: '', pagepath: '', thumb_media_id: '' }
    case 'msgmenu': return { type, head_content: '', list: [{ id: '1', content: '' }, { id: '2', content: '' }], tail_content: '' }
    case 'voice': return { type, media_id: '' }
    case 'video': return { type, media_id: '', title: '', description: '', thumb_media_id: '' }
    case 'music': return { type, title: '', description: '', musicurl: '', hqmusicurl: '', thumb_media_id: '' }
    case 'mpnewsarticle': return { type, article_id: '' }
    default: return { type }
  }
}
export function toForm(r: Rule): Form {
  return {
    name: r.name, kind: r.kind as Kind, event_key: r.scenes.length ? r.scenes.join('\n') : r.event_key, keywords: r.keywords.map((k) => ({ ...k })), priority: r.priority, pick: r.pick === 'random' ? 'random' : 'all',
    messages: JSON.parse(JSON.stringify(r.messages)) as Message[], enabled: r.enabled, days: [...(r.active.days ?? [])], from: r.active.from ?? '', to: r.active.to ?? '',
    starts_at: toWall(r.active.starts_at), ends_at: toWall(r.active.ends_at), message_types: [...r.message_types], sources: [...r.sources], interval_seconds: r.interval_seconds,
    dialog: r.dialog ? (JSON.parse(JSON.stringify(r.dialog)) as Dialog) : null,
  }
}
export function toInput(f: Form): RuleInput {
  return {
    name: f.name.trim(), kind: f.kind, priority: f.priority, pick: f.pick, enabled: f.enabled, messages: f.messages,
    ...(f.kind === 'keyword' ? { keywords: f.keywords.filter((k) => k.text.trim() || f.keywords.length === 1) } : {}),
    ...(f.kind === 'menu' ? { event_key: f.event_key.trim() } : {}),
    ...(f.kind === 'scene' ? (linesOf(f.event_key).length > 1 ? { scenes: linesOf(f.event_key) } : { event_key: f.event_key.trim() }) : {}),
    ...(f.kind === 'default' && f.message_types.length ? { message_types: f.message_types } : {}),
    ...(f.kind === 'follow' && f.sources.length ? { sources: f.sources } : {}),
    ...(f.interval_seconds && !sourced(f) ? { interval_seconds: f.interval_seconds } : {}),
    ...(f.dialog && !sourced(f) ? { dialog: f.dialog } : {}),
    active: {
      ...(f.days.length ? { days: [...f.days].sort((a, b) => a - b) } : {}), ...(f.from ? { from: f.from } : {}), ...(f.to ? { to: f.to } : {}),
      ...(f.starts_at ? { starts_at: toInstant(f.starts_at)! } : {}), ...(f.ends_at ? { ends_at: toInstant(f.ends_at)! } : {}),
    },
  }
}

// sourced tells a rule for fans who came by certain ways: WeChat is asked after the follow, so it speaks behind
// the welcome, once, and remembers nothing.
export const sourced = (f: { kind: string; sources: string[] }) => f.kind === 'follow' && f.sources.length > 0
// whoText says for whom a rule is, beyond its kind.
export function whoText(r: Pick<Rule, 'message_types' | 'sources' | 'interval_seconds' | 'dialog'>): string {
  const parts: string[] = []
  if (r.message_types.length) parts.push(r.message_types.map((t) => typeNames[t] ?? t).join('、'))
  if (r.sources.length) parts.push('来自' + r.sources.map((s) => sourceNames[s] ?? s).join('、'))
  if (r.interval_seconds) parts.push(`每人 ${spanText(r.interval_seconds)}一次`)
  if (r.dialog) parts.push(`接着答 ${r.dialog.answers.map((a) => a.answer).join('、')}`)
  return parts.join(' · ')
}
// warningsAt files a rule's warnings under the form's names for the fields.
export function warningsAt(list: Rule['warnings'] | undefined): Record<string, string[]> {
  const out: Record<string, string[]> = {}
  for (const w of list ?? []) (out[fieldKey(w.field)] ??= []).push(w.message)
  return out
}

const weekdays = '一二三四五六日'
// activeText says when a rule answers; always is the empty text.
export function activeText(a: Rule['active']): string {
  const parts: string[] = []
  if (a.days?.length && a.days.length < 7) parts.push('周' + [...a.days].sort().map((d) => weekdays[d - 1]).join(''))
  if (a.from && a.to) parts.push(`${a.from}–${a.to}`)
  if (a.starts_at) parts.push(`${toWall(a.starts_at)} 起`)
  if (a.ends_at) parts.push(`${toWall(a.ends_at)} 止`)
  return parts.join(' ')
}
export function messageText(m: Message): string {
  switch (m.type) {
    case 'text': return m.content ?? ''
    case 'news': return m.articles?.[0]?.title ?? ''
    case 'miniprogrampage': case 'video': case 'music': return m.title ?? ''
    case 'msgmenu': return m.head_content ?? ''
    default: return m.media_id ?? m.article_id ?? m.card_id ?? ''
  }
}
export const messageLine = (m: Message) => `${messageNames[m.type] ?? m.type}${messageText(m) ? `：${messageText(m)}` : ''}`

// eventText names the code or the button a rule is for; '' is any. Of a batch's codes it says how many.
export function eventText(key: string): string {
  const all = linesOf(key)
  return all.length > 1 ? `${all[0]} 等 ${all.length} 个` : (all[0] ?? '')
}

// find is how the list's search looks at a rule: name, keywords, event key and what it says.
export function find(r: Rule, q: string): boolean {
  const want = q.trim().toLowerCase()
  if (!want) return true
  return [r.name, r.event_key, ...r.scenes, ...r.keywords.map((k) => k.text), ...r.messages.map(messageText)].some((t) => t.toLowerCase().includes(want))
}

const web = (u: string) => /^https?:\/\/[^\s/]+/.test(u)
// faults are found here before asking, at the service's own names for the fields; the service has the last word.
export function faults(f: Form): Record<string, string> {
  const bad: Record<string, string> = {}
  if (!f.name.trim()) bad.name = '请填写规则名称'
  if (f.kind === 'keyword') {
    const kept = toInput(f).keywords ?? []
    if (!kept.some((k) => k.text.trim())) bad['keywords.0'] = '至少要有一个关键词'
    const had = new Set<string>()
    kept.forEach((k, i) => {
      const id = `${k.match}\n${k.match === 'regex' ? k.text : k.text.trim().toLowerCase()}`
      if (k.text.trim() && had.has(id)) bad[`keywords.${i}`] = `「${k.text}」重复了`
      had.add(id)
    })
  }
  if (!f.from !== !f.to) bad['active.from'] = '开始时间和结束时间要一起填'
  else if (f.from && f.from === f.to) bad['active.to'] = '结束时间不能与开始时间相同'
  if (f.starts_at && f.ends_at && f.starts_at >= f.ends_at) bad['active.ends_at'] = '结束日期应在开始日期之后'
  if (!f.messages.length) bad.messages = '至少要有一条回复'
  let before = 0
  f.messages.forEach((m, i) => {
    const delay = m.delay_seconds ?? 0
    const t = messageFault(m, sourced(f) ? 1 : articlesMost(f.kind)) || (delay > delayMost(f.kind) ? `延迟最多 ${spanText(delayMost(f.kind))}，再晚微信就不让发了` : '')
      || (f.pick === 'all' && delay < before ? '延迟不能比上一条短' : '')
    if (t) bad[`messages.${i}`] = t
    before = Math.max(before, delay)
  })
  if (f.dialog && !sourced(f)) {
    const words = new Set<string>()
    f.dialog.answers.forEach((a, i) => {
      const word = a.answer.trim().toLowerCase()
      if (!word) bad[`dialog.answers.${i}`] = '请填写粉丝的回答'
      else if (words.has(word)) bad[`dialog.answers.${i}`] = `「${a.answer}」重复了`
      words.add(word)
      const t = a.messages.map((m) => messageFault(m, 1)).find(Boolean)
      if (t) bad[`dialog.answers.${i}`] ??= t
    })
  }
  return bad
}
export function messageFault(m: Message, articles: number): string {
  const empty = (v: string | undefined) => !v?.trim()
  const long = (v: string | undefined, most: number) => utf8Bytes(v ?? '') > most
  switch (m.type) {
    case 'text':
      if (empty(m.content)) return '请填写文字内容'
      return long(m.content, limits.text) ? `文字超出 ${limits.text} 字节` : ''
    case 'image': return empty(m.media_id) ? '请选一张图片' : ''
    case 'news': {
      const list = m.articles ?? []
      if (!list.length || list.length > articles) return `图文应有 1 到 ${articles} 条，现有 ${list.length} 条`
      for (const [i, a] of list.entries()) {
        if (empty(a.title)) return `第 ${i + 1} 条图文没有标题`
        if (!web(a.url)) return `第 ${i + 1} 条图文的链接应以 http:// 或 https:// 开头`
        if (a.picurl && !web(a.picurl)) return `第 ${i + 1} 条图文的封面地址应以 http:// 或 https:// 开头`
        if (long(a.title, limits.title) || long(a.description, limits.description)) return `第 ${i + 1} 条图文的标题或描述太长`
      }
      return ''
    }
    case 'miniprogrampage':
      if (empty(m.title)) return '请填写卡片标题'
      if (empty(m.appid)) return '请填写小程序 appid'
      if (empty(m.pagepath)) return '请填写小程序页面路径'
      if (empty(m.thumb_media_id)) return '请选卡片封面'
      return long(m.title, limits.cardTitle) ? '卡片标题太长' : ''
    case 'voice': case 'video': return empty(m.media_id) ? '请填写素材 media_id' : ''
    case 'music': return empty(m.thumb_media_id) ? '请填写音乐封面 thumb_media_id' : ''
    case 'mpnewsarticle': return empty(m.article_id) ? '请填写文章 article_id' : ''
    case 'msgmenu':
      if (empty(m.head_content)) return '请填写菜单消息的开头'
      return !m.list?.length || m.list.some((c) => empty(c.content)) ? '每个选项都要有文字' : ''
    default: return ''
  }
}
