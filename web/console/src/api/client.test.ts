import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError, api, ask, failedToRead, guard, messageOf, toApiError } from './client'

const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
const refuse = (status: number, code: string) => answer(status, { error: { code, message: code } })

describe('the client', () => {
  afterEach(() => { vi.unstubAllGlobals(); guard.csrf = () => '' })

  // Logging out and in again in another tab gives the session another token; what is typed here must not suffer.
  it('takes the token of the session another tab began, and sends the same again', async () => {
    let token = 'old'
    guard.csrf = () => token
    guard.renew = async () => { token = 'new' }
    const seen: string[] = []
    vi.stubGlobal('fetch', async (r: Request) => {
      seen.push(`${r.headers.get('X-CSRF-Token')} ${await r.text()}`)
      return r.headers.get('X-CSRF-Token') === 'new' ? answer(200, { two_person: true }) : refuse(403, 'csrf')
    })
    await ask(api.PUT('/console/v1/settings', { body: { two_person: true } }))
    expect(seen).toEqual(['old {"two_person":true}', 'new {"two_person":true}'])
  })
  it('does not ask again when the role forbids it', async () => {
    guard.renew = vi.fn()
    vi.stubGlobal('fetch', async () => refuse(403, 'forbidden'))
    await expect(ask(api.PUT('/console/v1/settings', { body: { two_person: true } }))).rejects.toBeInstanceOf(ApiError)
    expect(guard.renew).not.toHaveBeenCalled()
  })
  it('says what is wrong with a file, and promises nothing typed where nothing was', () => {
    expect(messageOf(toApiError(400, { error: { code: 'invalid', message: '文件不能使用', fields: [{ field: 'file', message: '封面应为图片' }] } }))).toBe('文件不能使用：封面应为图片')
    expect(failedToRead(toApiError(500, undefined))).toBe('服务出了问题，请稍后再试。')
  })
})
