import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'

export type Handed = components['schemas']['HandedBody']
export type Task = components['schemas']['HomeworkTask']

export const homeworkWords = {
  waiting: { text: '待批改', mood: 'warn', shape: 'half' },
  marked: { text: '已批改', mood: 'good' },
  returned: { text: '退回重交', mood: 'bad' },
  replaced: { text: '已重交', mood: 'muted' },
} satisfies Record<Handed['state'], Word>

// checkWords say what WeChat's content check came to, where that is worth a word.
export const checkWords: Record<Handed['check'], string> = { checking: '微信检查中', pass: '', review: '微信拿不准', risky: '没有通过微信的检查', unknown: '微信没能检查' }

// mayDo says what makes sense for a hand-in as it stands; the service refuses the rest.
export const mayDo = (x: Pick<Handed, 'state' | 'check' | 'featured'>): { mark: boolean; giveBack: boolean; feature: boolean } => ({
  mark: x.state === 'waiting' || x.state === 'marked',
  giveBack: x.state === 'waiting',
  feature: x.featured || (x.state === 'marked' && x.check === 'pass'),
})

// scoreOf reads a typed score: undefined for none, null for what is no score.
export function scoreOf(typed: string): number | undefined | null {
  const text = typed.trim()
  if (!text) return undefined
  return /^\d{1,3}$/.test(text) && Number(text) <= 100 ? Number(text) : null
}

export const emptyTask = (): Task => ({ title: '', task: '', due_days: 0, need_text: true, need_pictures: false, counts: false, closed: false })
