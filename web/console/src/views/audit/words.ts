export const objectNames: Record<string, string> = {
  operator: '操作员', article: '文章', reply: '自动回复', menu: '自定义菜单', course: '课程', lesson: '课时', order: '订单', refund: '退款',
  scene_code: '场景二维码', link: '链接', job: '后台任务', setting: '设置', media: '文件', money: '钱款待办',
}
const verbs: Record<string, string> = {
  add: '新建', create: '新建', change: '修改', save: '保存', update: '修改', delete: '删除', publish: '发布', unpublish: '撤下', confirm: '确认', return: '退回', restore: '恢复旧版',
  login: '登录', logout: '退出', password: '改密码', retry: '重试', approve: '同意', refuse: '拒绝', refund: '退款', ask: '问微信', stop: '停售', resolve: '了结', order: '排序', start: '发起',
}

// actionName reads "reply.publish" as 发布自动回复; what it does not know stays as it is.
export function actionName(action: string): string {
  const [thing = '', verb = ''] = action.split('.')
  const v = verbs[verb]
  return v ? `${v}${objectNames[thing] ?? ''}` : action
}

export const fieldNames: Record<string, string> = {
  title: '标题', name: '名字', role: '角色', status: '状态', state: '状态', price: '价格（分）', original_price: '原价（分）', amount: '金额（分）', reason: '原因', version: '版本', note: '说明',
  disabled: '停用', enabled: '启用', two_person: '两人确认', content: '内容', digest: '摘要', author: '作者', url: '链接', cover: '封面', course_id: '课程', planned_at: '计划时间',
  goal: '目标', window_days: '观察窗口', column: '栏目', keywords: '关键词', messages: '消息', priority: '优先级', kind: '类型', trial: '试看', category: '分类', teacher: '讲师', intro: '简介',
}
