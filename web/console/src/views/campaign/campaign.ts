import type { components } from '@/api/schema'

export type Lift = components['schemas']['Lift']
export const parts = [
  { key: 'scanned', label: '扫码或点链接' }, { key: 'new_followers', label: '新关注' }, { key: 'visitors', label: '打开小程序' }, { key: 'seen', label: '看到活动' }, { key: 'joined', label: '参与' }, { key: 'done', label: '完成' }, { key: 'buyers', label: '购买' },
] as const
export type Part = (typeof parts)[number]['key']

// liftText says what the days of a campaign had beyond the same weekdays before, with the weeks' own range.
export function liftText(l: Lift, show: (n: number) => string): string {
  if (l.lift == null || l.baseline == null) return `活动期间共 ${show(l.value)}；前四周可比的同样星期不到两个，不估算。`
  const sign = l.lift > 0 ? '+' : l.lift < 0 ? '−' : ''
  const range = l.low != null && l.high != null ? `，那些周在 ${show(l.low)} 到 ${show(l.high)} 之间` : ''
  return `${sign}${show(Math.abs(Math.round(l.lift)))}（活动期间 ${show(l.value)}，前四周同样的星期平均 ${show(Math.round(l.baseline))}${range}）。`
}
