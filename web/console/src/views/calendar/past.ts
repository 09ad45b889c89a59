import type { components } from '@/api/schema'

type Review = components['schemas']['ReviewBody']

// pairs are a text's neighbouring characters, letters and digits alone: Chinese has no spaces to cut words at.
function pairs(text: string): Set<string> {
  const bare = text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')
  return new Set([...bare].slice(1).map((_, i) => [...bare].slice(i, i + 2).join('')))
}

// near says how much two titles share, 0 to 1.
export function near(a: string, b: string): number {
  const [x, y] = [pairs(a), pairs(b)]
  if (!x.size || !y.size) return 0
  let both = 0
  for (const p of x) if (y.has(p)) both++
  return (2 * both) / (x.size + y.size)
}

export interface Past { review: Review; why: string }

// pastFor picks the decided reviews nearest to what is being planned, at most three: those of a like title first, then
// those that were after the same figure. What was decided stands in them; which is likelier to help is for people to say.
export function pastFor(reviews: Review[], piece: { title: string; target_kpi: string }, kpiName: (kpi: string) => string): Past[] {
  return reviews
    .filter((r) => r.decision)
    .map((r) => {
      const like = near(piece.title, r.title)
      const same = piece.target_kpi !== '' && r.kpi === piece.target_kpi
      return { review: r, like: like >= 0.2 ? like : 0, same, why: [like >= 0.2 ? '题目相近' : '', same ? `也是为了${kpiName(r.kpi)}` : ''].filter(Boolean).join('，') }
    })
    .filter((x) => x.why)
    .sort((a, b) => b.like - a.like || Number(b.same) - Number(a.same) || (b.review.decided_at ?? '').localeCompare(a.review.decided_at ?? ''))
    .slice(0, 3)
    .map(({ review, why }) => ({ review, why }))
}
