import { useQuery } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'
import { everyTitle } from './pages'

// useArticles gives the newest articles to choose from; older ones are kept by their number.
export function useArticles() {
  return useQuery({ queryKey: ['articles', 'every'], queryFn: ({ signal }) => everyTitle(1000, (query) => ask(api.GET('/console/v1/articles', { params: { query }, signal }))), staleTime: 30_000 })
}

// useArticleTitles names articles where an answer holds only their numbers.
export function useArticleTitles(): (id: number | null | undefined) => string {
  const { data } = useArticles()
  return (id) => data.value?.find((a) => a.id === id)?.title ?? `文章 ${id ?? ''}`
}
