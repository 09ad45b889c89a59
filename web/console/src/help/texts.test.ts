import { describe, expect, it } from 'vitest'
import { figureInfo } from '@/lib/figures'
import { router } from '@/router'
import { bare, texts } from './texts'

describe('help', () => {
  const names = router.getRoutes().flatMap((r) => (r.name ? [String(r.name)] : []))
  it('stands behind every page, and behind nothing else', () => {
    expect(names.filter((n) => !bare.includes(n) && !texts[n])).toEqual([])
    expect(Object.keys(texts).filter((n) => !names.includes(n))).toEqual([])
  })
  it('says what a page is for and what to do, and knows the figures it names', () => {
    for (const [name, t] of Object.entries(texts)) {
      expect(t.what.length, name).toBeGreaterThan(5)
      expect(t.todo.length, name).toBeGreaterThan(0)
      for (const f of t.figures ?? []) expect(figureInfo(f).label, `${name}: ${f}`).not.toBe(f)
    }
  })
})
