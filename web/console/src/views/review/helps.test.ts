import { describe, expect, it } from 'vitest'
import { began, itemPage, month, monthBefore, ranks, saying, sheet, usualText, weekNote, type Board, type Kpi } from './helps'

const at = '2026-05-20T04:00:00Z'
const figure = (value: number | null, state: 'final' | 'running' | 'maturing' | 'missing' = 'final') => ({ value, state, as_of: at, rule: '口径' })
const kpi: Kpi = {
  key: 'visitors', kind: 'count', work: { minutes: 520, tasks: 6, done: 5, unmeasured: 1 }, items: [{ kind: 'article', n: 2 }, { kind: 'broadcast', n: 0 }, { kind: 'campaign', n: 1 }, { kind: 'release', n: 1 }], made: 4,
  now: figure(55), before: figure(42), change: 13 / 42, now_text: '55', before_text: '42', change_text: '+31.0%',
  usual: { by: 'week', n: 7, low: 8, high: 12, low_text: '8', high_text: '12', above: 2, within: 1, below: 1 }, enough: true,
  weeks: [{ from: '2026-03-30', to: '2026-04-05', inside: true, minutes: 130, done: 1, items: 0, value: 13, text: '13', state: 'final', used: true }],
  ranks: [{ of: 'hours', n: 11, rho: 0.0698, chance: 0.6198 }, { of: 'items', n: 11, rho: null, chance: null }],
}
const board: Board = { from: '2026-04-01', to: '2026-04-30', before_from: '2026-03-01', before_to: '2026-03-31', kpis: [kpi], none: { minutes: 45, tasks: 1, done: 1, unmeasured: 0 }, need_weeks: 4, need_things: 3, need_rank: 8, rules: { hours: '用时的口径' }, as_of: at }

describe('hours beside a KPI', () => {
  it('says what stood side by side, on how much it rests, and no cause', () => {
    expect(saying(kpi, board)).toBe('为它排了 6 件任务，做完 5 件，用了 8 小时 40 分（1 件做完没计时）；做出来文章 2、活动 1、一起发布 1。浏览人数 55，上一段 42，变化 +31.0%。前 7 周每周在 8 到 12 之间，范围里数字已定的 4 周，2 周更高、1 周在中间、1 周更低。用时和它的等级相关 0.07（n=11），在碰巧也常有的 ±0.62 以内，看不出一起变。放在一起看，不说谁引起了谁；依据前 7 周和 9 件。')
  })
  it('compares nothing that rests on too little, and says how little', () => {
    const few: Kpi = { ...kpi, work: { minutes: 0, tasks: 0, done: 0, unmeasured: 0 }, items: [], made: 0, now: figure(null, 'missing'), usual: { ...kpi.usual, n: 3, low: null, high: null }, enough: false, ranks: [{ of: 'hours', n: 3, rho: null, chance: null }, { of: 'items', n: 3, rho: null, chance: null }] }
    expect(saying(few, board)).toBe('没有任务标了它；没有做出来的内容。浏览人数未取到。样本不足：平常的数只有 3 周，满 4 周才比；做完的任务和做出来的内容只有 0 件，满 3 件才比。数字已定的只有 3 周，满 8 周才看等级相关。只列数字，不说高低。')
    expect(usualText(few)).toBe('样本不足（3 周）')
    expect(saying({ ...few, now: figure(55), usual: kpi.usual, work: { ...kpi.work, done: 2 } }, board)).toContain('样本不足：做完的任务和做出来的内容只有 2 件，满 3 件才比。')
    for (const s of [saying(kpi, board), saying(few, board)]) expect(s).not.toMatch(/因为|所以|导致|带来|有效|促进/)
  })
  it('places a short range among the same weekdays, and one that still moves nowhere', () => {
    const short = (above: number, within: number, below: number) => saying({ ...kpi, usual: { ...kpi.usual, by: 'range', above, within, below } }, board)
    expect(short(1, 0, 0)).toContain('前 7 周的同样几天在 8 到 12 之间，这次比它们都高。')
    expect(short(0, 1, 0)).toContain('这次在这中间。')
    expect(short(0, 0, 1)).toContain('这次比它们都低。')
    expect(short(0, 0, 0)).toContain('这次的数还没有定，不比。')
    expect(saying({ ...kpi, now: figure(55, 'running') }, board)).toContain('浏览人数 55（还会变），上一段 42')
  })
  it('says a rank correlation with n, and beside it what chance gives', () => {
    expect(ranks({ ...kpi, ranks: [{ of: 'hours', n: 12, rho: -0.8, chance: 0.591 }, { of: 'items', n: 12, rho: 0.1, chance: 0.591 }] }, 8)).toBe('用时和它的等级相关 −0.80（n=12），两样没有关系时，20 次里约 1 次会超过 ±0.59；件数和它的等级相关 0.10（n=12），在碰巧也常有的 ±0.59 以内，看不出一起变')
    expect(ranks({ ...kpi, ranks: [{ of: 'hours', n: 9, rho: null, chance: null }, { of: 'items', n: 9, rho: null, chance: null }] }, 8)).toContain('没有等级相关可说')
  })
  it('says why a week is left out', () => {
    const w = kpi.weeks[0]!
    expect([weekNote(w), weekNote({ ...w, used: false }), weekNote({ ...w, used: false, state: 'missing' }), weekNote({ ...w, used: false, state: 'running' })]).toEqual(['', '人太少，不比', '未取到', '还会变'])
  })
  it('writes the same numbers into the file', () => {
    const s = sheet(board)
    const row = Object.fromEntries(s.head.map((h, i) => [h, s.rows[0]![i]]))
    expect(row).toMatchObject({ 指标: '浏览人数', '用时（分钟）': 520, 做完: 5, 文章: 2, 课程版本: null, '2026-04-01 至 2026-04-30': '55', '2026-03-01 至 2026-03-31': '42', 变化: '+31.0%', 平常最低: '8', 更高: 2, n: 11, 用时等级相关: 0.0698, 说明: saying(kpi, board) })
    expect(s.rows[1]!.slice(0, 2)).toEqual(['不为哪个指标', 45])
    expect(s.rows.some((r) => r[1] === '2026-03-30' && r[4] === 130 && r[7] === '13')).toBe(true)
    expect(s.rows.some((r) => r[0] === '用时' && r[1] === '用时的口径')).toBe(true)
  })
  it('knows the months, as far as they have come', () => {
    expect(month('2026-05-20', '2026-05-20')).toEqual({ from: '2026-05-01', to: '2026-05-19' })
    expect(month('2026-05-01', '2026-05-01')).toBeNull()
    expect(month(monthBefore('2026-03-01'), '2026-03-01')).toEqual({ from: '2026-02-01', to: '2026-02-28' })
    expect(monthBefore('2026-01-15')).toBe('2025-12-31')
  })
  it('leads to where a thing stands', () => {
    expect([itemPage({ kind: 'article', id: 3 }), itemPage({ kind: 'course', id: 3 }), itemPage({ kind: 'release', id: 3 })]).toEqual(['/articles/3', '/courses/3', '/release'])
    expect([began(board), began({ ...board, kpis: [{ ...kpi, work: { ...kpi.work, tasks: 0 } }] })]).toEqual([true, false])
  })
})
