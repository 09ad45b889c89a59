import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { useUrlState } from './urlState'

export interface PageOf<T> { items: T[]; next_page_token: string }

// everyTitle reads a list page after page, at most `most` rows, for a choice by title; take says what of a row to keep.
export async function everyTitle<R extends { id: number; title: string }, T = { id: number; title: string }>(most: number, get: (q: { page_size: number; page_token?: string }) => Promise<PageOf<R>>, take = ({ id, title }: R) => ({ id, title }) as T): Promise<T[]> {
  const all: T[] = []
  let token: string | undefined
  do {
    const page = await get({ page_size: 100, page_token: token })
    all.push(...page.items.map(take))
    token = page.next_page_token || undefined
  } while (token && all.length < most)
  return all
}

type Filters = Record<string, string | number | boolean>
const size = 20

// trail keeps the token of each page seen, per list and filter, for as long as the tab lives; the address
// holds the page's number and its token, so that a sent link opens the same rows.
function trail(key: string) {
  const name = `loudou.trail.${key}`
  const read = (): string[] => {
    try { return JSON.parse(sessionStorage.getItem(name) ?? '[""]') as string[] } catch { return [''] }
  }
  return {
    token: (page: number): string | undefined => (page <= 1 ? '' : read()[page - 1]),
    set(page: number, token: string) {
      const t = read()
      t[page - 1] = token
      try { sessionStorage.setItem(name, JSON.stringify(t)) } catch { /* going back then starts at page one */ }
    },
  }
}

// usePages is a list by pages with its filters in the address. `get` asks for one page.
export function usePages<T, F extends Filters>(
  name: string,
  defaults: F,
  get: (q: F & { page_token?: string; page_size: number }, signal: AbortSignal) => Promise<PageOf<T>>,
  more: { every?: number | Ref<number | false> } = {},
) {
  const { state, set } = useUrlState({ ...defaults, p: 1, t: '' } as F & { p: number; t: string })
  const filters = computed(() => {
    const f = { ...state.value } as Record<string, unknown>
    delete f.p
    delete f.t
    return f as F
  })
  const query = useQuery({
    queryKey: computed(() => [name, filters.value, state.value.t]),
    queryFn: ({ signal }) => get({ ...filters.value, page_token: state.value.t || undefined, page_size: size }, signal),
    refetchInterval: more.every,
  })
  const key = () => `${name}.${JSON.stringify(filters.value)}`
  function turn(page: number): void {
    const path = trail(key())
    if (state.value.p >= 1) path.set(state.value.p, state.value.t)
    const token = page === state.value.p + 1 ? query.data.value?.next_page_token : path.token(page)
    const known = token !== undefined
    if (known && page > 1) path.set(page, token)
    set({ p: known ? page : 1, t: known ? token : '' } as Partial<F & { p: number; t: string }>, 'push')
    window.scrollTo({ top: 0 })
  }
  // filter changes conditions; the pages then start over.
  function filter(patch: Partial<F>): void {
    set({ ...patch, p: 1, t: '' } as Partial<F & { p: number; t: string }>)
  }
  const clear = () => filter(defaults)
  const filtered = computed(() => Object.keys(defaults).some((k) => filters.value[k] !== defaults[k]))
  // What <DataTable v-bind="table" @…> wants.
  const table = computed(() => ({
    rows: query.data.value?.items,
    pending: query.isPending.value,
    fetching: query.isFetching.value && !more.every,
    error: query.error.value,
    filtered: filtered.value,
    page: state.value.p,
    next: query.data.value?.next_page_token,
  }))
  return { filters, filter, clear, filtered, turn, query, table }
}
