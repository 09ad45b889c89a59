import { useQuery } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'

// recent gives the newest articles to choose from; older ones are kept by their number.
async function recent(signal: AbortSignal): Promise<{ id: number; title: string }[]> {
  const all: { id: number; title: string }[] = []
  let token: string | undefined
  do {
    const page = await ask(api.GET('/console/v1/articles', { params: { query: { page_size: 100, page_token: token } }, signal }))
    all.push(...page.items.map(({ id, title }) => ({ id, title })))
    token = page.next_page_token || undefined
  } while (token && all.length < 1000)
  return all
}

export function useArticles() {
  return useQuery({ queryKey: ['articles', 'every'], queryFn: ({ signal }) => recent(signal), staleTime: 30_000 })
}

// useArticleTitles names articles where an answer holds only their numbers.
export function useArticleTitles(): (id: number | null | undefined) => string {
  const { data } = useArticles()
  return (id) => data.value?.find((a) => a.id === id)?.title ?? `文章 ${id ?? ''}`
}
