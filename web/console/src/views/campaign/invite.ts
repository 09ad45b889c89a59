import type { components } from '@/api/schema'
import type { Word } from '@/lib/words'

type S = components['schemas']
export type Invite = S['InviteOutBody']
export type InviteTask = S['InviteBody']
export type InviteBoard = S['InviteBoardBody']
export type Friend = S['FriendBody']
export type Inviter = S['InviterBody']

export const inviteWords: Record<string, Word> = { draft: { text: '没开', mood: 'muted', shape: 'hollow' }, on: { text: '开着', mood: 'good' }, off: { text: '关了', mood: 'muted' } }
export const friendWords: Record<string, Word> = {
  staying: { text: '还没留够时间', mood: 'warn', shape: 'half' }, held: { text: '可疑，等你看', mood: 'bad', shape: 'half' }, counted: { text: '算数', mood: 'good' }, left: { text: '又取消了', mood: 'muted', shape: 'hollow' }, refused: { text: '不算', mood: 'muted' },
}
export const whyWords: Record<string, string> = { old: '以前关注过', self: '邀请人自己', speed: '短时间内来得太多', leavers: '这位邀请人带来的多半又走了', operator: '人工拒绝' }
export const rewardNames = { coupon: '优惠券（每人一张，只能用一次）', course: '课程兑换码（从一批里取）' } as const

// The form holds text, as typed; asTask makes the service's task of it or says what is wrong.
export const numbers = { need: [1, 100], per_person: [1, 20], total: [1, 10000], hold_hours: [1, 720], speed_most: [1, 1000], speed_minutes: [1, 1440] } as const
export type NumberKey = keyof typeof numbers
export interface InviteForm extends Record<NumberKey, string> { keyword: string; poster_id: number | null; reward: InviteTask['reward']; reward_ref: number | null }

export function formOf(t: InviteTask | null | undefined): InviteForm {
  const text = (n: number) => String(n)
  return {
    keyword: t?.keyword ?? '海报', poster_id: t?.poster_id ?? null, reward: t?.reward ?? 'coupon', reward_ref: t?.reward_ref ?? null, need: text(t?.need ?? 3), per_person: text(t?.per_person ?? 1), total: text(t?.total ?? 100),
    hold_hours: text(t?.hold_hours ?? 24), speed_most: text(t?.speed_most ?? 10), speed_minutes: text(t?.speed_minutes ?? 60),
  }
}

export function faultsOf(f: InviteForm): Record<string, string | false> {
  const out: Record<string, string | false> = {
    keyword: (!f.keyword.trim() || [...f.keyword.trim()].length > 10) && '1 到 10 个字', poster_id: !f.poster_id && '选一张海报', reward_ref: !f.reward_ref && '选要发的奖励',
  }
  for (const [k, [low, high]] of Object.entries(numbers) as [NumberKey, readonly [number, number]][]) {
    const n = /^\d{1,6}$/.test(f[k].trim()) ? Number(f[k]) : NaN
    out[k] = !(n >= low && n <= high) && `${low} 到 ${high}`
  }
  return out
}

export function asTask(f: InviteForm, version: number): InviteTask {
  const n = (k: NumberKey) => Number(f[k])
  return {
    keyword: f.keyword.trim(), poster_id: f.poster_id!, reward: f.reward, reward_ref: f.reward_ref!, need: n('need'), per_person: n('per_person'), total: n('total'), hold_hours: n('hold_hours'), speed_most: n('speed_most'), speed_minutes: n('speed_minutes'), version,
  }
}
