import { describe, expect, it } from 'vitest'
import { keepsWords } from './review'

describe('words that are being written', () => {
  it('outlive new figures, not a decision', () => {
    expect(keepsWords({ stage: 'open' }, { stage: 'open' }, true)).toBe(true)
    expect(keepsWords({ stage: 'open' }, { stage: 'open' }, false)).toBe(false)
    expect(keepsWords({ stage: 'open' }, { stage: 'acting' }, true)).toBe(false)
    expect(keepsWords(undefined, { stage: 'open' }, true)).toBe(false)
  })
})
