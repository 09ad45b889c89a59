import { yuan } from '@/lib/money'
import { roleNames } from '@/stores/session'

export const objectNames: Record<string, string> = {
  takeover: '接管', quiz: '测验结果', homework: '作业', homework_submission: '作业', remark: '评论', grant: '开课', webhook: '推送地址',
  task: '任务', piece: '选题', week_template: '周模板',
  operator: '操作员', article: '文章', reply: '自动回复', menu: '自定义菜单', menu_version: '自定义菜单', release: '菜单和回复', course: '课程', bundle: '专栏', lesson: '课时', order: '订单', refund: '退款',
  scene: '场景二维码', scene_code: '场景二维码', link: '链接', job: '后台任务', setting: '设置', media: '文件', money: '钱款待办', follower: '粉丝', message: '粉丝消息', tag: '标签',
  draft: '公众号草稿', broadcast: '群发', notice: '通知', material: '素材', comment: '留言', coupon: '优惠券', redeem: '兑换码', campaign: '活动', invite: '裂变任务', signup: '报名', alert: '提醒规则', group: '社群', question: '已存的问题', partner: '合作方', poster: '海报', overlap: '重复的段落', report: '工作汇报', learner: '学员', review: '复盘',
}
const verbs: Record<string, string> = {
  grade: '批改', set: '布置', feature: '设为精选：', unfeature: '取消精选：', show: '显示', pin: '置顶', unpin: '取消置顶', setting: '改什么时候显示：', secret: '换密钥：', give: '送课：手工', take_back: '收回手工', import: '导入', wait: '开始切换服务器地址：', reveal: '查看 Token 和密钥：',
  phone: '看手机号：', erase: '清除个人信息：', make: '生成', write: '改写', decide: '给结论：', targets: '定目标：',
  attach: '加进', detach: '移出', resume: '恢复',
  move: '移动', pause: '暂停', done: '完成', reopen: '重新打开', remove: '删除', undo: '撤销改动：', fill: '使用',
  add: '新建', create: '新建', change: '修改', save: '保存', update: '修改', delete: '删除', publish: '发布', unpublish: '撤下', confirm: '确认', return: '退回', restore: '恢复旧版',
  login: '登录', logout: '退出', password: '改密码', retry: '重试', approve: '同意', follow_up: '记跟进：没付成的', refuse: '拒绝', refund: '退款', ask: '问微信', stop: '停售', resolve: '了结', order: '排序', start: '发起', upload: '上传', material: '存进素材库的',
  draft: '暂存', plan: '定时发布', replan: '改期发布', unplan: '取消定时发布',
  push: '更新', mark: '点名：', note: '写备注：', out: '在微信发出', preview: '预览', submit: '提交', send: '发出', cancel: '取消', again: '重发', open: '开放', close: '关闭', elect: '精选', unelect: '取消精选', reply: '回复', say: '回复', tag: '加标签：', untag: '去标签：', remark: '改备注：', block: '拉黑', unblock: '移出黑名单：', sync: '同步', rename: '改名：', unreply: '删除回复的', withdraw: '作废', export: '导出', batch: '批量新建', batch_on: '继续做一批', own: '归入', release: '移出', link: '新做数据链接：', unlink: '停用数据链接：', settle: '结算', iterate: '做下一版', exclude: '取消资格：', readmit: '恢复资格：', allow: '允许', forbid: '不再允许',
}

// actionName reads "reply.publish" as 发布自动回复; what it does not know stays as it is.
export function actionName(action: string): string {
  const [thing = '', verb = ''] = action.split('.')
  const v = verbs[verb]
  if (v && ['login', 'logout', 'password'].includes(verb)) return v // what one does oneself
  return v ? `${v}${objectNames[thing] ?? ''}` : action
}

// What says nothing to a person: it only proves which text was meant.
export const unsaid = new Set(['content_hash', 'sha256'])

const stateNames: Record<string, string> = {
  draft: '草稿', idea: '选题', layout: '排版', waiting: '待确认', confirmed: '已确认', published: '已发布', on_sale: '在售', stopped: '停售', withdrawn: '已下架',
  asked: '等待处理', approved: '已同意', refused: '已拒绝', pending: '待支付', paid: '已支付', closed: '已关闭', dead: '已放弃', todo: '没做', doing: '在做', done: '做完', checking: '微信检查中', shown: '已显示', marked: '已批改', returned: '退回重交', replaced: '已重交',
}
const money = new Set(['cost', 'price', 'flash_price', 'original_price', 'amount', 'refunded', 'total'])

// valueText gives a value as the console's other pages do: money in yuan, states and roles in Chinese.
export function valueText(field: string, text: string): string {
  if (money.has(field) && /^-?\d+$/.test(text)) return yuan(Number(text))
  if (field === 'status' || field === 'state') return stateNames[text] ?? text
  if (field === 'how') return { first: '先看再显示', after: '微信检查通过就显示', off: '不开放' }[text] ?? text
  if (field === 'decision') return { keep: '保持', change: '改进', stop: '停止' }[text] ?? text
  if (field === 'verdict') return { allowed: '应退', person: '由人判断', refused: '不退' }[text] ?? text
  if (field === 'role') return roleNames[text] ?? text
  return text
}

export const fieldNames: Record<string, string> = {
  course_ids: '课程的顺序', bundle: '是专栏', lesson_id: '课时', due_days: '几天内交', need_text: '要有文字', need_pictures: '要有图片', counts: '通过才算学完', score: '得分', featured: '精选', watermark: '学员编号水印', no_forward: '不能跳过没看的部分', quiz: '测验', how: '什么时候显示', most: '给几个人看', closed: '关闭', percent: '百分之几', least: '至少多少', millis: '多少毫秒算慢', asleep_until: '静音到', keyword: '口令', poster_id: '海报', need: '带几位', reward: '奖励', reward_ref: '哪一项', per_person: '每人几份', rewards: '一共几份', hold_hours: '留满几小时', speed_most: '最多几位', speed_minutes: '在几分钟里', friends: '几位', inviter: '邀请人', questions: '问什么', places: '名额', came: '到没到场', people: '几位', phones: '带完整手机号', after_text: '报名后说什么', signup_id: '第几条',
  decision: '怎么办', finding: '看到了什么', next: '下一步', remark: '意见',
  important: '重要', urgent: '紧急', day: '日期', owner: '负责人', repeat: '重复', slot: '第几条', made: '放了几条',
  title: '标题', name: '名字', role: '角色', status: '状态', state: '状态', price: '价格', original_price: '原价', sale_from: '起售时间', sale_until: '停售时间', flash_price: '限时价', flash_from: '限时价从', flash_until: '限时价到', seats: '名额', amount: '金额', out_refund_no: '退款单号', out_trade_no: '订单号', material_id: '素材编号', bytes: '大小（字节）', intro_bytes: '简介字节数', content_bytes: '正文字节数', reason: '原因', version: '版本', note: '说明',
  disabled: '停用', enabled: '启用', two_person: '两人确认', message_days: '消息正文保存天数', content: '内容', digest: '摘要', author: '作者', url: '链接', cover: '封面', course_id: '课程', planned_at: '计划时间', publish_at: '发布时间', draft: '第几次草稿',
  goal: '目标', window_days: '观察窗口', column: '栏目', keywords: '关键词', messages: '消息', priority: '优先级', kind: '类型', trial: '试看', category: '分类', teacher: '讲师', intro: '简介', size: '个数', access_days: '开课天数', starts_at: '开始', ends_at: '结束', withdrawn: '作废个数', refund_rule: '退款规则', verdict: '按退款规则', channel: '渠道', campaign_id: '活动', target: '目标数', cost: '费用', from: '开始', to: '结束', stopped_at: '提前结束于', tag_id: '标签', permanent: '永久', first: '第一个', contact: '联系人', share_bp: '分成（万分之）', settle_from: '从哪个月结算', ref: '哪一项', colour: '底色', picture: '底图',
}
