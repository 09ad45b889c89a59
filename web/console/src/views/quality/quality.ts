import type { components } from '@/api/schema'
import { figureInfo, showFigure, showPart, stateInfo } from '@/lib/figures'
import { change } from '@/lib/number'
import { clock } from '@/views/course/course'

type S = components['schemas']
export type Quality = S['Quality']
export type LessonQuality = S['LessonQuality']
export type Iteration = S['IterationBody']
export type Measure = S['Measure']
export type Part = 'learners' | 'completed' | 'learning' | 'exercisers' | 'commenters' | 'refunded' | 'stopped' | 'reached' | 'finished' | 'went_on' | 'left' | 'place'
export interface Which { part: Part; lesson_id?: number; tenth?: number; reason?: string; bare?: boolean }

// left is who reached a lesson and learned nothing after it; null for the last one, after which nothing comes.
export const left = (l: LessonQuality) => (l.went_on == null ? null : l.reached - l.went_on)
export const part = (n: number | null, of: number) => (n == null || !of ? null : n / of)

// tenthName says which part of a lesson a tenth is: 3:00–6:00, and of it all.
export function tenthName(l: { seconds: number }, tenth: number): string {
  const at = (n: number) => clock(Math.round(l.seconds * n / 10)) || '0:00'
  return `${at(tenth - 1)}–${at(tenth)}（${(tenth - 1) * 10}–${tenth * 10}%）`
}

// worst is the lesson after which most people are missing; null where nobody is.
export function worst(lessons: LessonQuality[]): LessonQuality | null {
  const lost = lessons.filter((l) => (left(l) ?? 0) > 0)
  return lost.length ? lost.reduce((a, b) => (left(b)! > left(a)! ? b : a)) : null
}

// few is where a comparison may be chance: fewer people than this on either side.
export const few = 30

export interface Compared { name: string; label: string; rule: string; before: string; again: string; after: string; change: string; mood: string; note: string }

// compared sets the figures before beside those after; again only where counting today gives something else.
export function compared(i: Iteration): Compared[] {
  const find = (all: Measure[], name: string) => all.find((m) => m.name === name)
  return i.before.map((b) => {
    const info = figureInfo(b.name), again = find(i.again, b.name), after = find(i.after, b.name)
    const base = again ?? b
    const diff = after ? change(after.value, base.value) : null
    const show = (m: Measure | undefined) => (m ? showFigure(b.name, m) + (m.denominator == null ? '' : `（${showPart(b.name, m.numerator)} ÷ ${showPart(b.name, m.denominator)}）`) : '')
    return {
      name: b.name, label: info.label, rule: b.rule, before: show(b), again: again && show(again) !== show(b) ? show(again) : '', after: show(after), change: diff?.text ?? '',
      mood: !diff?.sign ? 'muted' : (diff.sign > 0) === !info.lessIsBetter ? 'good' : 'bad', note: after ? stateInfo(b.name, after).text : '',
    }
  })
}

// caution says what a comparison is worth; '' while there is none.
export function caution(i: Iteration): string {
  const people = (all: Measure[]) => all.find((m) => m.name === 'learners')?.value ?? 0
  if (!i.after.length) return ''
  const [a, b] = [people(i.again.length ? i.again : i.before), people(i.after)]
  return Math.min(a, b) < few ? `前面 ${a} 人、后面 ${b} 人，不到 ${few} 人时差别可能只是碰巧。` : '同样天数里开始学的两批人，别的变化（活动、价格）也会影响。'
}
