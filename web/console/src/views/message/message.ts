import { day } from '@/lib/time'

// Kinds of messages and of what one does in the chat, in the words the console uses.
export const kindNames: Record<string, string> = {
  text: '文字', image: '图片', voice: '语音', video: '视频', shortvideo: '小视频', location: '位置', link: '链接', miniprogrampage: '小程序卡片',
  'event.subscribe': '关注', 'event.unsubscribe': '取关', 'event.SCAN': '扫码', 'event.CLICK': '点菜单', 'event.VIEW': '点菜单里的链接', 'event.view_miniprogram': '点菜单里的小程序',
  'event.scancode_push': '菜单扫码', 'event.scancode_waitmsg': '菜单扫码（带提示）', 'event.pic_sysphoto': '菜单拍照', 'event.pic_photo_or_album': '菜单拍照或相册', 'event.pic_weixin': '菜单选照片', 'event.location_select': '菜单发位置',
  'event.LOCATION': '上报位置', 'event.user_enter_tempsession': '进入会话', 'event.subscribe_msg_popup_event': '订阅消息弹窗', 'event.subscribe_msg_change_event': '管理订阅消息', 'event.subscribe_msg_sent_event': '订阅消息送达',
  'event.TEMPLATESENDJOBFINISH': '模板消息送达', 'event.MASSSENDJOBFINISH': '群发结果', 'event.PUBLISHJOBFINISH': '发布结果',
}
export const kindName = (kind: string) => kindNames[kind] ?? kind.replace(/^event\./, '')
export const kinds = [{ value: '', label: '全部消息' }, ...Object.entries(kindNames).map(([value, label]) => ({ value, label }))]
export const answers = [{ value: '', label: '不论回没回' }, { value: 'yes', label: '回复了' }, { value: 'no', label: '没有回复' }, { value: 'missed', label: '没有关键词接住的文字' }]

// lastDays is the range a file takes where none was chosen: today and the n-1 days before.
export function lastDays(n: number, now = new Date()): { from: string; to: string } {
  return { from: day(new Date(now.getTime() - (n - 1) * 86_400_000)), to: day(now) }
}
