import { api, ask } from '@/api/client'
import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'

export type Batch = components['schemas']['SceneBatchBody']
export type Code = components['schemas']['SceneCodeBody']

export function batchWord(b: Batch): Word {
  if (b.state === 'done') return { text: '做好了', mood: 'good' }
  if (b.state === 'failed') return { text: '停住了', mood: 'bad' }
  return b.resume_at ? { text: '在等微信', mood: 'warn', shape: 'half' } : { text: '正在做', mood: 'muted', shape: 'half' }
}

// sheetOf gives a batch with all its codes, in the order their names were written.
export async function sheetOf(id: number, signal?: AbortSignal): Promise<{ batch: Batch; codes: Code[] }> {
  const batch = await ask(api.GET('/console/v1/scene-batches/{id}', { params: { path: { id } }, signal }))
  const codes: Code[] = []
  let token = ''
  do {
    const page = await ask(api.GET('/console/v1/scene-codes', { params: { query: { batch_id: id, page_size: 100, ...(token ? { page_token: token } : {}) } }, signal }))
    codes.push(...page.items)
    token = page.next_page_token
  } while (token)
  return { batch, codes: codes.sort((a, b) => a.id - b.id) }
}
