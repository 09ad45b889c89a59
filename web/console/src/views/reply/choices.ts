import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { api, ask } from '@/api/client'
import type { components } from '@/api/schema'

type Button = components['schemas']['MenuButton']
export interface Choice { value: string; label: string }

// keysOf lists the buttons of a menu that send a key, by their names.
export function keysOf(buttons: Button[] | null | undefined, under = ''): Choice[] {
  return (buttons ?? []).flatMap((b) => [
    ...(b.key ? [{ value: b.key, label: `${under}${b.name}（${b.key}）` }] : []), ...keysOf(b.sub_button, `${under}${b.name} / `),
  ])
}

// useChoices are the scene codes and menu keys there are, asked for once somebody wants one.
export function useChoices(how: Ref<string>) {
  const codes = useQuery({
    queryKey: ['scene-codes', 'choices'], enabled: computed(() => how.value.startsWith('scan')),
    queryFn: ({ signal }) => ask(api.GET('/console/v1/scene-codes', { params: { query: { page_size: 100 } }, signal })),
  })
  const menu = useQuery({
    queryKey: ['menu', 'choices'], enabled: computed(() => how.value === 'CLICK'),
    queryFn: ({ signal }) => ask(api.GET('/console/v1/menu/draft', { signal })),
  })
  const scenes = computed<Choice[]>(() => (codes.data.value?.items ?? []).map((c) => ({ value: c.scene, label: c.channel ? `${c.scene}（${c.channel}）` : c.scene })))
  const buttons = computed<Choice[]>(() => {
    const all = [...keysOf(menu.data.value?.buttons), ...(menu.data.value?.conditional ?? []).flatMap((c) => keysOf(c.button))]
    return all.filter((c, i) => all.findIndex((x) => x.value === c.value) === i)
  })
  return { scenes, buttons }
}
