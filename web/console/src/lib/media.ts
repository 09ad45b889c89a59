import type { components } from '@/api/schema'
import { upload } from '@/api/client'

export type Media = components['schemas']['MediaBody']

export const sendMedia = (file: File, purpose: 'cover' | 'lesson') => upload<Media>(`/console/v1/media?purpose=${purpose}`, file)
// ownPicture: the console shows no pictures of other sites.
export const ownPicture = (address: string) => address.startsWith('/media/')
