import type { components } from '@/api/schema'

export type MiniDay = components['schemas']['MiniDay']
export type MiniCohort = components['schemas']['MiniCohort']
export type MiniPart = components['schemas']['MiniPart']

// WeChat's own numbers of sources, stays and depths. A number without a word here is shown as it is.
const sources: Record<number, string> = { 1: '小程序历史列表', 2: '搜索', 3: '会话', 4: '二维码', 5: '公众号主页', 13: '公众号菜单', 16: '长按识别二维码', 18: '公众号文章' }
const stays = ['', '0–2 秒', '3–5 秒', '6–10 秒', '11–20 秒', '20–30 秒', '30–50 秒', '50–100 秒', '100 秒以上']
const depths = ['', '1 页', '2 页', '3 页', '4 页', '5 页', '6–10 页', '10 页以上']

export const partTitles: Record<string, string> = { access_source_session_cnt: '从哪里打开（次）', access_source_visit_uv: '从哪里来（人）', access_staytime_info: '停留多久（次）', access_depth_info: '看了几页（次）' }

export function partWord(index: string, key: number): string {
  if (index === 'access_staytime_info') return stays[key] || `停留 ${key}`
  if (index === 'access_depth_info') return depths[key] || `深度 ${key}`
  return sources[key] ?? `来源 ${key}`
}

export interface PartGroup { index: string; title: string; total: number; rows: { key: number; word: string; value: number }[] }

// partGroups orders the parts: known groups first, in each the largest part on top.
export function partGroups(parts: MiniPart[]): PartGroup[] {
  const order = Object.keys(partTitles)
  const place = (i: string) => (order.includes(i) ? order.indexOf(i) : order.length)
  const names = [...new Set(parts.map((p) => p.index))].sort((a, b) => place(a) - place(b))
  return names.map((index) => {
    const rows = parts.filter((p) => p.index === index).map((p) => ({ key: p.key, word: partWord(index, p.key), value: p.value })).sort((a, b) => b.value - a.value || a.key - b.key)
    return { index, title: partTitles[index] ?? index, total: rows.reduce((t, r) => t + r.value, 0), rows }
  })
}

// kept is the share of a cohort that came back after n periods; null while that is not known.
export function kept(list: { key: number; value: number }[], n: number): number | null {
  const size = list.find((k) => k.key === 0)?.value
  const back = list.find((k) => k.key === n)?.value
  return !size || back === undefined ? null : back / size
}
