import type { components } from '@/api/schema'
import { count, rate } from '@/lib/number'

type S = components['schemas']
export type Item = S['OverlapBody']
export type Near = S['NearBody']
export type Side = S['OverlapSideOutBody']
export type Kind = Item['kind']

export const kindNames: Record<Kind, string> = { lesson: '课时', article: '文章' }
export const isKind = (k: unknown): k is Kind => k === 'lesson' || k === 'article'

// own is the page where an item itself is kept.
export const own = (i: { kind: Kind; id: number; course_id: number }) => (i.kind === 'lesson' ? `/courses/${i.course_id}/lessons/${i.id}` : `/articles/${i.id}`)

// shareText says how much of an item stands elsewhere; without text there is nothing to say.
export const shareText = (i: Item) => (i.share == null ? '没有文字' : rate(i.share))

// bothWays says a containment in both directions, for they seldom are the same.
export function bothWays(n: Near): { mine: string; theirs: string } {
  return { mine: `这一篇的 ${rate(n.mine_share)}（${count(n.mine)} 字）也在那篇里`, theirs: `那篇的 ${rate(n.theirs_share)}（${count(n.theirs)} 字）也在这一篇里` }
}

// same says how alike two items are, in a word: who holds whom.
export function same(n: Near): string {
  const a = n.mine_share ?? 0, b = n.theirs_share ?? 0
  if (a >= 0.8 && b >= 0.8) return '几乎一样'
  if (a >= 0.8) return '这一篇几乎都在那篇里'
  if (b >= 0.8) return '那篇几乎都在这一篇里'
  return a >= 0.3 || b >= 0.3 ? '有大段相同' : '有几段相同'
}
