import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'

export type Remark = components['schemas']['RemarkBody']
export type How = components['schemas']['RemarkSettingOutBody']['how']

export const remarkWords = {
  waiting: { text: '待看', mood: 'warn', shape: 'half' },
  shown: { text: '已显示', mood: 'good' },
  refused: { text: '不显示', mood: 'bad' },
  checking: { text: '微信检查中', mood: 'muted', shape: 'half' },
} satisfies Record<Remark['state'], Word>

export const hows: { value: How; label: string }[] = [
  { value: 'first', label: '先看再显示' },
  { value: 'after', label: '微信检查通过就显示' },
  { value: 'off', label: '不开放，谁也不能写' },
]

// mayDo says what makes sense for a comment as it stands; the service refuses the rest.
export function mayDo(r: Pick<Remark, 'state'>): { show: boolean; refuse: boolean; reply: boolean; pin: boolean } {
  const heard = r.state !== 'checking'
  return { show: heard && r.state !== 'shown', refuse: heard && r.state !== 'refused', reply: r.state === 'shown' || r.state === 'waiting', pin: r.state === 'shown' }
}
