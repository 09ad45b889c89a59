import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'
import { kindNames, matchNames, messageLine } from '@/views/reply/rule'

export type SwitchOn = components['schemas']['SwitchOnOutBody']
export type Live = components['schemas']['SwitchOnLiveOutBody']
export type Line = components['schemas']['LiveLineBody']
export type Check = components['schemas']['CheckBody']
export type Wait = components['schemas']['WaitBody']

export const lineWords: Record<Line['state'], Word> = {
  new: { text: '可以导入' }, had: { text: '已在这里', mood: 'good' }, lost: { text: '带不过来', mood: 'bad' },
}
export const waitWords: Record<Wait['state'], Word> = {
  waiting: { text: '在等', mood: 'warn', shape: 'half' }, echo: { text: '地址验证通过', mood: 'good', shape: 'half' }, push: { text: '接管成功', mood: 'good' }, wrong: { text: '不对', mood: 'bad' },
}

// trigger says what a rule of WeChat's console answers.
export function trigger(l: Line): string {
  if (l.kind !== 'keyword') return kindNames[l.kind] ?? l.kind
  return l.keywords.map((k) => `「${k.text}」${matchNames[k.match]}`).join('、')
}

// says is what it answers, a picture that is still to be copied among it.
export function says(l: Line): string {
  const list = l.messages.map(messageLine)
  if (!list.length) return '–'
  return (l.pick === 'random' && list.length > 1 ? '随机一条：' : '') + list.join('；')
}

// blockers are the checks that keep the switch from working.
export const blockers = (items: Check[]) => items.filter((c) => c.state === 'bad')

export function counts(live: Live): { fresh: number; had: number; lost: number; files: number } {
  const n = (s: Line['state']) => live.lines.filter((l) => l.state === s).length
  return { fresh: n('new'), had: n('had'), lost: n('lost'), files: live.menu_files + live.lines.reduce((sum, l) => sum + (l.state === 'new' ? l.files : 0), 0) }
}
