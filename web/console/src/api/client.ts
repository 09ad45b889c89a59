import createClient from 'openapi-fetch'
import type { paths } from './schema'

export interface FieldError { field: string; message: string }

// ApiError is a refusal in the service's own words.
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly fields: FieldError[] = []) {
    super(message)
    this.name = 'ApiError'
  }
}

const byStatus: Record<number, string> = {
  401: '登录已过期，请重新登录。', 403: '你的角色不能做这件事。', 404: '没有找到，可能已被删除。', 409: '和现在的状态冲突，请刷新后再试。',
  413: '内容太大。', 429: '操作太频繁，请稍后再试。', 503: '服务暂时不可用，请稍后再试。',
}

// messageOf gives any failure words that say what to do next.
export function messageOf(e: unknown): string {
  if (e instanceof ApiError) return e.fields.length ? `${e.message}：${e.fields.map((f) => f.message).join('；')}` : e.message
  if (e instanceof TypeError) return '连不上服务，请检查网络后再试。你填的内容还在。'
  return '出了意料之外的问题，请再试一次；如果一直这样，请把时间告诉所有者。'
}

// failedToRead is messageOf for what was only fetched: nothing was typed that could be lost.
export const failedToRead = (e: unknown) => messageOf(e).replace('你填的内容还在。', '')

export function toApiError(status: number, body: unknown): ApiError {
  const err = (body as { error?: { code?: string; message?: string; fields?: FieldError[] } } | undefined)?.error
  const message = err?.message || byStatus[status] || (status >= 500 ? '服务出了问题，请稍后再试。你填的内容还在。' : '这个请求没有成功。')
  return new ApiError(status, err?.code ?? String(status), message, err?.fields ?? [])
}

// The session store fills these two; the client itself knows nothing of screens.
export const guard = {
  csrf: () => '',
  // again asks the person to log in once more and resolves when that worked.
  again: (): Promise<void> => Promise.reject(new ApiError(401, 'unauthorized', byStatus[401]!)),
  // renew reads the session that another tab began; it rejects where that is somebody else's.
  renew: (): Promise<void> => Promise.reject(new ApiError(403, 'csrf', byStatus[403]!)),
}

function withToken(req: Request): Request {
  if (req.method !== 'GET' && req.method !== 'HEAD') req.headers.set('X-CSRF-Token', guard.csrf())
  return req
}

// stale tells that the token is of a session before this one: somebody logged out and in again in another tab.
const stale = async (res: Response) => res.status === 403 && ((await res.clone().json().catch(() => null)) as { error?: { code?: string } } | null)?.error?.code === 'csrf'

// A session that ended while somebody typed: log in on top of the page, then send the same request again.
async function send(req: Request): Promise<Response> {
  const copy = req.clone()
  const res = await fetch(withToken(req))
  const own = /\/console\/v1\/(login|logout|session)$/.test(new URL(req.url).pathname)
  if (own) return res
  if (res.status === 401) await guard.again()
  else if (await stale(res)) await guard.renew()
  else return res
  return fetch(withToken(copy))
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: send })

// ask unwraps an answer and throws an ApiError for a refusal.
export async function ask<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call
  if (error !== undefined || !response.ok) throw toApiError(response.status, error)
  return data as T
}

// upload sends one file; openapi-fetch has no form fields of its own.
export async function upload<T>(path: string, file: File): Promise<T> {
  const body = new FormData()
  body.append('file', file)
  const res = await send(new Request(new URL(path, location.origin), { method: 'POST', body }))
  const answer: unknown = await res.json().catch(() => undefined)
  if (!res.ok) throw toApiError(res.status, answer)
  return answer as T
}

// putPart sends one part of an upload with its SHA-256.
export async function putPart<T>(path: string, part: Blob, sum: string): Promise<T> {
  const res = await send(new Request(new URL(path, location.origin), { method: 'PUT', body: part, headers: { 'Content-Type': 'application/octet-stream', 'X-Part-SHA256': sum } }))
  const answer: unknown = await res.json().catch(() => undefined)
  if (!res.ok) throw toApiError(res.status, answer)
  return answer as T
}

export const newKey = () => crypto.randomUUID()
