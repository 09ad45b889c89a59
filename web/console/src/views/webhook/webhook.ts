import type { Word } from '@/lib/words'

export const sendWords: Record<string, Word> = {
  waiting: { text: '待发', mood: 'muted', shape: 'hollow' },
  done: { text: '已送到', mood: 'good' },
  dead: { text: '放弃了', mood: 'bad' },
  dropped: { text: '没有发', mood: 'muted' },
}

export const typeNames: Record<string, string> = { order_create: '下单', paid: '付款', refunded: '退款', follow: '关注', unfollow: '取关', ping: '试发' }
export const typeName = (t: string) => typeNames[t] ?? t
