import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { components } from '@/api/schema'
import { api, ask, upload } from '@/api/client'
import type { Word } from './words'

export type Material = components['schemas']['MaterialBody']
export type UploadKind = 'image' | 'voice' | 'video' | 'thumb'
// PickKind is what a field takes: a picture may be an image or a thumb.
export type PickKind = 'picture' | 'voice' | 'video' | 'news'

export const kindNames: Record<string, string> = { image: '图片', voice: '语音', video: '视频', thumb: '缩略图', news: '图文', picture: '图片' }
export const stateWords: Record<string, Word> = {
  permanent: { text: '永久', mood: 'good' },
  temporary: { text: '临时', mood: 'warn', shape: 'half' },
  expired: { text: '已失效', mood: 'bad', shape: 'hollow' },
  gone: { text: '已删除', mood: 'muted', shape: 'hollow' },
}
// accepts is what the file chooser offers; the service looks at the bytes.
export const accepts: Record<UploadKind, string> = {
  image: 'image/png,image/jpeg,image/gif,image/bmp', voice: '.mp3,.wma,.wav,.amr', video: 'video/mp4', thumb: 'image/jpeg',
}

export function sizeText(bytes: number): string {
  if (!bytes) return '–'
  return bytes < 1 << 20 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / (1 << 20)).toFixed(1)} MB`
}

// leftText is how long temporary material lives yet: "还剩 2 天 3 小时".
export function leftText(ends: string | null | undefined, now = Date.now()): string {
  if (!ends) return ''
  const minutes = Math.floor((new Date(ends).getTime() - now) / 60_000)
  if (minutes <= 0) return '已失效'
  const days = Math.floor(minutes / 1440), hours = Math.floor((minutes % 1440) / 60)
  if (days) return `还剩 ${days} 天${hours ? ` ${hours} 小时` : ''}`
  return hours ? `还剩 ${hours} 小时` : `还剩 ${minutes} 分钟`
}
// soon: it ends within a day.
export const soon = (ends: string | null | undefined, now = Date.now()) => !!ends && new Date(ends).getTime() - now < 86_400_000

export const sendMaterial = (file: File, kind: UploadKind, permanent: boolean, title = '', intro = '') =>
  upload<Material>(`/console/v1/materials?${new URLSearchParams({ kind, permanent: String(permanent), ...(title ? { title } : {}), ...(intro ? { intro } : {}) })}`, file)

// useMaterial finds what the library knows of a media_id; null when it does not know it.
export function useMaterial(id: () => string) {
  const query = useQuery({
    queryKey: computed(() => ['materials', 'of', id()]),
    queryFn: async ({ signal }) => (await ask(api.GET('/console/v1/materials', { params: { query: { media_id: id(), page_size: 1 } }, signal }))).items[0] ?? null,
    enabled: computed(() => /^[\w-]{20,}$/.test(id())), // what is still being typed is not asked for
    staleTime: 60_000,
  })
  return computed(() => (id() ? (query.data.value ?? null) : null))
}
