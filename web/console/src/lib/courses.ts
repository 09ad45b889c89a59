import { useQuery } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'

// useCourseTitles names courses where a list holds only their numbers.
export function useCourseTitles(): (id: number | null | undefined) => string {
  const { data } = useQuery({
    queryKey: ['courses', 'titles'],
    queryFn: ({ signal }) => ask(api.GET('/console/v1/courses', { params: { query: { page_size: 100 } }, signal })),
    staleTime: 60_000,
  })
  return (id) => data.value?.items.find((c) => c.id === id)?.title ?? `课程 ${id ?? ''}`
}
