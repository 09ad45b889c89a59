import { api, ApiError, ask, messageOf, putPart } from '@/api/client'
import type { components } from '@/api/schema'
import type { Media } from './media'

type State = components['schemas']['UploadBody']

const hex = (b: ArrayBuffer) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, '0')).join('')
export const sha256 = async (b: Blob | string) => hex(await crypto.subtle.digest('SHA-256', typeof b === 'string' ? new TextEncoder().encode(b) : await b.arrayBuffer()))

// fingerprint tells the same file chosen again, after a reload or in another browser, from another one: its size and
// both its ends.
export async function fingerprint(file: Blob): Promise<string> {
  const end = 256 * 1024
  const ends = new Blob([file.slice(0, end), file.slice(Math.max(0, file.size - end))])
  return sha256(`${file.size}:${await sha256(ends)}`)
}

// Stopped: the person broke off; what is there stays there.
export class Stopped extends Error {}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))
// passing tells what another try may heal: no network, a service that restarts, a part spoiled on its way.
const passing = (e: unknown) => !(e instanceof ApiError) || e.status >= 500 || e.status === 429 || e.fields.some((f) => f.field === 'checksum')

export interface Progress { sent: number; bytes: number; from: number } // from: how much was there already

// sendInParts sends a file part by part and goes on where an earlier try stopped. It keeps trying for about a minute
// while the network or the service is away.
export async function sendInParts(file: File, purpose: 'cover' | 'lesson', tell: (p: Progress) => void, stop: AbortSignal): Promise<Media> {
  const tried = async <T>(call: () => Promise<T>): Promise<T> => {
    for (let n = 0; ; n++) {
      if (stop.aborted) throw new Stopped()
      try {
        return await call()
      } catch (e) {
        if (stop.aborted) throw new Stopped()
        if (n >= 7 || !passing(e)) throw e
        await pause(Math.min(500 * 2 ** n, 15_000))
      }
    }
  }
  const print = await fingerprint(file)
  let now: State = await tried(() => ask(api.POST('/console/v1/uploads', { body: { purpose, title: file.name.slice(0, 300), bytes: file.size, fingerprint: print } })))
  const from = now.got
  for (;;) {
    tell({ sent: now.got, bytes: file.size, from })
    if (now.status === 'done' && now.media) return now.media
    if (now.status === 'refused') throw new Error(now.why || '文件不能使用')
    const start = now.got
    const part = file.slice(start, start + now.part_bytes)
    let sum: string
    try {
      sum = await sha256(part)
    } catch {
      throw new Error('读不到这个文件了，可能被移走或改过，请重新选择')
    }
    now = await tried(() => putPart<State>(`/console/v1/uploads/${now.id}/parts/${start}`, part, sum))
  }
}

export const wordsOf = (e: unknown) => (e instanceof ApiError || e instanceof TypeError ? messageOf(e) : e instanceof Error ? e.message : messageOf(e))

// sizeText says how large: 812 KB, 12.4 MB.
export const sizeText = (bytes: number) => (bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`)
