import { beijing } from './time'

// What a list shows, read back from its cells: lists fill them as each likes, and the order and the file are to be those of
// what is on the screen, not of what lies behind it.

// seenText is what one reads in a cell: without its buttons and what only is read aloud, times whole.
export function seenText(cell: Node): string {
  const parts: string[] = []
  const walk = (n: Node) => {
    if (n instanceof HTMLElement) {
      if (n.matches('button:not(.link), .sr, [hidden]')) return
      if (n instanceof HTMLTimeElement && n.dateTime) { parts.push(beijing(n.dateTime)); return }
    }
    if (n.nodeType === Node.TEXT_NODE) { const t = n.textContent?.replace(/\s+/g, ' ').trim(); if (t) parts.push(t) }
    n.childNodes.forEach(walk)
  }
  walk(cell)
  const text = parts.join(' ')
  return text === '–' ? '' : text
}

// seenKey is what a cell is sorted by: the instant of its time, or its text.
export function seenKey(cell: Element): string {
  const time = cell.querySelector('time')
  return time?.dateTime ? new Date(time.dateTime).toISOString() : seenText(cell)
}

const numeral = /^([-−]?)[¥+]?([\d,]+(?:\.\d+)?)(?=$|[^\d.:/-])/ // not the head of a date, a clock or an order's number

// inOrder gives the places of keys from small to large, or from large to small. Numbers go by their size where most keys
// begin with one (a word among them, as 免费, before all), texts as a Chinese dictionary has them; what is empty comes last either way, equals stay as they stood.
export function inOrder(keys: (string | number)[], down: boolean): number[] {
  const number = (k: string | number) => {
    if (typeof k === 'number') return k
    const m = numeral.exec(k)
    return m ? Number(m[2]!.replaceAll(',', '')) * (m[1] ? -1 : 1) : NaN
  }
  const numbers = keys.map(number)
  const full = (i: number) => keys[i] !== ''
  const all = keys.filter((_, i) => full(i)).length
  const counted = numbers.filter((n) => !Number.isNaN(n)).length * 2 > all
  const apart = new Intl.Collator('zh-CN', { numeric: true }).compare
  return keys.map((_, i) => i).sort((a, b) => {
    if (full(a) !== full(b)) return full(a) ? -1 : 1
    if (!full(a)) return a - b
    const size = (i: number) => (Number.isNaN(numbers[i]) ? -Infinity : numbers[i]!)
    const d = counted ? (size(a) === size(b) ? 0 : size(a) - size(b)) : apart(String(keys[a]), String(keys[b]))
    return (down ? -d : d) || a - b
  })
}
