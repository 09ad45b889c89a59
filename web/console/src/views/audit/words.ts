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
