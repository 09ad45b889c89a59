import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'

export type Batch = components['schemas']['SceneBatchBody']

export function batchWord(b: Batch): Word {
  if (b.state === 'done') return { text: '做好了', mood: 'good' }
  if (b.state === 'failed') return { text: '停住了', mood: 'bad' }
  return b.resume_at ? { text: '在等微信', mood: 'warn', shape: 'half' } : { text: '正在做', mood: 'muted', shape: 'half' }
}
