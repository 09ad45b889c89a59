import { useQuery } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'
import type { Course } from '@/api/types'
import { everyTitle } from './pages'

export type CourseTitle = Pick<Course, 'id' | 'title' | 'kind' | 'status'>

// useEveryCourse: a shop has tens of them, and a list to choose from must not miss one.
export function useEveryCourse() {
  return useQuery({ queryKey: ['courses', 'every'], queryFn: ({ signal }) => everyTitle(2000, (query) => ask(api.GET('/console/v1/courses', { params: { query }, signal })), ({ id, title, kind, status }): CourseTitle => ({ id, title, kind, status })), staleTime: 30_000 })
}

// useCourseTitles names courses where a list holds only their numbers.
export function useCourseTitles(): (id: number | null | undefined) => string {
  const { data } = useEveryCourse()
  return (id) => data.value?.find((c) => c.id === id)?.title ?? `课程 ${id ?? ''}`
}
