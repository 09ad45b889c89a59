import { describe, expect, it } from 'vitest'
import { fingerprint, sha256 } from './uploads'

describe('a file that is sent in parts', () => {
  it('is known again by its size and its ends', async () => {
    const bytes = new Uint8Array(600_000).map((_, i) => i % 251)
    const a = await fingerprint(new Blob([bytes]))
    expect(a).toMatch(/^[0-9a-f]{64}$/)
    expect(await fingerprint(new Blob([bytes]))).toBe(a)
    expect(await fingerprint(new Blob([bytes.slice(0, -1)]))).not.toBe(a)
    const end = bytes.slice()
    end[599_999] = (end[599_999] ?? 0) ^ 1
    expect(await fingerprint(new Blob([end]))).not.toBe(a)
  })
  it('has sums the service knows', async () => {
    expect(await sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(await sha256(new Blob(['abc']))).toBe(await sha256('abc'))
  })
})
