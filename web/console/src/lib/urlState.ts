import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw, type LocationQuery } from 'vue-router'

type Value = string | number | boolean
type Shape = Record<string, Value>

// readQuery fills a page's state from the address; what is absent or nonsense takes its default.
export function readQuery<T extends Shape>(query: LocationQuery, defaults: T): T {
  const state = { ...defaults } as Record<string, Value>
  for (const [key, fallback] of Object.entries(defaults)) {
    const raw = query[key]
    const text = Array.isArray(raw) ? raw[0] : raw
    if (text == null) continue
    if (typeof fallback === 'number') {
      const n = Number(text)
      if (Number.isFinite(n)) state[key] = n
    } else if (typeof fallback === 'boolean') {
      state[key] = text === '1'
    } else {
      state[key] = text
    }
  }
  return state as T
}

// writeQuery leaves defaults out, so that a plain page has a plain address. Keys of others stay.
export function writeQuery<T extends Shape>(query: LocationQuery, state: T, defaults: T): LocationQueryRaw {
  const next: LocationQueryRaw = { ...query }
  for (const [key, value] of Object.entries(state)) {
    if (value === defaults[key] || value === '') delete next[key]
    else next[key] = typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
  }
  return next
}

// useUrlState keeps filters, page and range in the address: a reload and a sent link show the same.
// Typing replaces the entry in the history instead of adding one per letter.
export function useUrlState<T extends Shape>(defaults: T): {
  state: WritableComputedRef<T>
  set: (patch: Partial<T>, how?: 'push' | 'replace') => void
  isDefault: () => boolean
} {
  const route = useRoute()
  const router = useRouter()
  const set = (patch: Partial<T>, how: 'push' | 'replace' = 'replace') => {
    const query = writeQuery(route.query, { ...readQuery(route.query, defaults), ...patch } as T, defaults)
    void router[how]({ query, hash: route.hash })
  }
  const state = computed<T>({
    get: () => readQuery(route.query, defaults),
    set: (v) => set(v),
  })
  return { state, set, isDefault: () => Object.keys(defaults).every((k) => state.value[k] === defaults[k]) }
}
