import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'
import { count } from '@/lib/number'

export type Notice = components['schemas']['FanNoticeBody']
export type NoticeWhole = components['schemas']['NoticeWhole']
export type NoticeSend = components['schemas']['NoticeSendBody']
export type Template = components['schemas']['NoticeTemplateBody']
export type Field = components['schemas']['NoticeFieldBody']
export type Filter = components['schemas']['NoticeFilterBody']
export type Sums = components['schemas']['NoticeSums']

export const kindNames: Record<Notice['kind'], string> = { template: '模板消息', subscribe: '订阅通知' }

export const noticeWords = {
  draft: { text: '草稿', mood: 'muted', shape: 'half' },
  waiting: { text: '待确认', mood: 'warn', shape: 'half' },
  sending: { text: '正在发', mood: 'warn', shape: 'half' },
  done: { text: '已发完', mood: 'good' },
  stopped: { text: '已停止', mood: 'warn', shape: 'hollow' },
  failed: { text: '停下了', mood: 'bad' },
} satisfies Record<string, Word>

export const sendWords = {
  waiting: { text: '待发', mood: 'muted', shape: 'hollow' },
  sending: { text: '正在发', mood: 'warn', shape: 'half' },
  sent: { text: '微信已接收', mood: 'warn', shape: 'half' },
  delivered: { text: '已送达', mood: 'good' },
  refused: { text: '粉丝拒收', mood: 'warn' },
  failed: { text: '失败', mood: 'bad' },
  unknown: { text: '不确定', mood: 'bad', shape: 'half' },
} satisfies Record<string, Word>

export const editable = (state: string): boolean => state === 'draft' || state === 'waiting'

// gone is how many have left the queue, whatever became of them.
export const gone = (s: Sums): number => s.sent + s.delivered + s.refused + s.failed + s.unknown
export const share = (n: { total: number; sums: Sums }): number => (n.total ? Math.min(100, Math.floor((gone(n.sums) / n.total) * 100)) : 0)

// live says whether its numbers still move: while it is sent, and for ten minutes after, as WeChat tells the end of each later.
export const live = (n: { state: string; sums: Sums; ended_at: string | null }): boolean =>
  n.state === 'sending' || (n.sums.sent > 0 && n.ended_at !== null && Date.now() - Date.parse(n.ended_at) < 600_000)

const kindHints: Record<string, string> = {
  thing: '最多 20 个字', number: '只能是数字', letter: '只能是字母', symbol: '最多 5 个符号', character_string: '最多 32 位数字、字母或符号', time: '如 2026年1月1日 15:01',
  date: '如 2026年1月1日', amount: '如 ¥99.00 或 99元', phone_number: '电话号码', car_number: '最多 8 位', name: '最多 10 个汉字，不能有数字', phrase: '最多 5 个汉字', enum: '微信后台列出的值之一',
}
// fieldHint says what WeChat takes in a field.
export const fieldHint = (f: Field): string => [kindHints[f.kind] ?? '最多 200 个字', f.personal ? '可以写 {备注}' : ''].filter(Boolean).join('，')

// whom says in words to whom a notice goes.
export function whom(f: Filter, tag: (id: number) => string, source: (key: string) => string): string {
  const parts = [f.tag ? `标签「${tag(f.tag)}」` : '', f.source ? `来源「${source(f.source)}」` : '', f.scene ? `二维码「${f.scene}」` : '', f.q ? `备注有「${f.q}」` : '', f.from || f.to ? `${f.from || '最早'} 到 ${f.to || '今天'} 关注` : ''].filter(Boolean)
  return parts.length ? `${parts.join('，')}的粉丝` : '全部关注中的粉丝'
}

// sureText is what one agrees to before it goes out: it is asked once, in words.
export const sureText = (people: number, kind: Notice['kind']): string =>
  `会发到 ${count(people)} 位粉丝的手机上，发出去不能收回，也不能改。${kind === 'subscribe' ? '没有订阅过的人收不到，会记成拒收；每发一条用掉 TA 一次订阅。' : ''}`

// shown is a value as a fan without a remark sees it.
export const shown = (value: string, nameless: string): string => value.replaceAll('{备注}', nameless || '同学')
