import { useQuery } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'

// every course, page after page: a shop has tens of them, and a list to choose from must not miss one.
async function every(signal: AbortSignal): Promise<{ id: number; title: string }[]> {
  const all: { id: number; title: string }[] = []
  let token: string | undefined
  do {
    const page = await ask(api.GET('/console/v1/courses', { params: { query: { page_size: 100, page_token: token } }, signal }))
    all.push(...page.items.map(({ id, title }) => ({ id, title })))
    token = page.next_page_token || undefined
  } while (token && all.length < 2000)
  return all
}

export function useEveryCourse() {
  return useQuery({ queryKey: ['courses', 'every'], queryFn: ({ signal }) => every(signal), staleTime: 30_000 })
}

// useCourseTitles names courses where a list holds only their numbers.
export function useCourseTitles(): (id: number | null | undefined) => string {
  const { data } = useEveryCourse()
  return (id) => data.value?.find((c) => c.id === id)?.title ?? `课程 ${id ?? ''}`
}
