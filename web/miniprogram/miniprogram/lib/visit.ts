// Where this opening of the Mini Program came from. Orders and openings carry it, which is how money finds its article.
export interface Visit {
  scene: number // WeChat's entry number
  article_id?: number
  campaign_id?: number
  channel?: string
  code?: string
  share_id?: string
}

type Query = Record<string, string | undefined>

// plain undoes the escapes that WeChat leaves in a query; a lone % is no escape.
export function plain(s: string): string {
  try { return decodeURIComponent(s) } catch { return s }
}

export function visitOf(scene: number, query: Query): Visit {
  const word = (k: string) => (query[k] ? plain(query[k]!).slice(0, 64) : undefined)
  const number = (k: string) => { const n = Number(query[k]); return Number.isSafeInteger(n) && n > 0 ? n : undefined }
  return { scene, article_id: number('article_id'), campaign_id: number('campaign_id'), channel: word('channel'), code: word('code'), share_id: word('share_id') }
}

// origin is what an order says about where its buyer came from.
export const origin = (v: Visit) => ({ article_id: v.article_id, campaign_id: v.campaign_id, channel: v.channel })

const away = 5 * 60_000

// Visits tells an opening from a return: WeChat shows the app again after its payment sheet and after every look at
// another chat, with the same page and query.
export class Visits {
  current: Visit = { scene: 0 }
  private last = ''
  private hidden = 0

  // show gives the new visit, or undefined where the old one goes on.
  show(o: { path: string; scene: number; query: Query }, now = Date.now()): Visit | undefined {
    const same = JSON.stringify([o.path, o.query])
    if (same === this.last && now - this.hidden < away) return undefined
    this.last = same
    this.current = visitOf(o.scene, o.query)
    return this.current
  }

  hide(now = Date.now()): void { this.hidden = now }
}
