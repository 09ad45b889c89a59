import { useQuery } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'
import type { components } from '@/api/schema'
import { yuan } from './money'
import { count } from './number'
import type { Word } from './words'

export type Campaign = components['schemas']['CampaignBody']

export const campaignWords: Record<string, Word> = {
  planned: { text: '未开始', mood: 'muted', shape: 'hollow' }, running: { text: '进行中', mood: 'good' }, over: { text: '已结束', mood: 'muted' }, stopped: { text: '提前结束', mood: 'warn', shape: 'half' },
}
export const goalNames: Record<string, string> = { new_followers: '新关注', joined: '参与人数', buyers: '购买人数', orders: '支付订单', net: '净收入' }
export const goalText = (c: { goal: string; target: number }) => (c.goal ? `${goalNames[c.goal]} ${c.goal === 'net' ? yuan(c.target) : count(c.target)}` : '–')

// useCampaigns gives the newest campaigns, to choose from and to name numbers by.
export function useCampaigns() {
  const query = useQuery({ queryKey: ['campaigns', 'every'], queryFn: ({ signal }) => ask(api.GET('/console/v1/campaigns', { params: { query: { page_size: 100 } }, signal })), staleTime: 30_000 })
  return { ...query, nameOf: (id: number) => query.data.value?.items.find((c) => c.id === id)?.name ?? `活动 ${id}` }
}
