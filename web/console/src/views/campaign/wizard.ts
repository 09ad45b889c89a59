import { toFen } from '@/lib/money'
import { addDays } from '@/lib/time'

// What an operator says in the wizard, and what will be made of it, in which order.
export interface Plan {
  name: string; from: string; to: string; goal: string; target: string; cost: string; note: string
  course: number | null
  codes: string // one a line
  channel: string
  permanent: boolean
  keyword: { on: boolean; words: string; text: string }
  welcome: { on: boolean; text: string }
  menu: { on: boolean; name: string; under: number; kind: 'view' | 'click'; url: string; text: string } // under: -1 is the top row
  coupon: { on: boolean; name: string; kind: 'off' | 'percent'; value: string; stock: string }
  poster: { on: boolean; title: string; note: string; colour: string }
  publish: boolean
}

export const emptyPlan = (today: string): Plan => ({
  name: '', from: today, to: addDays(today, 6), goal: '', target: '', cost: '', note: '', course: null, codes: '', channel: '', permanent: true,
  keyword: { on: false, words: '', text: '' }, welcome: { on: false, text: '' }, menu: { on: false, name: '', under: -1, kind: 'view', url: '', text: '' },
  coupon: { on: false, name: '', kind: 'off', value: '', stock: '100' }, poster: { on: false, title: '', note: '', colour: '#0f4c5c' }, publish: false,
})

export const lines = (text: string): string[] => [...new Set(text.split('\n').map((l) => l.trim()).filter(Boolean))]
export const words = (text: string): string[] => [...new Set(text.split(/[\s,，、]+/).map((w) => w.trim()).filter(Boolean))]
const whole = (text: string): number | null => (/^[1-9]\d{0,8}$/.test(text.trim()) ? Number(text) : null)
export const targetOf = (p: Plan): number | null => (!p.goal ? 0 : p.goal === 'net' ? toFen(p.target) : whole(p.target))

// opens and ends are the instants the campaign's days begin and are over, Beijing time: what it brings is live between them.
export const opens = (p: Plan): string => `${p.from}T00:00:00+08:00`
export const ends = (p: Plan): string => `${addDays(p.to, 1)}T00:00:00+08:00`

// welcomesMost is how many codes get an answer of their own: each is a rule.
export const welcomesMost = 20

// faults says at each field what is missing, before anything is made.
export function faults(p: Plan): Record<string, string | false> {
  const codes = lines(p.codes)
  const bytes = (s: string) => new TextEncoder().encode(s).length
  return {
    name: !p.name.trim() && '请写名称', to: p.to < p.from && '不能早于开始', target: !!p.goal && !targetOf(p) && (p.goal === 'net' ? '写多少元' : '一个正整数'), cost: !!p.cost.trim() && toFen(p.cost) === null && '写多少元，最多两位小数',
    codes: codes.length > 1000 ? '一次最多 1000 个' : codes.some((c) => bytes(c) > 64) && '每个最多 64 个字节，一个汉字 3 个字节',
    words: p.keyword.on && !words(p.keyword.words).length && '写一个关键词', keyword_text: p.keyword.on && !p.keyword.text.trim() && '写回什么',
    welcome_text: p.welcome.on && (!p.welcome.text.trim() ? '写回什么' : !codes.length ? '先在第 2 步写码：欢迎语回给扫这些码的人' : codes.length > welcomesMost && `码多于 ${welcomesMost} 个时，到自动回复里用「任何场景码」写一条`),
    menu_name: p.menu.on && (!p.menu.name.trim() ? '写按钮名' : bytes(p.menu.name.trim()) > (p.menu.under < 0 ? 16 : 60) && (p.menu.under < 0 ? '一级按钮最多 5 个汉字' : '最多 20 个汉字')),
    menu_url: p.menu.on && p.menu.kind === 'view' && !/^https?:\/\/.+\..+/.test(p.menu.url.trim()) && '写完整的网址，以 https 开头', menu_text: p.menu.on && p.menu.kind === 'click' && !p.menu.text.trim() && '写回什么',
    coupon_value: p.coupon.on && (p.coupon.kind === 'off' ? !toFen(p.coupon.value) && '写减多少元' : (whole(p.coupon.value) ?? 101) > 100 && '1 到 100'), coupon_stock: p.coupon.on && !whole(p.coupon.stock) && '一个正整数',
    poster: p.poster.on && !codes.length && '先在第 2 步写码：海报上要印它',
  }
}

export type Key = 'campaign' | 'course' | 'codes' | 'keyword' | 'welcome' | 'coupon' | 'menu' | 'poster' | 'publish'
export interface Task { key: Key; label: string; when: string }

// tasks lists what will be made, in the order it is.
export function tasks(p: Plan): Task[] {
  const codes = lines(p.codes)
  const between = `${p.from} 到 ${p.to} 之间有效`
  const out: (Task | false)[] = [
    { key: 'campaign', label: `活动「${p.name.trim() || '还没起名'}」`, when: `${p.from} 开始，${p.to} 过完结束` },
    !!p.course && { key: 'course', label: '课程放进活动', when: '现在' },
    codes.length > 0 && { key: 'codes', label: `${codes.length} 个二维码`, when: '现在做好，扫了就算活动的' },
    p.keyword.on && { key: 'keyword', label: `关键词「${words(p.keyword.words).join('、')}」的回复`, when: p.publish ? between : `草稿；发布后在 ${between}` },
    p.welcome.on && { key: 'welcome', label: `扫码欢迎语，${codes.length} 条`, when: p.publish ? between : `草稿；发布后在 ${between}` },
    p.coupon.on && { key: 'coupon', label: `优惠券「${p.coupon.name.trim() || p.name.trim()}」`, when: between },
    p.menu.on && { key: 'menu', label: `菜单按钮「${p.menu.name.trim()}」`, when: `${p.from} 定时发布，${p.to} 过完撤下` },
    p.poster.on && { key: 'poster', label: '海报', when: '现在做好，可以下载' },
    p.publish && (p.keyword.on || p.welcome.on || (p.menu.on && p.menu.kind === 'click')) && { key: 'publish', label: '发布自动回复', when: '现在发布，到时间才生效' },
  ]
  return out.filter((t): t is Task => !!t)
}
