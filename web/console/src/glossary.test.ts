import { describe, expect, it } from 'vitest'
import glossary from '../../../docs/glossary.md?raw'

// The words of docs/glossary.md that the console does not say, looked for in all it shows.
const sources = import.meta.glob(['./**/*.vue', './**/*.ts', '!./**/*.test.ts', '!./api/schema.d.ts'], { query: '?raw', import: 'default', eager: true }) as Record<string, string>

interface Row { words: string[]; not: { word: string; but: string[] }[] }
const cells = (line: string) => line.split('|').slice(1, -1).map((c) => c.trim())
// A list by 、, whose brackets hold lists of their own.
const list = (text: string): string[] => text.match(/(?:[^、（]|（[^）]*）)+/g) ?? []
const rows: Row[] = glossary.split('\n').filter((l) => l.startsWith('| ') && !/^\| (---|词) /.test(l)).map((l) => {
  const c = cells(l)
  return {
    words: list(c[0]!),
    not: list(c.at(-1)!).map((entry) => {
      const [, word, but] = /^([^（]+)(?:（(.*)）)?$/.exec(entry)!
      return { word: word!, but: but ? list(but) : [] }
    }),
  }
})

// found gives the places of a word that are not inside one of the phrases it may stand in.
function found(text: string, word: string, but: string[]): string[] {
  const bare = but.reduce((t, b) => t.replaceAll(b, ''), text)
  return bare.split('\n').filter((l) => l.includes(word)).map((l) => l.trim().slice(Math.max(0, l.trim().indexOf(word) - 20), l.trim().indexOf(word) + 20))
}

describe('the glossary', () => {
  it('is read, and names no word twice', () => {
    expect(rows.length).toBeGreaterThan(60)
    const words = rows.flatMap((r) => r.words)
    expect(words.filter((w, i) => words.indexOf(w) !== i)).toEqual([])
  })
  it('forbids nothing it says itself', () => {
    const words = rows.flatMap((r) => r.words)
    expect(rows.flatMap((r) => r.not).filter((n) => words.some((w) => w.includes(n.word) && !n.but.some((b) => w.includes(b)))).map((n) => n.word)).toEqual([])
  })
  it('is what the console says', () => {
    const bad: string[] = []
    for (const [file, text] of Object.entries(sources)) for (const { not } of rows) for (const n of not) bad.push(...found(text, n.word, n.but).map((l) => `${file}: ${n.word}: ${l}`))
    expect(Object.keys(sources).length).toBeGreaterThan(200)
    expect(bad).toEqual([])
  })
  it('lets a word stand where it says so', () => {
    expect(found('打开“服务器配置”', '配置', ['服务器配置'])).toEqual([])
    expect(found('改配置', '配置', ['服务器配置'])).toHaveLength(1)
  })
})
