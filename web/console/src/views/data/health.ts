import type { components } from '@/api/schema'
import { count } from '@/lib/number'
import type { Word } from '@/lib/words'

export type Health = components['schemas']['DataHealthOutBody']
export interface Check { key: string; title: string; state: 'ok' | 'warn' | 'bad' | 'off'; text: string; fix?: string; to?: string }

export const rejectedNames: Record<string, string> = {
  bad_id: '没有合法的事件编号', bad_type: '没有这种事件', server_type: '只能由服务端记的事件', bad_time: '时间读不出', bad_field: '字段不合要求', too_large: '事件过大',
  unknown_article: '没有这篇文章', unknown_course: '没有这门课程', unknown_lesson: '没有这个课时', unknown_campaign: '没有这个活动',
}
export const excludedNames: Record<string, string> = { scene: '自动化测试、朋友圈预览（场景 1030、1154）', bot: '爬虫', late: '晚到 30 天以上' }
export const intakeNames: Record<string, string> = { duplicate: '重复上报（只算一次）', clock: '手机时钟不准，已按差值改正', future: '时间在将来，按收到时算' }
export const fetchKinds: Record<string, string> = {
  articles: '文章数据', followers: '粉丝数据', mini_summary: '小程序概况', mini_trend: '小程序访问', mini_trend_week: '小程序访问，周', mini_trend_month: '小程序访问，月',
  mini_retain: '小程序留存', mini_retain_week: '小程序留存，周', mini_retain_month: '小程序留存，月', mini_pages: '小程序页面', mini_sources: '小程序来源',
}
export const fetchWords: Record<string, Word> = {
  done: { text: '已取到', mood: 'good' }, delayed: { text: '微信还会改', mood: 'warn', shape: 'half' }, unready: { text: '微信还没算好', mood: 'muted', shape: 'hollow' }, failed: { text: '没取到', mood: 'bad' },
}
export const placeNames: Record<string, string> = { 'roll-up': '汇总与事件', redis: '实时计数与汇总' }
export const thingNames: Record<string, string> = { all: '全部', article: '文章', course: '课程', campaign: '活动', channel: '渠道', excluded: '不计入' }

// fetchFix says what to do about WeChat's refusal.
export function fetchFix(code: string | undefined): string {
  const fixes: Record<string, string> = {
    '45009': '当天的调用次数用完了，明天自动再取', '48001': '这个账号没有数据接口的权限（需要认证）', '40164': '服务器地址不在公众号的 IP 白名单里，看“连接健康”里要加的地址', '61503': '微信每天 8 点后才出前一天的数据，稍后自动再取', '50002': '接口被微信停用，去公众平台看通知',
  }
  return code ? (fixes[code] ?? '稍后自动再取') : ''
}

const ago = (from: string | null | undefined, to: string) => (from ? Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000)) : 0)

// checks turns the answer into lines somebody can act on, the worst told by its state.
export function checks(h: Health): Check[] {
  const last = h.checks[0]
  const failed = h.fetches.filter((f) => f.state === 'failed')
  const openBills = h.bills.filter((b) => b.open > 0 || b.state === 'failed')
  const checked = ago(last?.checked_at, h.as_of)
  const waits = ago(h.waiting_since, h.as_of)
  return [
    h.received_at ? { key: 'intake', title: '收集', state: 'ok', text: '正在收事件。' } : { key: 'intake', title: '收集', state: 'off', text: '还没有收到任何事件。', fix: '小程序接好上报后，这里会有数字。' },
    h.waiting > 0 && waits > 60
      ? { key: 'fold', title: '汇总', state: 'bad', text: `${count(h.waiting)} 批事件等了 ${Math.round(waits / 60)} 分钟还没有计入。`, fix: '看“连接健康”里的数据库；恢复后会自己补上，事件不会丢。' }
      : { key: 'fold', title: '汇总', state: 'ok', text: h.waiting > 0 ? `${count(h.waiting)} 批刚收到，正在计入。` : '收到的事件都已计入。' },
    h.counters === 'away'
      ? { key: 'live', title: '实时计数', state: 'warn', text: 'Redis 连不上，实时数字改从数据库读，数字仍是对的。', fix: '恢复 Redis 后会自己补上。' }
      : { key: 'live', title: '实时计数', state: 'ok', text: h.behind > 0 ? `${h.behind} 个计数正在更新。` : '和汇总一致。' },
    !last
      ? { key: 'check', title: '每日核对', state: 'off', text: '还没有核对过，每 6 小时自动核对一次。' }
      : last.found > 0
        ? { key: 'check', title: '每日核对', state: 'warn', text: `最近一次发现 ${count(last.found)} 处不同，已按事件改正。`, fix: '差异在下面；反复出现时请看服务日志。' }
        : checked > 26 * 3600
          ? { key: 'check', title: '每日核对', state: 'warn', text: `最近一次核对在 ${Math.round(checked / 86_400)} 天前，全部一致。`, fix: '每 6 小时自动核对一次；一天没有核对，请看“连接健康”里的任务。' }
          : { key: 'check', title: '每日核对', state: last.redis_asked ? 'ok' : 'warn', text: last.redis_asked ? '最近一次核对全部一致。' : '汇总一致；当时 Redis 连不上，实时计数没有核对。' },
    h.unequal.length
      ? { key: 'orders', title: '订单与事件', state: 'bad', text: `${h.unequal.length} 笔订单或退款的金额和事件不同。`, fix: '差异在下面，逐笔打开订单看。' }
      : { key: 'orders', title: '订单与事件', state: 'ok', text: '这段时间逐笔相同，到分。' },
    !h.bills.length
      ? { key: 'bills', title: '微信账单', state: 'off', text: '还没有对过账。' }
      : openBills.length
        ? { key: 'bills', title: '微信账单', state: 'bad', text: `${openBills.length} 天有对不上的，或账单不可用。`, fix: '到“对账”逐条处理。', to: '/bills' }
        : { key: 'bills', title: '微信账单', state: 'ok', text: '最近的账单都对上了。', to: '/bills' },
    !h.fetches.length
      ? { key: 'fetch', title: '微信统计', state: 'off', text: '还没有取过；没有的天显示“未取到”，不当作 0。' }
      : failed.length
        ? { key: 'fetch', title: '微信统计', state: 'bad', text: `${failed.length} 天没有取到（${failed[0]!.code ?? '原因未知'}）。`, fix: fetchFix(failed[0]!.code) }
        : { key: 'fetch', title: '微信统计', state: 'ok', text: '该取的都取到了。' },
    h.without_union > 0
      ? { key: 'union', title: '同一个人', state: 'warn', text: `${count(h.persons)} 人里有 ${count(h.without_union)} 人没有 unionid：他们在公众号和小程序里会算成两个人。`, fix: '把公众号和小程序绑到同一个微信开放平台账号；绑好后粉丝同步会补上。' }
      : { key: 'union', title: '同一个人', state: h.persons ? 'ok' : 'off', text: h.persons ? '每个人都有 unionid，两边是同一个人。' : '还没有人。' },
  ] satisfies Check[]
}
