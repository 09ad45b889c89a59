// A campaign's sign-up list on the phone: what was filled in, and how it reads.
import type { Signup } from './api'
import { when } from './format'

export type Answers = Record<number, string[]>

// answersOf is what was handed in, to be changed; nothing of who cancelled is lost either. An option that is there no more
// falls away: nobody could untick it, and the service would refuse it for ever.
export function answersOf(s: Signup): Answers {
  const kept = (key: number, values: string[]) => {
    const f = s.fields.find((x) => x.key === key)
    return f && (f.kind === 'single' || f.kind === 'multiple') ? values.filter((v) => f.options.includes(v)) : values
  }
  return Object.fromEntries((s.mine?.answers ?? []).map((a) => [a.key, kept(a.key, a.values)]))
}

// toSend leaves out what is empty, and what is asked no more.
export function toSend(s: Signup, answers: Answers): { key: number; values: string[] }[] {
  return s.fields.flatMap((f) => {
    const values = (answers[f.key] ?? []).map((v) => v.trim()).filter(Boolean)
    return values.length ? [{ key: f.key, values }] : []
  })
}

// missing names the first question that has to be answered and is not; '' when none is.
export const missing = (s: Signup, answers: Answers): string => s.fields.find((f) => f.required && !(answers[f.key] ?? []).some((v) => v.trim()))?.label ?? ''

// picked is the answers after a tap on an option: one of single, on and off of multiple.
export function picked(s: Signup, answers: Answers, key: number, option: string): Answers {
  const had = answers[key] ?? []
  const single = s.fields.find((f) => f.key === key)?.kind === 'single'
  return { ...answers, [key]: single ? [option] : had.includes(option) ? had.filter((o) => o !== option) : [...had, option] }
}

export function rowsOf(s: Signup, answers: Answers) {
  return s.fields.map((f) => {
    const had = answers[f.key] ?? []
    return {
      key: f.key, kind: f.kind, head: f.label + (f.required ? '' : '（可不填）'), label: f.label, value: had[0] ?? '', given: had[0] === 'given',
      options: (f.options ?? []).map((text) => ({ text, on: had.includes(text) })),
    }
  })
}

// lineOf says when one may sign up and whether there is room.
export function lineOf(s: Signup): string {
  const time = s.phase === 'before' ? `${when(s.from)} 开始报名` : s.phase === 'open' ? `报名到 ${when(s.to)}` : s.phase === 'off' ? '报名暂停了' : '报名已经结束'
  if (s.phase === 'over' || s.phase === 'off') return time
  return `${time}，${s.left === undefined ? '名额不限' : s.left > 0 ? `还有 ${s.left} 个名额` : '名额已满，现在报名进候补'}`
}

// standing is how one stands with it; '' for who is not on the list.
export const standing = (s: Signup): string => (s.mine?.state === 'joined' ? '已报名' : s.mine?.state === 'waiting' ? (s.mine.ahead ? `候补中，前面还有 ${s.mine.ahead} 位` : '候补中，下一个就是您') : '')
