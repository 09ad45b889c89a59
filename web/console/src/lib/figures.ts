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

interface Info { label: string; kind: 'count' | 'money' | 'rate'; definition: string; lessIsBetter?: boolean; ofMoney?: boolean }

// The words and rules of every figure, as the operator reads them. Days are Beijing days.
const infos: Record<string, Info> = {
  followers_total: { label: '累计粉丝', kind: 'count', definition: '微信给出的当日累计关注人数。' },
  followers_new: { label: '新增粉丝', kind: 'count', definition: '期间各来源新增关注人数之和，微信口径。' },
  followers_lost: { label: '取关', kind: 'count', definition: '期间取关人数之和，微信口径。', lessIsBetter: true },
  followers_net: { label: '净增粉丝', kind: 'count', definition: '新增减取关，微信口径。' },
  visitors: { label: '浏览人数', kind: 'count', definition: '期间至少打开过一次小程序的人数，按人去重。' },
  mini_visit_uv: { label: '访问人数（微信）', kind: 'count', definition: '微信数的访问人数。微信只给一天、一个自然周、一个自然月的，别的范围没有。' },
  mini_visitors_gap: { label: '和微信相差', kind: 'count', definition: '我们的浏览人数减微信的访问人数。只显示，不改正；长期超过 5% 说明埋点有问题。' },
  mini_visit_uv_new: { label: '第一次来（微信）', kind: 'count', definition: '微信数的第一次打开小程序的人，各天合计。' },
  mini_session_cnt: { label: '打开次数（微信）', kind: 'count', definition: '微信数的打开次数，各天合计。' },
  mini_visit_pv: { label: '页面访问（微信）', kind: 'count', definition: '微信数的页面访问次数，各天合计。' },
  mini_visit_total: { label: '累计来过（微信）', kind: 'count', definition: '微信数的累计打开过小程序的人。' },
  users: { label: '使用人数', kind: 'count', definition: '期间至少做过一次使用动作的人数：看课程满 10 秒、学课累计满 30 秒、练习、评论、下单或搜索。' },
  buyers: { label: '购买人数', kind: 'count', definition: '期间至少有一笔支付成功订单的人数，以微信支付时间为准。' },
  active: { label: '活跃人数', kind: 'count', definition: '期间至少有一天在小程序有使用动作的人数，按人去重：动作同使用人数，学课累计满 30 秒按一天算。' },
  orders: { label: '支付订单', kind: 'count', definition: '期间支付成功的订单数。' },
  gmv: { label: '支付金额', kind: 'money', definition: '期间支付成功的金额之和，按支付时间。' },
  refunded: { label: '退款金额', kind: 'money', definition: '期间退款成功的金额之和，按退款时间。', lessIsBetter: true },
  net: { label: '净收入', kind: 'money', definition: '支付金额减退款金额。' },
  gross: { label: '收入', kind: 'money', definition: '归因到这篇文章的支付金额：付款前 30 天内最后一次非直接来源是它。和归因页按文章看的一样。' },
  average_order: { label: '客单价', kind: 'money', definition: '支付金额 ÷ 支付订单数。' },
  repurchase_rate: { label: '复购率', kind: 'rate', definition: '期间购买者中，此前已买过的人 ÷ 购买人数。' },
  refund_rate: { label: '退款率', kind: 'rate', definition: '期间支付的订单后来退掉的金额 ÷ 期间支付金额，观察 30 天。', lessIsBetter: true, ofMoney: true },
  paid_rate: { label: '付费转化率', kind: 'rate', definition: '购买人数 ÷ 浏览人数，同一期间。' },
  delivered: { label: '送达人数', kind: 'count', definition: '群发成功送达的人数（微信的群发结果）。没有群发结果时是估算：发布前一天的累计关注人数。没有通知粉丝的发布没有这个数。' },
  readers: { label: '阅读人数', kind: 'count', definition: '微信给出的阅读人数，从发布日累计到期间最后一天，发布后最多更新 30 天。' },
  read_rate: { label: '阅读率', kind: 'rate', definition: '来自公众号消息的阅读人数 ÷ 送达人数。' },
  share_rate: { label: '转发率', kind: 'rate', definition: '分享人数 ÷ 阅读人数，同一天的累计数。' },
  follow_after_read: { label: '阅读后关注率', kind: 'rate', definition: '阅读后关注的人数 ÷ 阅读人数。' },
  day_came: { label: '新关注（发出后一天）', kind: 'count', definition: '文章群发（没有群发就是发布）后 24 小时内新关注的人次，重新关注也算。和它在时间上相邻，不等于因为它。' },
  day_left: { label: '取关（发出后一天）', kind: 'count', definition: '文章群发（没有群发就是发布）后 24 小时内取关的人次。', lessIsBetter: true },
  day_net: { label: '净增（发出后一天）', kind: 'count', definition: '文章群发（没有群发就是发布）后 24 小时内新关注减取关。' },
  clickers: { label: '点击人数', kind: 'count', definition: '从这篇文章点进小程序或网页的人数，按人去重。' },
  click_rate: { label: '点击率', kind: 'rate', definition: '发布日起到期间最后一天的点击人数 ÷ 阅读人数。左边是我们认得的人，右边是微信数出的人，旧链接可使它超过 100%。' },
  conversion_readers: { label: '转化率（读）', kind: 'rate', definition: '发布日起到期间最后一天，归因到这篇文章的购买人数（回看 30 天）÷ 阅读人数。' },
  conversion_clickers: { label: '转化率（点）', kind: 'rate', definition: '期间的点击者中，在文章自己的观察窗口内支付的人 ÷ 点击人数。' },
  net_per_thousand: { label: '每千阅读收入', kind: 'money', definition: '发布日起到期间最后一天的文章净收入 ÷ 阅读人数 × 1000。' },
  course_views: { label: '课程浏览次数', kind: 'count', definition: '课程页被打开的次数，不按人去重。' },
  viewers: { label: '浏览人数', kind: 'count', definition: '打开过课程页的人数，按人去重。' },
  trials: { label: '试看人数', kind: 'count', definition: '播放过试看课时的人数，按人去重。' },
  view_to_paid: { label: '浏览到支付', kind: 'rate', definition: '期间首次浏览后 14 天内买了这门课的人 ÷ 浏览人数。' },
  start_rate: { label: '开课率', kind: 'rate', definition: '期间购买者中，7 天内开始学的人 ÷ 购买人数。' },
  finish_rate: { label: '完课率', kind: 'rate', definition: '期间购买者中，30 天内学完至少 90% 课时的人 ÷ 购买人数。' },
  learners: { label: '开始学的人', kind: 'count', definition: '期间开始学的人：拥有课程之后第一次有学习进度。' },
  completed_rate: { label: '全部学完', kind: 'rate', definition: '这批学员中，到现在学完了全部课时的人 ÷ 开始学的人。' },
  stop_rate: { label: '停下的比例', kind: 'rate', definition: '这批学员中，没学完、已经 14 天没有新进度的人 ÷ 开始学的人。', lessIsBetter: true },
  learning: { label: '还在学', kind: 'count', definition: '这批学员中，没学完、14 天内还有新进度的人。' },
  exercisers: { label: '做过练习', kind: 'count', definition: '期间在这门课里做过练习的人。' },
  commenters: { label: '评论过', kind: 'count', definition: '期间在小程序里评论过这门课的人。' },
  lesson_finish_rate: { label: '这一课学完', kind: 'rate', definition: '学完这一课的人 ÷ 到过这一课的人。' },
  lesson_stop_rate: { label: '停在这一课', kind: 'rate', definition: '停在这一课、14 天没有新进度的人 ÷ 到过这一课的人。', lessIsBetter: true },
  lesson_left_rate: { label: '没再往后学', kind: 'rate', definition: '到过这一课、没有再往后学的人 ÷ 到过这一课的人。', lessIsBetter: true },
  scans: { label: '扫码次数', kind: 'count', definition: '活动期间，活动的二维码被扫的次数。' },
  clicks: { label: '链接点击', kind: 'count', definition: '活动期间，活动的链接被点的次数。' },
  scanned: { label: '扫码或点击的人', kind: 'count', definition: '扫过活动二维码、点过活动链接的人。' },
  seen: { label: '看到活动', kind: 'count', definition: '在小程序里看到活动的人。' },
  joined: { label: '参与人数', kind: 'count', definition: '在小程序里参与活动、报名的人；报名后取消的也算参与过。' },
  done: { label: '完成任务', kind: 'count', definition: '在小程序里完成活动任务的人。' },
  join_rate: { label: '参与率', kind: 'rate', definition: '参与人数 ÷ 看到活动的人数。' },
  done_rate: { label: '完成率', kind: 'rate', definition: '完成人数 ÷ 参与人数。' },
  new_followers: { label: '新关注', kind: 'count', definition: '第一次关注、并且归给这个活动的人。' },
  cac: { label: '拉新成本', kind: 'money', definition: '费用 ÷ 活动带来的新关注。', lessIsBetter: true },
  cost_per_buyer: { label: '每个购买者的费用', kind: 'money', definition: '费用 ÷ 活动带来的购买人数。', lessIsBetter: true },
  roi: { label: 'ROI', kind: 'rate', definition: '（活动净收入 − 费用）÷ 费用。', ofMoney: true },
  'article.finish_rate': { label: '完读率', kind: 'rate', definition: '微信给出的完读率。' },
}

export function figureInfo(name: string): Info {
  return infos[name] ?? { label: name, kind: name.endsWith('_rate') ? 'rate' : 'count', definition: '口径见指标说明。' }
}

// fieldOf is the service's name of a figure; ours has its owner in front where one name means two things.
export const fieldOf = (name: string) => name.replace(/^article\./, '')

// showPart writes what a rate is made of: people or things, or money.
export const showPart = (name: string, n: number | null | undefined) => (n == null ? '' : figureInfo(name).ofMoney ? yuan(n) : count(n))

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
