import type { components } from '@/api/schema'

export type Poster = components['schemas']['PosterBody']
export type PosterIn = components['schemas']['PosterIn']
export interface Code { kind: 'code' | 'link'; ref: string }

export const colours = [['#0f4c5c', '黛青'], ['#7a1f3d', '绛红'], ['#1a2b3c', '墨蓝'], ['#2f5d34', '松绿'], ['#ffe9a8', '杏黄'], ['#f5f1e8', '米白']] as const

// picture is where a kept poster is drawn; the version keeps an old picture from being shown for a new one.
export const picture = (p: Poster) => `/console/v1/posters/${p.id}/picture.png?v=${p.version}`

// fileName is a title without what a file's name may not hold.
export const fileName = (p: { title: string }) => `${p.title.replace(/[\s/\\:*?"<>|]+/g, ' ').trim() || '海报'}.png`

// ready tells whether there is enough to draw.
export const ready = (p: PosterIn) => !!p.title.trim() && !!p.ref && /^#[0-9a-f]{6}$/i.test(p.colour)
