import type { components } from '@/api/schema'
import { utf8Bytes } from '@/lib/bytes'
import { moved } from '@/lib/move'

type S = components['schemas']
export type Button = S['MenuButton']
export type Conditional = S['ConditionalMenu']
export type Match = S['MenuMatch']
export interface Menus { buttons: Button[]; conditional: Conditional[] }
export type MenuDraft = S['MenuDraftOutBody']
export type Plan = S['MenuPlanBody']
export type Tag = S['TagBody']

// WeChat's limits, the same as the service's.
export const limits = { top: 3, sub: 5, topName: 16, subName: 60, key: 128, url: 1024 }

export const typeNames: Record<string, string> = {
  click: '点击回复', view: '打开网页', miniprogram: '打开小程序', media_id: '发送素材', view_limited: '打开图文素材', article_id: '发送文章', article_view_limited: '打开文章',
  scancode_push: '扫码', scancode_waitmsg: '扫码并等待', pic_sysphoto: '拍照', pic_photo_or_album: '拍照或相册', pic_weixin: '微信相册', location_select: '发送位置',
}
export const groups: { label: string; types: string[] }[] = [
  { label: '常用', types: ['click', 'view', 'miniprogram'] },
  { label: '发内容（微信不告诉我们点击）', types: ['media_id', 'article_id', 'article_view_limited', 'view_limited'] },
  { label: '用手机的功能', types: ['scancode_waitmsg', 'scancode_push', 'pic_photo_or_album', 'pic_sysphoto', 'pic_weixin', 'location_select'] },
]
export const typeHints: Record<string, string> = {
  click: '点了回复一条消息', view: '打开一个网页', miniprogram: '打开小程序的一页', media_id: '把素材库里的图片、语音或视频发给粉丝', article_id: '把已发布的文章作为卡片发给粉丝', article_view_limited: '直接打开已发布的文章', view_limited: '直接打开图文素材',
  scancode_waitmsg: '扫码后等一条回复', scancode_push: '扫码后打开扫到的内容', pic_photo_or_album: '拍照或从相册选，图片会作为消息发来', pic_sysphoto: '打开相机，照片会作为消息发来', pic_weixin: '从相册选图，图片会作为消息发来', location_select: '选一个位置，会作为消息发来',
}
export const hasKey = (type: string) => ['click', 'scancode_push', 'scancode_waitmsg', 'pic_sysphoto', 'pic_photo_or_album', 'pic_weixin', 'location_select'].includes(type)

export const mostConditional = 20
export const platformNames: Record<string, string> = { 1: 'iOS', 2: '安卓', 3: '其他系统' }
// whose says in words whom a conditional menu is for.
export function whose(m: Match, tags: Tag[]): string {
  const parts: string[] = []
  if (m.tag_id) parts.push(`标签 ${tags.find((t) => String(t.id) === m.tag_id)?.name ?? m.tag_id}`)
  if (m.client_platform_type) parts.push(platformNames[m.client_platform_type] ?? m.client_platform_type)
  return parts.join('、') || '没有条件'
}
export const whoFault = (c: Conditional): string => (c.matchrule.tag_id || c.matchrule.client_platform_type ? '' : `「${c.name || '个性化菜单'}」没有选给谁看`)

// Path is where a button sits: [top] or [top, sub].
export type Path = [number] | [number, number]
export const pathKey = (p: Path) => p.join('.')

export const isParent = (b: Button) => (b.sub_button?.length ?? 0) > 0
export function at(buttons: Button[], p: Path | null): Button | undefined {
  if (!p) return undefined
  const top = buttons[p[0]]
  return p.length === 1 ? top : top?.sub_button?.[p[1]]
}
const copy = (buttons: Button[]): Button[] => JSON.parse(JSON.stringify(buttons)) as Button[]

export function addTop(buttons: Button[]): { buttons: Button[]; path: Path } {
  const next = copy(buttons)
  next.push({ name: '菜单名称', type: 'click', key: '' })
  return { buttons: next, path: [next.length - 1] }
}
// addSub puts a button under another. What the parent did by itself moves into its first child, so that
// nothing typed is lost.
export function addSub(buttons: Button[], top: number): { buttons: Button[]; path: Path } {
  const next = copy(buttons)
  const b = next[top]!
  const own = { ...b, sub_button: undefined }
  if (!isParent(b)) {
    const had = own.key || own.url || own.appid || own.media_id || own.article_id
    next[top] = { name: b.name, sub_button: had ? [JSON.parse(JSON.stringify(own)) as Button] : [] }
  }
  const subs = next[top]!.sub_button!
  subs.push({ name: '子菜单名称', type: 'click', key: '' })
  return { buttons: next, path: [top, subs.length - 1] }
}
// remove takes a button out; a parent that lost its last child becomes a plain button again.
export function remove(buttons: Button[], p: Path): { buttons: Button[]; path: Path | null } {
  const next = copy(buttons)
  if (p.length === 1) {
    next.splice(p[0], 1)
    return { buttons: next, path: next.length ? [Math.min(p[0], next.length - 1)] : null }
  }
  const top = next[p[0]]!
  top.sub_button!.splice(p[1], 1)
  if (top.sub_button!.length) return { buttons: next, path: [p[0], Math.min(p[1], top.sub_button!.length - 1)] }
  next[p[0]] = { name: top.name, type: 'click', key: '' }
  return { buttons: next, path: [p[0]] }
}
export function move(buttons: Button[], p: Path, to: number): { buttons: Button[]; path: Path } {
  const next = copy(buttons)
  if (p.length === 1) {
    const out = moved(next, p[0], to)
    return { buttons: out, path: to >= 0 && to < out.length ? [to] : p }
  }
  const top = next[p[0]]!
  const count = top.sub_button!.length
  top.sub_button = moved(top.sub_button!, p[1], to)
  return { buttons: next, path: to >= 0 && to < count ? [p[0], to] : p }
}

export interface Fault { path: Path | null; field: string; text: string }
const address = (u: string) => /^https?:\/\/[^\s/?#]*[^\s/?#.]\.[^\s/?#]+/.test(u)

// check names every broken limit with its button, as publishing would.
export function check(buttons: Button[]): Fault[] {
  const out: Fault[] = []
  if (!buttons.length) out.push({ path: null, field: '', text: '菜单至少要有一个按钮' })
  if (buttons.length > limits.top) out.push({ path: [limits.top], field: '', text: `一级按钮有 ${buttons.length} 个，最多 ${limits.top} 个` })
  buttons.forEach((b, i) => {
    one(out, b, [i])
    if ((b.sub_button?.length ?? 0) > limits.sub) out.push({ path: [i], field: 'sub_button', text: `按钮「${b.name}」的子按钮有 ${b.sub_button!.length} 个，最多 ${limits.sub} 个` })
    b.sub_button?.forEach((s, j) => one(out, s, [i, j]))
  })
  return out
}
function one(out: Fault[], b: Button, path: Path): void {
  const say = (field: string, text: string) => out.push({ path, field, text: `按钮「${b.name}」${text}` })
  const most = path.length === 1 ? limits.topName : limits.subName
  const size = utf8Bytes(b.name)
  if (!b.name.trim()) out.push({ path, field: 'name', text: '有一个按钮没有名称' })
  else if (size > most) say('name', `的名称有 ${size} 字节，最多 ${most} 字节（约 ${Math.floor(most / 3)} 个汉字）`)
  if (isParent(b)) return
  const need = (field: keyof Button, what: string) => { if (!String(b[field] ?? '').trim()) say(field, `没有填写${what}`) }
  const page = (what: string) => {
    const u = b.url ?? ''
    if (!u) say('url', `没有填写${what}`)
    else if (utf8Bytes(u) > limits.url) say('url', `的${what}有 ${utf8Bytes(u)} 字节，最多 ${limits.url} 字节`)
    else if (!address(u)) say('url', `的${what}不完整，应为带域名的 https:// 地址`)
  }
  const type = b.type ?? ''
  if (hasKey(type)) {
    need('key', ' key')
    if (utf8Bytes(b.key ?? '') > limits.key) say('key', `的 key 有 ${utf8Bytes(b.key ?? '')} 字节，最多 ${limits.key} 字节`)
  } else if (type === 'view') page('链接')
  else if (type === 'miniprogram') {
    need('appid', '小程序 appid')
    need('pagepath', '小程序页面路径')
    page('备用网页（旧版微信打开）')
  } else if (type === 'media_id' || type === 'view_limited') need('media_id', '素材 media_id')
  else if (type === 'article_id' || type === 'article_view_limited') need('article_id', '文章 article_id')
  else say('type', type ? `的动作 ${type} 微信不支持` : '没有选择动作，也没有子按钮')
}

export function summary(b: Button): string {
  if (isParent(b)) return `${b.sub_button!.length} 个子按钮`
  const what = b.type === 'miniprogram' ? b.pagepath : (b.key || b.url || b.media_id || b.article_id)
  return `${typeNames[b.type ?? ''] ?? b.type ?? ''} ${what ?? ''}`.trim()
}
export const cleanAll = (m: Menus): Menus => ({ buttons: m.buttons.map(clean), conditional: m.conditional.map((c) => ({ ...c, button: c.button.map(clean) })) })

// courseOf reads which course a page of our Mini Program shows; pathOf is the page of one.
export const courseOf = (path: string): number | null => { const m = /course[^?]*\?(?:.*&)?id=(\d+)/.exec(path); return m ? Number(m[1]) : null }
export const pathOf = (course: number) => `pages/course/index?id=${course}`

// clean leaves out the fields the chosen action does not use: they stay while one tries actions, and are not sent.
export function clean(b: Button): Button {
  if (isParent(b)) return { name: b.name, sub_button: b.sub_button!.map(clean) }
  const type = b.type ?? ''
  const keep: (keyof Button)[] = hasKey(type) ? ['key'] : type === 'view' ? ['url'] : type === 'miniprogram' ? ['appid', 'pagepath', 'url'] : type.includes('article') ? ['article_id'] : ['media_id']
  const out: Button = { name: b.name, type }
  for (const k of keep) if (b[k]) Object.assign(out, { [k]: b[k] })
  return out
}

// History is Ctrl+Z: states as text, at most a hundred. Typing in one field within a second is one step.
export class History {
  private past: string[] = []
  private future: string[] = []
  private tag = ''
  private time = 0
  constructor(private now = '') {}
  reset(state: string): void {
    this.past = []
    this.future = []
    this.now = state
    this.tag = ''
  }
  push(state: string, tag = '', time = Date.now()): void {
    if (state === this.now) return
    if (!(tag && tag === this.tag && time - this.time < 1000)) this.past.push(this.now)
    if (this.past.length > 100) this.past.shift()
    this.future = []
    this.now = state
    this.tag = tag
    this.time = time
  }
  undo(): string | null {
    const back = this.past.pop()
    if (back === undefined) return null
    this.future.push(this.now)
    this.tag = ''
    return (this.now = back)
  }
  redo(): string | null {
    const on = this.future.pop()
    if (on === undefined) return null
    this.past.push(this.now)
    this.tag = ''
    return (this.now = on)
  }
  get canUndo(): boolean { return this.past.length > 0 }
  get canRedo(): boolean { return this.future.length > 0 }
}
