import type { components } from '@/api/schema'
import type { Word } from './words'

type S = components['schemas']
export type Bill = S['BillLine']
export type BillDay = S['DayOutBody']
export type Difference = S['DifferenceBody']

export const billWords: Record<string, Word> = {
  waiting: { text: '账单未出', mood: 'muted', shape: 'half' },
  none: { text: '无交易', mood: 'muted', shape: 'hollow' },
  fetched: { text: '正在对账', mood: 'warn', shape: 'half' },
  failed: { text: '账单不可用', mood: 'bad' },
  equal: { text: '全部相符', mood: 'good' },
  open: { text: '有差异', mood: 'bad' },
}
export const verdictWords: Record<string, Word> = {
  differs: { text: '不符', mood: 'bad' },
  missing_here: { text: '本店缺', mood: 'bad', shape: 'hollow' },
  missing_there: { text: '账单缺', mood: 'bad', shape: 'half' },
}

export const open = (b: Bill): number => b.differs + b.missing_here + b.missing_there

// A compared day is told by what came of it, any other by how far it is.
export const billState = (b: Bill): string => (open(b) > 0 ? 'open' : b.state === 'done' ? 'equal' : b.state)
