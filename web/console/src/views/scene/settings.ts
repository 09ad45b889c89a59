import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, ask } from '@/api/client'

// What an operator says of a code, or of a whole batch, besides its scene.
export interface Settings { channel: string; campaign: number | null; tag: number | null }
export const noSettings = (): Settings => ({ channel: '', campaign: null, tag: null })

export const campaignOf = (s: Settings): number => s.campaign ?? 0

// optional leaves out what was not said.
export const optional = (s: Settings) => ({
  ...(s.channel.trim() ? { channel: s.channel.trim() } : {}), ...(campaignOf(s) ? { campaign_id: campaignOf(s) } : {}), ...(s.tag ? { tag_id: s.tag } : {}),
})

export function useTags() {
  const query = useQuery({ queryKey: ['tags'], queryFn: ({ signal }) => ask(api.GET('/console/v1/tags', { signal })), staleTime: 30_000 })
  const tags = computed(() => query.data.value?.items ?? [])
  return { tags, nameOf: (id: number) => tags.value.find((t) => t.id === id)?.name ?? (query.data.value ? `标签 ${id}（已经没有了）` : `标签 ${id}`) }
}
