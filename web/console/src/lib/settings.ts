import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, ask } from '@/api/client'

// useSettings is what the house was set up with; the pages share one answer.
export const useSettings = () => useQuery({ queryKey: ['settings'], queryFn: ({ signal }) => ask(api.GET('/console/v1/settings', { signal })), staleTime: 60_000 })

// useMiniAppID gives our own Mini Program's appid, so that nobody has to type it; '' until it is known.
export function useMiniAppID() {
  const settings = useSettings()
  return computed(() => settings.data.value?.mini_appid ?? '')
}
