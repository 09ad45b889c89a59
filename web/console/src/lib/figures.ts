import { yuan } from './money'
import { count, rate } from './number'

export interface Figure {
  value?: number | null
  numerator?: number | null
  denominator?: number | null
  state: string
  as_of?: string | null
  rule?: string
}

interface Info { label: string; kind: 'count' | 'money' | 'rate'; definition: string; lessIsBetter?: boolean }

// The words and rules of every figure, as the operator reads them. Days are Beijing days.
const infos: Record<string, Info> = {
  followers_total: { label: '累计粉丝', kind: 'count', definition: '微信给出的当日累计关注人数。' },
  followers_new: { label: '新增粉丝', kind: 'count', definition: '期间各来源新增关注人数之和，微信口径。' },
  followers_lost: { label: '取关', kind: 'count', definition: '期间取消关注人数之和，微信口径。', lessIsBetter: true },
  followers_net: { label: '净增粉丝', kind: 'count', definition: '新增减取关，微信口径。' },
  visitors: { label: '浏览人数', kind: 'count', definition: '期间至少打开过一次小程序的人数，按人去重。' },
  users: { label: '使用人数', kind: 'count', definition: '期间至少做过一次使用动作的人数：看课程满 10 秒、学课累计满 30 秒、练习、评论、下单或搜索。' },
  buyers: { label: '购买人数', kind: 'count', definition: '期间至少有一笔支付成功订单的人数，以微信支付时间为准。' },
  active: { label: '活跃人数', kind: 'count', definition: '期间在公众号或小程序有互动的人数，按人去重。' },
  orders: { label: '支付订单', kind: 'count', definition: '期间支付成功的订单数。' },
  gmv: { label: '支付金额', kind: 'money', definition: '期间支付成功的金额之和，按支付时间。' },
  refunded: { label: '退款金额', kind: 'money', definition: '期间退款成功的金额之和，按退款时间。', lessIsBetter: true },
  net: { label: '净收入', kind: 'money', definition: '支付金额减退款金额。' },
  gross: { label: '收入', kind: 'money', definition: '归因到这篇文章的支付金额：最后一次非直接来源，在文章自己的观察窗口内。' },
  average_order: { label: '客单价', kind: 'money', definition: '支付金额 ÷ 支付订单数。' },
  repurchase_rate: { label: '复购率', kind: 'rate', definition: '期间购买者中，此前已买过的人 ÷ 购买人数。' },
  refund_rate: { label: '退款率', kind: 'rate', definition: '期间支付的订单后来退掉的金额 ÷ 期间支付金额，观察 30 天。', lessIsBetter: true },
  paid_rate: { label: '付费转化率', kind: 'rate', definition: '购买人数 ÷ 浏览人数，同一期间。' },
  delivered: { label: '送达人数', kind: 'count', definition: '群发成功送达的人数。没有群发的文章没有这个数。' },
  readers: { label: '阅读人数', kind: 'count', definition: '微信给出的累计阅读人数，发布后最多更新 30 天。' },
  read_rate: { label: '阅读率', kind: 'rate', definition: '来自公众号消息的阅读人数 ÷ 送达人数。' },
  share_rate: { label: '转发率', kind: 'rate', definition: '分享人数 ÷ 阅读人数，同一天的累计数。' },
  follow_after_read: { label: '阅读后关注率', kind: 'rate', definition: '阅读后关注的人数 ÷ 阅读人数。' },
  clickers: { label: '点击人数', kind: 'count', definition: '从这篇文章点进小程序或网页的人数，按人去重。' },
  click_rate: { label: '点击率', kind: 'rate', definition: '点击人数 ÷ 阅读人数。左边是我们认得的人，右边是微信数出的人，旧链接可使它超过 100%。' },
  conversion_readers: { label: '转化率（读）', kind: 'rate', definition: '归因到这篇文章的购买人数 ÷ 阅读人数。' },
  conversion_clickers: { label: '转化率（点）', kind: 'rate', definition: '期间的点击者中，在观察窗口内支付的人 ÷ 点击人数。' },
  net_per_thousand: { label: '每千阅读收入', kind: 'money', definition: '文章净收入 ÷ 阅读人数 × 1000。' },
  course_views: { label: '课程浏览次数', kind: 'count', definition: '课程页被打开的次数，不按人去重。' },
  viewers: { label: '浏览人数', kind: 'count', definition: '打开过课程页的人数，按人去重。' },
  trials: { label: '试看人数', kind: 'count', definition: '播放过试看课时的人数，按人去重。' },
  view_to_paid: { label: '浏览到支付', kind: 'rate', definition: '期间首次浏览后 14 天内买了这门课的人 ÷ 浏览人数。' },
  start_rate: { label: '开课率', kind: 'rate', definition: '期间购买者中，7 天内开始学的人 ÷ 购买人数。' },
  finish_rate: { label: '完课率', kind: 'rate', definition: '期间购买者中，30 天内学完至少 90% 课时的人 ÷ 购买人数。' },
  'article.finish_rate': { label: '完读率', kind: 'rate', definition: '微信给出的完读率。' },
}

export function figureInfo(name: string): Info {
  return infos[name] ?? { label: name, kind: name.endsWith('_rate') ? 'rate' : 'count', definition: '口径见指标说明。' }
}

// fieldOf is the service's name of a figure; ours has its owner in front where one name means two things.
export const fieldOf = (name: string) => name.replace(/^article\./, '')

export function showFigure(name: string, f: Figure | null | undefined): string {
  if (!f || f.state === 'missing' || f.value == null) return '–'
  const kind = figureInfo(name).kind
  return kind === 'money' ? yuan(Math.round(f.value)) : kind === 'rate' ? rate(f.value) : count(f.value)
}

// WeChat's own counts come a day later and may still be corrected; ours are counted as things happen.
const theirs = /^(followers_|delivered$|readers$|read_rate$|share_rate$|follow_after_read$|article\.)/

export interface StateInfo { text: string; long: string; mood: string; shape: string }

// stateInfo is how settled a figure is, in a word, a colour and a shape; a settled one says nothing.
export function stateInfo(name: string, f: Figure | null | undefined): StateInfo {
  switch (f?.state) {
    case 'running':
      return theirs.test(name)
        ? { text: '可能更新', long: '微信还可能更新', mood: 'warn', shape: 'half' }
        : { text: '实时', long: '还会变化', mood: 'good', shape: '' }
    case 'maturing': return { text: '观察期未满', long: '窗口结束前还会变化', mood: 'warn', shape: 'half' }
    case 'missing': return { text: '未取到', long: '微信还没有给出', mood: 'muted', shape: 'hollow' }
    default: return { text: '', long: '', mood: '', shape: '' }
  }
}
