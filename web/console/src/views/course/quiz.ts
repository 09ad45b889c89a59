import type { components } from '@/api/schema'

// The quiz of a lesson as a form holds it, and as the service takes it.
type S = components['schemas']
export type QuizBody = S['QuizBody']
export type QuizKind = S['QuizQuestionBody']['kind']
export interface QuestionForm { kind: QuizKind; text: string; options: string[]; right: number[]; points: string; why: string }
export interface QuizForm { questions: QuestionForm[]; pass: string; tries: string }

export const quizKinds: Record<QuizKind, string> = { single: '单选', multiple: '多选', judge: '判断' }
export const judgeOptions = ['对', '错']
export const mostOptions = 8
export const emptyQuestion = (kind: QuizKind = 'single'): QuestionForm => ({ kind, text: '', options: kind === 'judge' ? [...judgeOptions] : ['', ''], right: [], points: '10', why: '' })
export const letter = (n: number): string => String.fromCharCode(65 + n)

export const toQuiz = (q?: QuizBody): QuizForm => ({
  questions: (q?.questions ?? []).map((x) => ({ kind: x.kind, text: x.text, options: [...x.options], right: [...x.right], points: String(x.points), why: x.why })),
  pass: q ? String(q.pass) : '', tries: q?.tries ? String(q.tries) : '',
})

const whole = (text: string): number => (/^\d{1,4}$/.test(text.trim()) ? Number(text) : NaN)
export const fullPoints = (q: QuizForm): number => q.questions.reduce((n, x) => n + (whole(x.points) || 0), 0)

// turn makes a question one of another kind, and keeps what still fits.
export function turn(q: QuestionForm, kind: QuizKind): QuestionForm {
  const options = kind === 'judge' ? [...judgeOptions] : q.kind === 'judge' ? ['', ''] : q.options
  const right = kind === 'judge' || q.kind === 'judge' ? [] : kind === 'single' ? q.right.slice(0, 1) : q.right
  return { ...q, kind, options, right }
}

// mark says that an option is right: the only one, or one more or less of several.
export function mark(q: QuestionForm, option: number): number[] {
  if (q.kind !== 'multiple') return [option]
  return q.right.includes(option) ? q.right.filter((o) => o !== option) : [...q.right, option].sort((a, b) => a - b)
}

// drop takes an option out; the right ones after it move up.
export function drop(q: QuestionForm, option: number): QuestionForm {
  return { ...q, options: q.options.filter((_, o) => o !== option), right: q.right.filter((o) => o !== option).map((o) => (o > option ? o - 1 : o)) }
}

export function quizFaults(q: QuizForm): Record<string, string | false> {
  if (!q.questions.length) return {}
  const out: Record<string, string | false> = {}
  q.questions.forEach((x, n) => {
    const points = whole(x.points)
    out[`quiz.${n}.text`] = !x.text.trim() && '请写题目'
    out[`quiz.${n}.options`] = x.options.some((o) => !o.trim()) ? '每个选项都要写' : new Set(x.options.map((o) => o.trim())).size < x.options.length && '两个选项是一样的'
    out[`quiz.${n}.right`] = !x.right.length && (x.kind === 'multiple' ? '请选出正确答案，可以多个' : '请选出正确答案')
    out[`quiz.${n}.points`] = !(points >= 1 && points <= 100) && '1 到 100 的整数'
  })
  const pass = whole(q.pass)
  out['quiz.pass'] = !(pass >= 1 && pass <= fullPoints(q)) && `1 到总分 ${fullPoints(q)} 的整数`
  out['quiz.tries'] = q.tries.trim() !== '' && !(whole(q.tries) >= 1 && whole(q.tries) <= 99) && '1 到 99 的整数；不限就留空'
  return out
}

// quizBody without questions takes the quiz away.
export const quizBody = (q: QuizForm): QuizBody => ({
  questions: q.questions.map((x) => ({ kind: x.kind, text: x.text.trim(), options: x.options.map((o) => o.trim()), right: x.right, points: whole(x.points), why: x.why.trim() })),
  pass: q.questions.length ? whole(q.pass) : 0, tries: q.questions.length ? whole(q.tries) || 0 : 0,
})

// share is how many of all, as a person reads it.
export const share = (n: number, of: number): string => (of ? `${Math.round((n / of) * 100)}%` : '—')
