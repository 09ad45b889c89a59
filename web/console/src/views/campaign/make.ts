import { api, ApiError, ask } from '@/api/client'
import type { components } from '@/api/schema'
import { toFen } from '@/lib/money'
import { ends, lines, opens, targetOf, tasks, words, type Key, type Plan } from './wizard'

type Kind = components['schemas']['CampaignItemBody']['kind']
type Draft = components['schemas']['MenuDraftOutBody']
// What a Maker has made, by step: enough to go on in another tab.
export type Kept = [key: string, made: unknown][]
type Message = components['schemas']['Message']
export type Button = components['schemas']['MenuButton']

// withButton puts a button into a menu: at the end of the top row, or of a button's own list.
export function withButton(menu: Button[], under: number, b: Button): Button[] {
  if (under < 0) return [...menu, b]
  return menu.map((x, i) => (i === under ? { ...x, sub_button: [...(x.sub_button ?? []), b] } : x))
}

// withoutButton takes it out again, wherever it stands.
export function withoutButton(menu: Button[], b: Button): Button[] {
  const same = (x: Button) => x.name === b.name && x.type === b.type && (b.url ? x.url === b.url : x.key === b.key)
  return menu.filter((x) => !same(x)).map((x) => (x.sub_button?.some(same) ? { ...x, sub_button: x.sub_button.filter((y) => !same(y)) } : x))
}

// places are where a button still fits: WeChat takes three on top and five below each.
export function places(menu: Button[]): { under: number; label: string }[] {
  const below = menu.flatMap((b, i) => (b.sub_button?.length && b.sub_button.length < 5 ? [{ under: i, label: `「${b.name}」里面` }] : []))
  return menu.length < 3 ? [{ under: -1, label: '新的一级按钮' }, ...below] : below
}

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms))

// soon is when a menu that should be there already is published: the service takes times to come alone.
export const soon = (at: string, now = new Date()): string => (new Date(at) > new Date(now.getTime() + 60_000) ? at : new Date(now.getTime() + 120_000).toISOString())

// Maker makes what a plan says, one thing after the other. What is made is remembered: after a failure the same plan
// goes on with the thing that failed, and makes nothing twice. kept is what an earlier Maker had made of the same plan,
// and keep is told after each thing, so that a closed tab loses nothing.
export class Maker {
  id = 0 // the campaign's
  private made: Map<string, unknown>

  constructor(kept: Kept = [], private keep: (made: Kept) => void = () => {}) {
    this.made = new Map(kept)
    this.id = (this.made.get('campaign') as { id: number } | undefined)?.id ?? 0
  }

  private async once<T>(key: string, make: () => Promise<T>): Promise<T> {
    if (this.made.has(key)) return this.made.get(key) as T
    const v = await make()
    this.made.set(key, v)
    this.keep(this.kept())
    return v
  }
  // kept is what was made, of each no more than its number: all that later steps ask for.
  kept(): Kept {
    return [...this.made].map(([key, v]) => [key, key === 'menu in' ? v : v && typeof v === 'object' && 'id' in v ? { id: v.id } : null])
  }
  private attach(kind: Kind, ref: number): Promise<unknown> {
    return this.once(`attach ${kind} ${ref}`, () => ask(api.PUT('/console/v1/campaigns/{id}/items', { params: { path: { id: this.id } }, body: { kind, ref, on: true } })))
  }
  // rule saves a reply as a draft that answers on the campaign's days alone.
  private async rule(p: Plan, text: string, body: { name: string; kind: 'keyword' | 'scene' | 'menu'; event_key?: string; keywords?: { text: string; match: 'exact' }[] }): Promise<void> {
    const messages = [{ type: 'text', content: text.trim() }] as Message[]
    const r = await this.once(`rule ${body.name}`, () => ask(api.POST('/console/v1/replies', { body: { ...body, messages, priority: 10, active: { starts_at: opens(p), ends_at: ends(p) } } })))
    await this.attach('rule', r.id)
  }

  private steps: Record<Key, (p: Plan) => Promise<void>> = {
    campaign: async (p) => {
      const cost = p.cost.trim() ? toFen(p.cost) : null
      this.id = (await this.once('campaign', () => ask(api.POST('/console/v1/campaigns', { body: { name: p.name.trim(), from: p.from, to: p.to, goal: p.goal as '', target: targetOf(p) ?? 0, note: p.note.trim(), ...(cost == null ? {} : { cost }) } })))).id
    },
    course: async (p) => { await this.attach('course', p.course!) },
    codes: async (p) => {
      const list = lines(p.codes)
      const about = { permanent: p.permanent, campaign_id: this.id, ...(p.channel.trim() ? { channel: p.channel.trim() } : {}) }
      if (list.length === 1) await this.once('codes', () => ask(api.POST('/console/v1/scene-codes', { body: { scene: list[0]!, ...about } })))
      else await this.once('codes', () => ask(api.POST('/console/v1/scene-batches', { body: { name: p.name.trim(), scenes: list, ...about } })))
    },
    keyword: (p) => this.rule(p, p.keyword.text, { name: `${p.name.trim()} 关键词`, kind: 'keyword', keywords: words(p.keyword.words).map((text) => ({ text, match: 'exact' as const })) }),
    welcome: async (p) => {
      for (const scene of lines(p.codes)) await this.rule(p, p.welcome.text, { name: `${p.name.trim()} ${scene}`, kind: 'scene', event_key: scene })
    },
    coupon: async (p) => {
      const c = p.coupon
      const value = c.kind === 'off' ? { off: toFen(c.value)! } : { percent: Number(c.value) }
      const made = await this.once('coupon', () => ask(api.POST('/console/v1/coupons', { body: { name: c.name.trim() || p.name.trim(), ...value, starts_at: opens(p), ends_at: ends(p), stock: Number(c.stock), per_person: 1, ...(p.course ? { course_ids: [p.course] } : {}) } })))
      await this.attach('coupon', made.id)
    },
    menu: async (p) => {
      // The draft takes the button, is planned for the first day, gives it back, and is planned for when the last is over.
      const m = p.menu
      const key = `campaign-${this.id}`
      if (m.kind === 'click') await this.rule(p, m.text, { name: `${p.name.trim()} 菜单`, kind: 'menu', event_key: key })
      const button = (m.kind === 'view' ? { type: 'view', name: m.name.trim(), url: m.url.trim() } : { type: 'click', name: m.name.trim(), key }) as Button
      const save = (from: Draft, buttons: Button[]) => ask(api.PUT('/console/v1/menu/draft', { body: { buttons, conditional: from.conditional ?? [], revision: from.revision } }))
      // Nothing of the draft is remembered: somebody may have changed it since, and a try after their change begins
      // with what stands there now, less a button an earlier try left.
      const clean = async () => {
        let now: Draft = await ask(api.GET('/console/v1/menu/draft'))
        const left = this.made.get('menu in') as Button | undefined
        if (left && now.changes?.length) now = await save(now, withoutButton(now.buttons ?? [], left))
        if (now.changes?.length) throw new ApiError(409, 'conflict', '有人改了菜单草稿，还没有发布。到「自定义菜单」里发布或丢掉那些改动，再回来接着做')
        return now
      }
      if (!this.made.has('menu opens')) {
        const now = await clean()
        if (!places(now.buttons ?? []).some((x) => x.under === m.under)) throw new ApiError(409, 'conflict', '选的位置已经没有了。重新选菜单按钮放在哪里，再接着做')
        this.made.set('menu in', button)
        this.keep(this.kept())
        const withIt = await save(now, withButton(now.buttons ?? [], m.under, button))
        await this.once('menu opens', () => ask(api.POST('/console/v1/menu/plans', { body: { at: soon(opens(p)), note: `活动「${p.name.trim()}」开始`, revision: withIt.revision } })))
      }
      const now = await clean()
      await this.once('menu ends', () => ask(api.POST('/console/v1/menu/plans', { body: { at: ends(p), note: `活动「${p.name.trim()}」结束`, revision: now.revision } })))
    },
    poster: async (p) => {
      const ref = lines(p.codes)[0]!
      const body = { title: p.poster.title.trim() || p.name.trim(), note: p.poster.note.trim(), colour: p.poster.colour, kind: 'code' as const, ref, campaign_id: this.id }
      // A batch is made in the background: its first code may take a moment.
      for (let turn = 0; ; turn++) {
        try {
          await this.once('poster', () => ask(api.POST('/console/v1/posters', { body })))
          return
        } catch (e) {
          if (turn >= 10 || !(e instanceof ApiError) || e.status !== 409 || lines(p.codes).length === 1) throw e
          await sleep(1000)
        }
      }
    },
    publish: async (p) => {
      const { changes, seen } = await ask(api.GET('/console/v1/replies/changes'))
      if (!changes?.length) return // somebody who looked published them all
      const ours = [...this.made.keys()].filter((k) => k.startsWith('rule ')).map((k) => k.slice(5))
      if ((changes ?? []).some((line) => !ours.some((name) => line.includes(name)))) throw new ApiError(409, 'conflict', '别人刚改了别的规则，所以没有发布。到「自动回复」里看过再发布')
      await this.once('publish', () => ask(api.POST('/console/v1/replies/publish', { body: { note: `活动「${p.name.trim()}」`, seen } })))
    },
  }

  async run(p: Plan, done: (key: Key) => void, now: (key: Key) => void): Promise<void> {
    for (const t of tasks(p)) {
      now(t.key)
      await this.once(`task ${t.key}`, () => this.steps[t.key](p))
      done(t.key)
    }
  }
}
