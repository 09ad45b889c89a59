import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'

export type Review = components['schemas']['ReviewBody']

export const stageWords: Record<string, Word> = {
  open: { text: '待复盘', mood: 'warn', shape: 'half' }, acting: { text: '在做', mood: 'good', shape: 'half' }, closed: { text: '已结束', mood: 'muted' },
}
export const decisionNames: Record<string, string> = { keep: '保持', change: '改进', stop: '停止' }
export const decisionHints: Record<string, string> = { keep: '有效，照着再做', change: '有地方要改，改了再看', stop: '不值得再做' }
export const kindNames: Record<string, string> = { article: '文章', campaign: '活动', free: '其他' }

// subject is where a review's article or campaign stands.
export const subject = (r: Pick<Review, 'kind' | 'subject_id'>) => (r.subject_id ? `/${r.kind}s/${r.subject_id}` : '')
export const metText = (met: boolean | null | undefined, aimed = false) => (met != null ? (met ? '达到目标' : '没有达到') : aimed ? '还没有数' : '没有定目标')

// keepsWords: figures filled in anew take nothing away that is being written.
export const keepsWords = (before: Pick<Review, 'stage'> | undefined, now: Pick<Review, 'stage'>, dirty: boolean) => dirty && before?.stage === 'open' && now.stage === 'open'
