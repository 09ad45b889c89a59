import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { components } from '@/api/schema'
import { api, ask, upload } from '@/api/client'

export type Media = components['schemas']['MediaBody']

export const sendMedia = (file: File, purpose: 'cover' | 'lesson') => upload<Media>(`/console/v1/media?purpose=${purpose}`, file)
// ownPicture: the console shows no pictures of other sites.
export const ownPicture = (address: string) => address.startsWith('/media/')

// asMaterial puts a picture of ours into the Official Account's material, once, and gives WeChat's media_id.
export const asMaterial = async (m: Media) => m.material_id ?? (await ask(api.POST('/console/v1/media/{id}/material', { params: { path: { id: m.id } } }))).material_id

// useMaterial finds the picture behind a media_id; null when it was not uploaded here.
export function useMaterial(id: () => string) {
  const query = useQuery({
    queryKey: computed(() => ['media', 'material', id()]),
    queryFn: async ({ signal }) => (await ask(api.GET('/console/v1/media', { params: { query: { material_id: id(), page_size: 1 } }, signal }))).items[0] ?? null,
    enabled: computed(() => /^[\w-]{20,}$/.test(id())), // what is still being typed is not asked for
    staleTime: Infinity,
    placeholderData: undefined,
  })
  return computed(() => (id() ? (query.data.value ?? null) : null))
}
