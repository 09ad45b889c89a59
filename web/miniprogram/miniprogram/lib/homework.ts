// The homework of a lesson: what is still missing, the key under which it is handed in, and how a hand-in reads.
import type { Homework, HomeworkPicture, Submission } from './api'
import { when } from './format'
import { uuid7 } from './id'

export const mostText = 2000
export const homeworkWords: Record<string, string> = { '': '有作业', waiting: '作业待批改', marked: '作业已批改', returned: '作业退回重交' }
export const stateWords: Record<string, string> = { waiting: '待批改', marked: '已批改', returned: '退回重交', replaced: '已重交' }

// needs says what has to be handed in.
export const needs = (h: Pick<Homework, 'need_text' | 'need_pictures' | 'most_pictures' | 'counts'>): string =>
  [`要交${[h.need_text && '文字', h.need_pictures && '图片'].filter(Boolean).join('和')}，图片最多 ${h.most_pictures} 张`, h.counts ? '通过才算学完这一课' : ''].filter(Boolean).join('；')

export const markWords = (s: Pick<Submission, 'state' | 'score'>): string => (s.state === 'marked' ? (s.score === undefined ? '通过' : `${s.score} 分`) : (stateWords[s.state] ?? ''))

export const line = (s: Submission, now?: Date) => ({
  id: s.id, content: s.content, pictures: s.pictures.map((p) => p.url), mark: markWords(s), words: s.words ?? '', mine: s.mine, good: s.featured, bad: s.state === 'returned',
  at: [when(s.at, now), s.late ? '迟交' : ''].filter(Boolean).join(' · '),
})

// Sheet is a hand-in being made; it begins with what came back. The same once more, after no answer came, goes under the
// same key: it is one.
export class Sheet {
  text = ''
  pictures: HomeworkPicture[] = []
  private key = ''
  private sent = ''

  constructor(readonly homework: Homework) {
    const { last } = homework
    if (last?.state === 'returned') {
      this.text = last.content
      this.pictures = [...last.pictures]
    }
  }

  // room is how many pictures more may be chosen.
  get room(): number { return Math.max(0, this.homework.most_pictures - this.pictures.length) }

  // fault says why it cannot be handed in; '' when it can.
  fault(): string {
    const n = [...this.text.trim()].length
    if (n === 0 && this.homework.need_text) return '请写上文字'
    if (n > mostText) return `最多 ${mostText} 个字，现在有 ${n} 个`
    if (this.pictures.length === 0 && this.homework.need_pictures) return '请选图片'
    return ''
  }

  handing(): { key: string; body: { content: string; pictures: number[] } } {
    const body = { content: this.text.trim(), pictures: this.pictures.map((p) => p.id) }
    const sent = JSON.stringify(body)
    if (sent !== this.sent) {
      this.sent = sent
      this.key = uuid7()
    }
    return { key: this.key, body }
  }
}
