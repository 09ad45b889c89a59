import type { components } from '@/api/schema'
import type { RouteLocationRaw } from 'vue-router'

export type Hit = components['schemas']['Hit']
export interface Found { key: string; group: string; title: string; note: string; to: RouteLocationRaw }

const groups: Record<Hit['kind'], string> = {
  order: '订单', article: '文章', course: '课程', lesson: '课时', rule: '自动回复', broadcast: '群发', notice: '通知', campaign: '活动', signup: '报名', scene: '二维码', coupon: '优惠券', task: '任务', piece: '选题', fan: '粉丝', link: '链接', learner: '学员',
}

// where is the page that shows a thing.
export function where(h: Hit): RouteLocationRaw {
  switch (h.kind) {
    case 'order': return `/orders/${h.id}`
    case 'article': return `/articles/${h.id}`
    case 'course': return `/courses/${h.id}`
    case 'lesson': return `/courses/${h.parent}/lessons/${h.id}`
    case 'rule': return `/replies/${h.id}`
    case 'broadcast': return `/broadcasts/${h.id}`
    case 'notice': return `/notices/${h.id}`
    case 'campaign': return `/campaigns/${h.id}`
    case 'signup': return `/campaigns/${h.parent}/signup`
    case 'scene': return `/scenes/${h.id}`
    case 'link': return { path: '/scenes', query: { tab: 'links' } }
    case 'coupon': return '/coupons'
    case 'task': return { path: '/plan', query: h.parent ? { day: h.parent } : {} }
    case 'piece': return { path: '/calendar', query: h.parent ? { day: h.parent } : {} }
    case 'fan': return `/fans/${h.id}`
    case 'learner': return `/learners/${h.id}`
  }
}

export function found(h: Hit, notes: (h: Hit) => string): Found {
  const title = h.title || (h.kind === 'learner' ? `学员 ${h.id}` : h.kind === 'fan' ? `粉丝 ${h.id}` : h.id)
  return { key: `${h.kind}:${h.id}`, group: groups[h.kind], title, note: notes(h), to: where(h) }
}

// pagesFor gives the pages whose name holds the word; all of them while nothing is typed.
export function pagesFor(word: string, pages: { to: string; label: string }[]): Found[] {
  const w = word.trim().toLowerCase()
  return pages.filter((p) => !w || p.label.toLowerCase().includes(w)).map((p) => ({ key: `page:${p.to}`, group: '页面', title: p.label, note: '', to: p.to }))
}
