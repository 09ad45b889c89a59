import type { components } from '@/api/schema'
import { count } from '@/lib/number'
import { addDays, day, type Range } from '@/lib/time'
import { kpiNames, minutesText } from '@/views/plan/plan'

type S = components['schemas']
export type Board = S['HelpsBoard']
export type Kpi = S['HelpsKPI']
export type Week = S['HelpsWeek']
export type Item = S['HelpsItem']
export type Behind = S['HelpsBehind']
type Kind = Item['kind']

export const itemNames: Record<Kind, string> = { article: '文章', broadcast: '群发', campaign: '活动', course: '课程版本', release: '一起发布' }

// where an item stands.
export const itemPage = (i: Pick<Item, 'kind' | 'id'>) => (i.kind === 'release' ? '/release' : `/${i.kind}s/${i.id}`)

export const kpiName = (key: string) => (key === 'followers' ? '关注人数（净增）' : kpiNames[key] ?? key)

// figureName is the name under which lib/figures says how settled such a number is: WeChat's come later than ours.
export const figureName = (key: string) => (key === 'followers' ? 'followers_net' : key === 'conversion' ? 'read_rate' : key)

// month is the calendar month of a day up to yesterday, as far as it has come; null where no day of it is over.
export function month(first: string, today = day(new Date())): Range | null {
  const [y, m] = first.split('-').map(Number) as [number, number]
  const from = `${first.slice(0, 7)}-01`
  const end = new Date(Date.UTC(y, m, 0)).toISOString().slice(0, 10)
  const yesterday = addDays(today, -1)
  return from > yesterday ? null : { from, to: end < yesterday ? end : yesterday }
}
export const monthBefore = (first: string) => addDays(`${first.slice(0, 7)}-01`, -1)

export const itemsText = (k: Pick<Kpi, 'items' | 'made'>) => k.items.filter((i) => i.n).map((i) => `${itemNames[i.kind]} ${count(i.n)}`).join('、') || '0'

// usualText is the spread of the weeks before; few of them have none.
export const usualText = (k: Pick<Kpi, 'usual'>) => (k.usual.low === null ? `样本不足（${k.usual.n} 周）` : `${k.usual.low_text} 到 ${k.usual.high_text}（${k.usual.n} 周）`)

function standing(k: Kpi): string {
  const u = k.usual
  if (!(u.above + u.within + u.below)) return u.by === 'range' ? '这次的数还没有定，不比' : '范围里还没有数字已定的一周，不比'
  if (u.by === 'range') return u.above ? '这次比它们都高' : u.below ? '这次比它们都低' : '这次在这中间'
  const parts = [[u.above, '更高'], [u.within, '在中间'], [u.below, '更低']] as const
  return `范围里数字已定的 ${u.above + u.within + u.below} 周，${parts.filter(([n]) => n).map(([n, w]) => `${n} 周${w}`).join('、')}`
}

// rho writes a rank correlation with its sign and two decimals.
const rho = (v: number) => `${v < 0 ? '−' : ''}${Math.abs(v).toFixed(2)}`

// ranks says how alike the weeks are ordered, with how many they are and what chance alone gives; fewer than enough weeks say so.
export function ranks(k: Kpi, need: number): string {
  const all = k.ranks.flatMap((r) => (r.rho === null || r.chance === null ? [] : [{ of: r.of === 'hours' ? '用时' : '件数', rho: r.rho, chance: r.chance, n: r.n }]))
  const n = k.ranks[0]?.n ?? 0
  if (n < need) return `数字已定的只有 ${n} 周，满 ${need} 周才看等级相关`
  if (!all.length) return `${n} 周里用时和件数每周都一样，或者指标每周都一样，没有等级相关可说`
  return all.map((r) => `${r.of}和它的等级相关 ${rho(r.rho)}（n=${r.n}），${Math.abs(r.rho) > r.chance ? `两样没有关系时，20 次里约 1 次会超过 ±${r.chance.toFixed(2)}` : `在碰巧也常有的 ±${r.chance.toFixed(2)} 以内，看不出一起变`}`).join('；')
}

// saying is the plain sentence of one KPI: what was done, what the figure was, how that stands to what is usual, and on how
// much it rests. It says what stood side by side, never what came of what.
export function saying(k: Kpi, b: Pick<Board, 'need_weeks' | 'need_things' | 'need_rank'>): string {
  const name = kpiName(k.key)
  const things = k.work.done + k.made
  const did = k.work.tasks
    ? `为它排了 ${count(k.work.tasks)} 件任务，做完 ${count(k.work.done)} 件，用了 ${minutesText(k.work.minutes)}${k.work.unmeasured ? `（${count(k.work.unmeasured)} 件做完没计时）` : ''}`
    : '没有任务标了它'
  const made = k.made ? `做出来${itemsText(k)}` : '没有做出来的内容'
  const value = k.now.state === 'missing' ? `${name}未取到` : k.now.value === null ? `${name}没有可算的` : `${name} ${k.now_text}${k.now.state === 'final' ? '' : '（还会变）'}，上一段 ${k.before_text}${k.change_text === '–' ? '' : `，变化 ${k.change_text}`}`
  const few = [
    k.usual.low === null && `平常的数只有 ${k.usual.n} 周，满 ${b.need_weeks} 周才比`,
    things < b.need_things && `做完的任务和做出来的内容只有 ${count(things)} 件，满 ${b.need_things} 件才比`,
  ].filter(Boolean).join('；')
  const stands = k.enough ? `前 ${k.usual.n} 周${k.usual.by === 'range' ? '的同样几天' : '每周'}在 ${k.usual.low_text} 到 ${k.usual.high_text} 之间，${standing(k)}` : `样本不足：${few}`
  const rests = k.enough ? `放在一起看，不说谁引起了谁；依据前 ${k.usual.n} 周和 ${count(things)} 件` : '只列数字，不说高低'
  return `${did}；${made}。${value}。${stands}。${ranks(k, b.need_rank)}。${rests}。`
}

// began says whether anybody gave a task of the range its KPI.
export const began = (b: Board) => b.kpis.some((k) => k.work.tasks)

const states: Record<Week['state'], string> = { final: '已定', running: '还会变', maturing: '还会变', missing: '未取到' }
export const stateText = (s: Week['state']) => states[s]

// weekNote says why a week is left out of comparisons.
export const weekNote = (w: Week) => (w.used ? '' : w.state === 'final' ? '人太少，不比' : stateText(w.state))

// sheet is the page as a file: what each KPI was, then its weeks, then how all of it is counted.
export function sheet(b: Board): { head: string[]; rows: (string | number | null)[][] } {
  const span = `${b.from} 至 ${b.to}`
  const r = (v: number | null | undefined) => (v == null ? null : Number(v.toFixed(4)))
  return {
    head: ['指标', '用时（分钟）', '任务', '做完', '做完没计时', '做出来的', ...Object.values(itemNames), span, `${b.before_from} 至 ${b.before_to}`, '变化', '分子', '分母', '状态', '平常最低', '平常最高', '平常几周', '更高', '在中间', '更低', '样本', '用时等级相关', '件数等级相关', 'n', '说明', '口径'],
    rows: [
      ...b.kpis.map((k) => [kpiName(k.key), k.work.minutes, k.work.tasks, k.work.done, k.work.unmeasured, k.made, ...(Object.keys(itemNames) as Kind[]).map((n) => k.items.find((i) => i.kind === n)?.n ?? null), k.now_text, k.before_text, k.change_text, k.now.numerator ?? null, k.now.denominator ?? null, stateText(k.now.state), k.usual.low_text, k.usual.high_text, k.usual.n,
        k.usual.above, k.usual.within, k.usual.below, k.enough ? '够' : '样本不足', r(k.ranks[0]?.rho), r(k.ranks[1]?.rho), k.ranks[0]?.n ?? null, saying(k, b), k.now.rule]),
      ['不为哪个指标', b.none.minutes, b.none.tasks, b.none.done, b.none.unmeasured],
      [], ['指标', '周', '到', '在范围里', '用时（分钟）', '做完', '做出来的', '指标的值', '分子', '分母', '状态', '不比的原因'],
      ...b.kpis.flatMap((k) => k.weeks.map((w) => [kpiName(k.key), w.from, w.to, w.inside ? '是' : '否', w.minutes, w.done, w.items, w.text, w.numerator ?? null, w.denominator ?? null, stateText(w.state), weekNote(w)])),
      [], ...Object.entries(ruleNames).map(([key, label]) => [label, b.rules[key] ?? '']),
    ],
  }
}

export const ruleNames: Record<string, string> = { hours: '用时', items: '做出来的', before: '上一段', usual: '平常', weeks: '每周', rank: '等级相关', few: '样本不足' }

// partsText is a rate's two numbers.
export const partsText = (f: { numerator?: number | null; denominator?: number | null }) => (f.numerator == null || f.denominator == null ? '' : `${count(f.numerator)} ÷ ${count(f.denominator)}`)
