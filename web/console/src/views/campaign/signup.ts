import type { components } from '@/api/schema'
import { toInstant, toWall } from '@/lib/time'
import type { Word } from '@/lib/words'

type S = components['schemas']
export type Signup = S['SignupOutBody']
export type SignupForm = S['SignupFormBody']
export type SignupLine = S['SignupLineBody']
export type Kind = SignupForm['fields'][number]['kind']

export const phaseWords: Record<string, Word> = { off: { text: '没开', mood: 'muted', shape: 'hollow' }, before: { text: '还没开始', mood: 'muted', shape: 'half' }, open: { text: '报名中', mood: 'good' }, over: { text: '已截止', mood: 'muted' } }
export const stateWords: Record<string, Word> = { joined: { text: '已报名', mood: 'good' }, waiting: { text: '候补', mood: 'warn', shape: 'half' }, cancelled: { text: '已取消', mood: 'muted', shape: 'hollow' } }
export const cameWords: Record<string, Word> = { came: { text: '已到场', mood: 'good' }, absent: { text: '未到', mood: 'bad', shape: 'hollow' } }
export const kindNames: Record<Kind, string> = { text: '单行文本', lines: '多行文本', phone: '手机号（微信授权）', single: '单选', multiple: '多选' }
export const mostFields = 8
export const chosen = (k: Kind): boolean => k === 'single' || k === 'multiple'

// The form holds text, as typed; asForm makes the service's form of it. `at` only tells rows apart on the screen.
export interface FieldText { at: number; key: number; kind: Kind; label: string; required: boolean; options: string }
export interface FormText { open: boolean; title: string; places: string; from: string; to: string; after: string; fields: FieldText[] }

let rows = 0
export const newField = (kind: Kind = 'text', label = '', required = false): FieldText => ({ at: ++rows, key: 0, kind, label, required, options: '' })

export function textOf(f: SignupForm | null | undefined, campaign: string): FormText {
  if (!f) return { open: true, title: `报名${campaign}`.slice(0, 30), places: '', from: '', to: '', after: '', fields: [newField('text', '姓名', true), newField('phone', '手机号')] }
  return {
    open: f.open, title: f.title, places: f.places == null ? '' : String(f.places), from: toWall(f.starts_at), to: toWall(f.ends_at), after: f.after_text ?? '',
    fields: f.fields.map((x) => ({ at: ++rows, key: x.key, kind: x.kind, label: x.label, required: x.required, options: (x.options ?? []).join('\n') })),
  }
}

export const optionsOf = (text: string): string[] => text.split('\n').map((o) => o.trim()).filter(Boolean)

export function faultsOf(f: FormText): Record<string, string | false> {
  const out: Record<string, string | false> = {
    title: (!f.title.trim() || [...f.title.trim()].length > 30) && '1 到 30 个字',
    places: !!f.places.trim() && !/^[1-9]\d{0,6}$/.test(f.places.trim()) && '一个正整数；不限就留空',
    ends_at: !!f.from && !!f.to && f.to <= f.from && '要晚于开始',
    fields: !f.fields.length && '至少一个问题',
  }
  f.fields.forEach((x, i) => {
    const label = x.label.trim()
    out[`fields.${i}.label`] = !label ? '写下要问什么' : [...label].length > 20 ? '最多 20 个字' : f.fields.slice(0, i).some((y) => y.label.trim() === label) && '和另一个问题重名'
    out[`fields.${i}.kind`] = x.kind === 'phone' && f.fields.slice(0, i).some((y) => y.kind === 'phone') && '手机号只问一次'
    const options = optionsOf(x.options)
    out[`fields.${i}.options`] = chosen(x.kind) && (options.length < 2 || options.length > 20 ? '2 到 20 个选项，一行一个' : new Set(options).size !== options.length && '有重复的选项')
  })
  return out
}

export function asForm(f: FormText, version: number): SignupForm {
  return {
    open: f.open, title: f.title.trim(), ...(f.places.trim() ? { places: Number(f.places) } : {}), ...(f.from ? { starts_at: toInstant(f.from)! } : {}), ...(f.to ? { ends_at: toInstant(f.to)! } : {}), after_text: f.after.trim(), ...(version ? { version } : {}),
    fields: f.fields.map((x) => ({ key: x.key, kind: x.kind, label: x.label.trim(), required: x.required, ...(chosen(x.kind) ? { options: optionsOf(x.options) } : {}) })),
  }
}

// answerOf is what somebody said to one question; a phone number is shown masked.
export const answerOf = (l: SignupLine, key: number): string => {
  const a = l.answers.find((x) => x.key === key)
  return !a ? '' : a.kind === 'phone' ? l.phone : a.values.join('、')
}

// linkText is what a text reply says so that a tap on it opens the page in the Mini Program.
export const linkText = (x: Signup, words = '点这里报名'): string => `<a data-miniprogram-appid="${x.appid}" data-miniprogram-path="${x.path}">${words}</a>`
