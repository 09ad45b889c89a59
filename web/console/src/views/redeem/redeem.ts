import type { Word } from '@/lib/words'

export const codeWords: Record<string, Word> = {
  unused: { text: '未兑换', mood: 'muted', shape: 'hollow' },
  redeemed: { text: '已兑换', mood: 'good' },
  withdrawn: { text: '已作废', mood: 'bad' },
}

export interface Counts { size: number; redeemed: number; withdrawn: number; over: boolean }

// left is how many codes of a batch can still be redeemed.
export const left = (b: Counts): number => (b.over ? 0 : b.size - b.redeemed - b.withdrawn)

export function batchWord(b: Counts): Word {
  if (b.redeemed === b.size) return { text: '已兑完', mood: 'good' }
  if (b.redeemed + b.withdrawn === b.size) return { text: '已作废', mood: 'bad' }
  return b.over ? { text: '已过期', mood: 'muted' } : { text: '可兑换', mood: 'good' }
}
