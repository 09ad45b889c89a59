import { afterEach, describe, expect, it, vi } from 'vitest'
import { undoToast } from './undo'

const press = () => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, bubbles: true, cancelable: true }))

describe('Ctrl+Z', () => {
  afterEach(() => { document.body.innerHTML = '' })
  it('takes back the newest change first, each once', async () => {
    const done: string[] = []
    undoToast('移动了甲', () => done.push('甲'))
    undoToast('移动了乙', () => done.push('乙'))
    press()
    await vi.waitFor(() => expect(done).toEqual(['乙']))
    await vi.waitFor(() => { press(); expect(done).toEqual(['乙', '甲']) })
    press()
    expect(done).toEqual(['乙', '甲'])
  })
  it('leaves an offer alone that was withdrawn', async () => {
    const done: string[] = []
    undoToast('移动了甲', () => done.push('甲'))()
    await new Promise((r) => setTimeout(r, 50))
    press()
    expect(done).toEqual([])
  })
})
