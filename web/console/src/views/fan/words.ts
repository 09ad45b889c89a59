import type { Word } from '@/lib/words'
import { eventNames, orderWords } from '@/lib/words'

export const fanWords: Record<string, Word> = {
  true: { text: '关注中', mood: 'good' },
  false: { text: '已取关', mood: 'muted', shape: 'hollow' },
}

// What became of a message we sent.
export const sendWords: Record<string, Word> = {
  queued: { text: '待发', mood: 'muted', shape: 'half' },
  sending: { text: '正在发', mood: 'warn', shape: 'half' },
  sent: { text: '已送达微信', mood: 'good' },
  quota: { text: '额度用完，没有发', mood: 'bad', shape: 'hollow' },
  window: { text: '过了可发的时间，没有发', mood: 'bad', shape: 'hollow' },
  unverified: { text: '账号没有客服消息权限', mood: 'bad' },
  failed: { text: '微信拒绝了', mood: 'bad' },
  unknown: { text: '两次没有答复，不知道是否送达', mood: 'bad', shape: 'half' },
}

const kinds: Record<string, string> = {
  ...eventNames, order: '下单', reply: '我们说', gone: '同步时发现已取关', tag: '加标签', untag: '去标签', remark: '改备注', block: '拉黑', unblock: '移出黑名单', push: '微信事件', message: '粉丝说',
}
export const kindName = (kind: string): string => kinds[kind] ?? kind

// The groups a story is shown by; colour is never the only sign, each line names its kind.
export const moodOf = (kind: string): string => (['paid', 'follow'].includes(kind) ? 'good' : ['unfollow', 'gone', 'refunded', 'block'].includes(kind) ? 'bad' : ['order', 'reply'].includes(kind) ? 'warn' : '')

export const orderState = (state: string): string => (state in orderWords ? orderWords[state as keyof typeof orderWords].text : state)

export const originNames: Record<string, string> = { message: '粉丝 48 小时内说过话', menu: '刚点过菜单', follow: '刚关注', scan: '刚扫过码' }
