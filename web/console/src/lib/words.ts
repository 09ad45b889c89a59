// The Chinese word, colour and shape of every state the service names. An unknown one is shown as it came.
export interface Word { text: string; mood?: 'good' | 'warn' | 'bad' | 'muted'; shape?: 'hollow' | 'half' }

export const orderWords = {
  pending: { text: '待支付', mood: 'warn', shape: 'half' },
  closing: { text: '正在关闭', mood: 'muted', shape: 'half' },
  closed: { text: '已关闭', mood: 'muted', shape: 'hollow' },
  paid: { text: '已支付', mood: 'good' },
  partly_refunded: { text: '部分退款', mood: 'warn' },
  refunded: { text: '已退款', mood: 'muted' },
} satisfies Record<string, Word>
export const paymentWords: Record<string, Word> = {
  created: { text: '已建单', mood: 'muted', shape: 'hollow' },
  prepaid: { text: '等待付款', mood: 'warn', shape: 'half' },
  success: { text: '支付成功', mood: 'good' },
  closed: { text: '已关闭', mood: 'muted', shape: 'hollow' },
  unknown: { text: '结果未知', mood: 'bad', shape: 'half' },
  mismatch: { text: '金额或付款人不符', mood: 'bad' },
  orphan: { text: '无主款项', mood: 'bad' },
  returned: { text: '已退回', mood: 'muted' },
}
export const refundWords = {
  asked: { text: '等待处理', mood: 'warn', shape: 'half' },
  approved: { text: '已同意', mood: 'warn', shape: 'half' },
  sent: { text: '已提交微信', mood: 'warn', shape: 'half' },
  processing: { text: '微信处理中', mood: 'warn', shape: 'half' },
  success: { text: '退款成功', mood: 'good' },
  abnormal: { text: '退款异常', mood: 'bad' },
  closed: { text: '退款关闭', mood: 'bad', shape: 'hollow' },
  refused: { text: '已拒绝', mood: 'muted', shape: 'hollow' },
  withdrawn: { text: '已撤回', mood: 'muted', shape: 'hollow' },
} satisfies Record<string, Word>
export const grantWords: Record<string, Word> = {
  active: { text: '可以学习', mood: 'good' },
  frozen: { text: '冻结中', mood: 'warn', shape: 'half' },
  revoked: { text: '已收回', mood: 'muted', shape: 'hollow' },
  expired: { text: '已到期', mood: 'muted', shape: 'hollow' },
}
export const giftWords: Record<string, Word> = {
  waiting: { text: '待领取', mood: 'warn', shape: 'half' },
  frozen: { text: '退款中，暂停领取', mood: 'warn', shape: 'hollow' },
  opened: { text: '已领取', mood: 'good' },
  void: { text: '已作废', mood: 'muted', shape: 'hollow' },
}
export const articleWords = {
  idea: { text: '选题', mood: 'muted', shape: 'hollow' },
  draft: { text: '撰写', mood: 'muted', shape: 'half' },
  layout: { text: '排版', mood: 'muted', shape: 'half' },
  waiting: { text: '待确认', mood: 'warn', shape: 'half' },
  confirmed: { text: '已确认', mood: 'good', shape: 'half' },
  published: { text: '已发布', mood: 'good' },
} satisfies Record<string, Word>
export const draftWords = {
  in_box: { text: '在草稿箱', mood: 'good', shape: 'half' },
  publishing: { text: '微信发布中', mood: 'warn', shape: 'half' },
  published: { text: '已在微信发布', mood: 'good' },
  failed: { text: '没有发布成功', mood: 'bad' },
  sending: { text: '正在群发', mood: 'warn', shape: 'half' },
  sent: { text: '已群发', mood: 'good' },
  deleted: { text: '已删除', mood: 'muted', shape: 'hollow' },
} satisfies Record<string, Word>
export const courseWords = {
  draft: { text: '草稿', mood: 'muted', shape: 'hollow' },
  on_sale: { text: '在售', mood: 'good' },
  stopped: { text: '停售', mood: 'warn', shape: 'half' },
  withdrawn: { text: '已下架', mood: 'muted', shape: 'hollow' },
} satisfies Record<string, Word>
export const jobWords = {
  waiting: { text: '等待', mood: 'muted', shape: 'half' },
  running: { text: '进行中', mood: 'warn', shape: 'half' },
  dead: { text: '已放弃', mood: 'bad' },
} satisfies Record<string, Word>
// What a job of each kind does; its code stays beside it for whoever reads the log.
export const jobNames: Record<string, string> = {
  'order.paid': '付款后的收尾', 'order.refund': '向微信提交退款', 'order.tell': '给学员发消息', 'reply.send': '发出后续消息', 'follower.info': '取粉丝资料',
  'menu.plan': '定时发布菜单', 'release.run': '菜单和回复一起发布', 'inbox.hand': '补处理微信的推送', 'course.goods': '上架虚拟支付道具', 'reconcile.day': '取账单对账',
  'scene.batch': '向微信要一批二维码', 'follower.label': '给扫码的人打标签', 'follower.sync': '同步粉丝', 'follower.bulk': '批量加去标签', 'remark.check': '请微信检查评论', 'homework.check': '请微信检查作业', 'homework.judged': '收下微信的检查结果', 'homework.forget': '删掉不用的作业图片',
}
export const checkWords: Record<string, Word> = {
  ok: { text: '正常', mood: 'good' },
  warn: { text: '要留意', mood: 'warn', shape: 'half' },
  bad: { text: '有故障', mood: 'bad' },
  off: { text: '未启用', mood: 'muted', shape: 'hollow' },
}
// What a piece of WeChat's news turned out to mean.
export const outcomeNames: Record<string, string> = {
  nothing: '没有变化', known: '已经知道', paid: '支付成功', late: '关闭后才付', orphan: '无主款项，原路退回', kept: '无主款项，只有 Apple 能退',
  mismatch: '对不上', stray: '没有这个单号', dead: '这次支付不会再成功', malformed: '读不懂', moved: '退款处理中', asked: 'Apple 问要不要退', success: '退款成功', closed: '退款失败', abnormal: '退款异常',
}
export const viaNames: Record<string, string> = { jsapi: '微信支付', xpay: '虚拟支付', manual: '人工', free: '免费' }

// What an event is called in the live stream and on the tiles.
export const eventNames: Record<string, string> = {
  follow: '关注', unfollow: '取关', scan: '扫码', link_click: '点链接', menu_click: '点菜单', message: '发消息',
  mp_open: '打开小程序', article_click: '文章点击', course_view: '课程浏览', trial_play: '试看', lesson_play: '学课',
  lesson_finish: '学完一课', exercise: '练习', comment: '评论', search: '搜索', share: '分享', campaign_seen: '看到活动',
  campaign_join: '报名', campaign_done: '完成活动', order_create: '下单', paid: '支付', refunded: '退款', redeem: '兑换', gift_open: '领取礼物',
}

export const thingNames: Record<string, string> = { order: '订单', payment: '支付', refund: '退款', grant: '开课', gift: '礼物' }
export const thingWords: Record<string, Record<string, Word>> = { order: orderWords, payment: paymentWords, refund: refundWords, grant: grantWords, gift: giftWords }
export const moneyKinds: Record<string, string> = {
  mismatch: '金额或付款人对不上', stray: '收到不认识的款项', after_close: '订单关闭后才付款', twice: '重复付款', late_apple: '苹果：关闭后才付款', twice_apple: '苹果：重复付款',
  unknown: '支付结果一小时未知', closing: '订单一小时关不掉', refund_abnormal: '退款异常', refund_failed: '退款失败', refund_mismatch: '退款金额对不上', refund_stray: '收到不认识的退款', bill: '账单对不上',
}

// actorName says who did a step: "wechat:notify", "timer", "learner:7", "operator:2" or "operator:2:小明".
export function actorName(who: string | null | undefined): string {
  if (!who) return ''
  const fixed: Record<string, string> = { 'wechat:notify': '微信支付通知', 'wechat:push': '微信推送', 'wechat:query': '向微信查询', 'wechat:bill': '微信账单', import: '从文件导入', timer: '定时任务', system: '系统' }
  if (fixed[who]) return fixed[who]
  const [kind, id, ...name] = who.split(':')
  return kind === 'learner' ? `学员 ${id}` : kind === 'operator' ? name.join(':') || `操作员 ${id}` : who
}

// WeChat's words for what became of a payment, as the orders' history quotes them: 微信：SUCCESS.
const tradeNames: Record<string, string> = { SUCCESS: '支付成功', REFUND: '已转入退款', NOTPAY: '还没支付', CLOSED: '已关闭', REVOKED: '已撤销', USERPAYING: '正在支付', PAYERROR: '支付失败' }
export const tradeName = (state: string) => tradeNames[state] ?? state
export const quoted = (why: string | undefined) => why?.replace(/^微信：([A-Z]+)$/, (_, state: string) => `微信：${tradeName(state)}`)

// oneOf narrows what stands in the address to the words the service knows; anything else is no condition.
export function oneOf<K extends string>(words: Record<K, unknown>, value: string): K | undefined {
  return Object.hasOwn(words, value) ? (value as K) : undefined
}
