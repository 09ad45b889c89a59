import type { components } from '@/api/schema'
import { count } from '@/lib/number'
import type { Word } from '@/lib/words'

export type Connection = components['schemas']['ConnectionOutBody']
export type Check = components['schemas']['CheckBody']
export type Usage = components['schemas']['UsageBody']
export type Outage = components['schemas']['OutageBody']

// WeChat's interfaces by what an operator would call them; the path stands beside.
const names: Record<string, string> = {
  '/cgi-bin/stable_token': '取 access_token', '/cgi-bin/openapi/quota/get': '查额度', '/cgi-bin/callback/check': '检查回调地址',
  '/cgi-bin/message/custom/send': '客服消息', '/cgi-bin/message/mass/sendall': '群发', '/cgi-bin/message/mass/preview': '群发预览', '/cgi-bin/message/mass/get': '群发结果',
  '/cgi-bin/menu/create': '发布菜单', '/cgi-bin/menu/get': '读取菜单', '/cgi-bin/menu/delete': '删除菜单', '/cgi-bin/menu/addconditional': '发布个性化菜单', '/cgi-bin/menu/delconditional': '删除个性化菜单', '/cgi-bin/menu/trymatch': '看粉丝的菜单',
  '/cgi-bin/get_current_selfmenu_info': '读取线上菜单', '/cgi-bin/get_current_autoreply_info': '读取线上自动回复',
  '/cgi-bin/user/get': '粉丝列表', '/cgi-bin/user/info': '粉丝资料', '/cgi-bin/user/info/batchget': '粉丝资料（批量）', '/cgi-bin/user/info/updateremark': '粉丝备注',
  '/cgi-bin/tags/get': '标签', '/cgi-bin/tags/create': '新建标签', '/cgi-bin/tags/members/batchtagging': '打标签', '/cgi-bin/tags/members/batchuntagging': '去标签', '/cgi-bin/tags/members/getblacklist': '黑名单',
  '/cgi-bin/qrcode/create': '场景二维码',
  '/cgi-bin/material/batchget_material': '素材列表', '/cgi-bin/material/get_material': '读取素材', '/cgi-bin/material/add_material': '上传永久素材', '/cgi-bin/material/get_materialcount': '素材数量', '/cgi-bin/media/upload': '上传临时素材', '/cgi-bin/media/uploadimg': '上传图文图片', '/cgi-bin/media/get': '下载临时素材',
  '/cgi-bin/draft/add': '新建草稿', '/cgi-bin/draft/update': '改草稿', '/cgi-bin/draft/get': '读取草稿', '/cgi-bin/draft/delete': '删除草稿', '/cgi-bin/draft/batchget': '草稿列表',
  '/cgi-bin/freepublish/submit': '发布文章', '/cgi-bin/freepublish/get': '发布结果', '/cgi-bin/freepublish/batchget': '已发布的文章', '/cgi-bin/freepublish/delete': '删除文章',
  '/sns/jscode2session': '小程序登录', '/wxa/business/getuserphonenumber': '手机号', '/wxa/msg_sec_check': '内容检查', '/wxa/getwxacodeunlimit': '小程序码',
}

export function callName(path: string): string {
  if (names[path]) return names[path]
  if (path.startsWith('/datacube/')) return '统计数据'
  if (path.startsWith('/cgi-bin/comment/')) return '留言'
  if (path.startsWith('/wxa/sec/order/')) return '发货信息'
  if (path.startsWith('/xpay/')) return '虚拟支付'
  return ''
}

// quotaText is what is known of an interface's day at WeChat.
export function quotaText(u: Usage): string {
  if (u.stopped_until) return '今天的次数已用完'
  if (u.quota) return `用了 ${count(u.quota.used)} / ${count(u.quota.limit)}，还剩 ${count(u.quota.remain)}`
  return u.note || (u.path.includes('/quota/') ? '–' : '还没有问过')
}

export const partNames: Record<Outage['part'], string> = { database: '数据库中断或太慢', redis: 'Redis 中断' }
export const outageWords: Record<string, Word> = { open: { text: '正在降级', mood: 'bad' }, over: { text: '已恢复', mood: 'good' } }

// lasted writes how long a degraded period was.
export function lasted(o: Outage, now: string): string {
  const seconds = Math.max(1, Math.round((Date.parse(o.ended_at ?? now) - Date.parse(o.began_at)) / 1000))
  if (seconds < 60) return `${seconds} 秒`
  if (seconds < 3600) return `${Math.round(seconds / 60)} 分钟`
  return `${(seconds / 3600).toFixed(1)} 小时`
}

// ms writes an answer's time.
export function ms(n: number): string {
  if (n === 0) return '–'
  return n < 1000 ? `${n < 10 ? n.toFixed(1) : Math.round(n)} 毫秒` : `${(n / 1000).toFixed(2)} 秒`
}

const weight: Record<Check['state'], number> = { bad: 0, warn: 1, ok: 2, off: 3 }

// urgent puts what needs a hand first and leaves the order otherwise.
export function urgent(items: Check[]): Check[] {
  return [...items].sort((a, b) => weight[a.state] - weight[b.state])
}
