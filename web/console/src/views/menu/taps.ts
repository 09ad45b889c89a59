import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { api, ask } from '@/api/client'
import type { components } from '@/api/schema'
import type { Range } from '@/lib/time'
import { isParent, type Button } from './menu'

export type Tap = components['schemas']['TapBody']

// tapOf is what WeChat pushes when a button is tapped; null: it pushes nothing.
export function tapOf(b: Button): string | null {
  if (isParent(b)) return null
  switch (b.type) {
    case 'click': return `CLICK\n${b.key ?? ''}`
    case 'view': return `VIEW\n${b.url ?? ''}`
    case 'miniprogram': return `view_miniprogram\n${b.pagepath ?? ''}`
    case 'scancode_push': case 'scancode_waitmsg': case 'pic_sysphoto': case 'pic_photo_or_album': case 'pic_weixin': case 'location_select': return `${b.type}\n${b.key ?? ''}`
    default: return null
  }
}

// sums adds the taps up by what was pushed, of one version or of all.
export function sums(taps: Tap[], version: number | null): Map<string, number> {
  const out = new Map<string, number>()
  for (const t of taps) if (version === null || t.version === version) out.set(`${t.event}\n${t.key}`, (out.get(`${t.event}\n${t.key}`) ?? 0) + t.count)
  return out
}

// tapsOn is how often a button was tapped, a parent's children taken together; null where WeChat tells nothing.
export function tapsOn(b: Button, by: Map<string, number>): number | null {
  if (isParent(b)) {
    const known = b.sub_button!.map((s) => tapsOn(s, by)).filter((n) => n !== null)
    return known.length ? known.reduce((a, n) => a + n, 0) : null
  }
  const k = tapOf(b)
  return k === null ? null : by.get(k) ?? 0
}

// sharing counts the buttons that push the same: their taps cannot be told apart.
export function sharing(b: Button, buttons: Button[]): number {
  const k = tapOf(b)
  return k === null ? 0 : buttons.flatMap((x) => (isParent(x) ? x.sub_button! : [x])).filter((x) => tapOf(x) === k).length
}

// useTaps are the taps of some days.
export function useTaps(range: Ref<Range>) {
  const query = useQuery({
    queryKey: ['menu', 'taps', range],
    queryFn: ({ signal }) => ask(api.GET('/console/v1/menu/taps', { params: { query: range.value }, signal })),
  })
  const taps = computed(() => query.data.value?.items ?? [])
  const versions = computed(() => [...new Set(taps.value.map((t) => t.version))].sort((a, b) => b - a))
  return { query, taps, versions }
}
