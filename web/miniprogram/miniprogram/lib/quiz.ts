// Answering a quiz: what is picked, what is still open, and the key under which it is handed in. The score is the
// service's; a phone knows no right answer before it has handed in.
import type { Quiz, QuizResult } from './api'
import { uuid7 } from './id'

type Question = Quiz['questions'][number]
export const kindWords: Record<Question['kind'], string> = { single: '单选', multiple: '多选', judge: '判断' }
const letter = (n: number): string => String.fromCharCode(65 + n)

// Sheet is one sitting.
export class Sheet {
  picks: number[][]
  private key = ''
  private sent = ''

  constructor(readonly quiz: Quiz) { this.picks = quiz.questions.map(() => []) }

  // pick takes an option; of several that may be right, a second tap takes it back.
  pick(question: number, option: number): void {
    const q = this.quiz.questions[question]
    const had = this.picks[question]
    if (!q || !had || option < 0 || option >= q.options.length) return
    this.picks[question] = q.kind !== 'multiple' ? [option] : had.includes(option) ? had.filter((o) => o !== option) : [...had, option].sort((a, b) => a - b)
  }

  // open is the first question without an answer, from 0; -1: none.
  get open(): number { return this.picks.findIndex((p) => p.length === 0) }

  // handing is what is sent. The same answers again, after no answer came, go under the same key: they are one try.
  handing(): { key: string; body: { hash: string; answers: number[][] } } {
    const body = { hash: this.quiz.hash, answers: this.picks }
    const text = JSON.stringify(body)
    if (text !== this.sent) {
      this.sent = text
      this.key = uuid7()
    }
    return { key: this.key, body }
  }

  rows() {
    return this.quiz.questions.map((q, n) => ({
      n, head: `${n + 1}. ${q.text}`, line: `${kindWords[q.kind]} · ${q.points} 分`,
      options: q.options.map((text, o) => ({ o, text: q.kind === 'judge' ? text : `${letter(o)}. ${text}`, on: this.picks[n]!.includes(o) })),
    }))
  }
}

// triesWords say how often it may still be handed in.
export const triesWords = (q: Quiz): string => (q.left < 0 ? '次数不限' : `还能答 ${q.left} 次`)

// resultRows are the questions as they were asked, with what was picked and what is right.
export const resultRows = (r: QuizResult) => r.questions.map((q, n) => {
  const name = (places: number[]) => places.map((o) => (q.kind === 'judge' ? q.options[o] : letter(o))).join('、')
  return { n, head: `${n + 1}. ${q.text}`, correct: q.correct, mark: q.correct ? `答对，${q.points} 分` : '答错', picked: name(q.picked), right: name(q.right), why: q.why, options: q.options.map((text, o) => ({ o, text: q.kind === 'judge' ? text : `${letter(o)}. ${text}` })) }
})
