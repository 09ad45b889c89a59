import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'

export type Group = components['schemas']['GroupBody']
export type GroupCode = components['schemas']['GroupCodeBody']
export const codeWords: Record<string, Word> = {
  live: { text: '正在用', mood: 'good' }, next: { text: '接着用', mood: 'muted', shape: 'half' }, full: { text: '满了', mood: 'muted' }, ended: { text: '过期了', mood: 'bad', shape: 'hollow' }, withdrawn: { text: '撤下了', mood: 'muted', shape: 'hollow' },
}

// address is a group's with a channel in it.
export const address = (g: { url: string }, channel: string) => (channel.trim() ? `${g.url}?c=${encodeURIComponent(channel.trim())}` : g.url)
