import { useQuery } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'
import { everyTitle } from './pages'

// useEveryCourse: a shop has tens of them, and a list to choose from must not miss one.
export function useEveryCourse() {
  return useQuery({ queryKey: ['courses', 'every'], queryFn: ({ signal }) => everyTitle(2000, (query) => ask(api.GET('/console/v1/courses', { params: { query }, signal }))), staleTime: 30_000 })
}

// useCourseTitles names courses where a list holds only their numbers.
export function useCourseTitles(): (id: number | null | undefined) => string {
  const { data } = useEveryCourse()
  return (id) => data.value?.find((c) => c.id === id)?.title ?? `课程 ${id ?? ''}`
}
