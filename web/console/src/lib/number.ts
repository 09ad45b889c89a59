export function count(n: number | null | undefined): string {
  return n == null ? '–' : n.toLocaleString('zh-CN')
}

// whole reads a whole number of 1 to most; null for anything else.
export function whole(text: string, most: number): number | null {
  const n = /^\d{1,9}$/.test(text.trim()) ? Number(text) : 0
  return n >= 1 && n <= most ? n : null
}

// rate writes a fraction as a percentage: one decimal, two below 1 %, half up. Undefined is a dash, never 0.
export function rate(fraction: number | null | undefined): string {
  if (fraction == null) return '–'
  const percent = fraction * 100
  const places = percent !== 0 && Math.abs(percent) < 1 ? 2 : 1
  const scale = 10 ** places
  // The tiny term keeps 0.285 → 28.5 from falling to 28.4 for want of a binary digit.
  return (Math.round((percent + Number.EPSILON * Math.sign(percent) * 100) * scale) / scale).toFixed(places) + '%'
}

// change compares two figures; null when there is nothing to compare with.
export function change(now: number | null | undefined, before: number | null | undefined): { text: string; sign: -1 | 0 | 1 } | null {
  if (now == null || before == null || before === 0) return null
  const part = (now - before) / Math.abs(before)
  const sign = part > 0.0005 ? 1 : part < -0.0005 ? -1 : 0
  return { text: sign === 0 ? '持平' : `${sign > 0 ? '+' : '−'}${rate(Math.abs(part))}`, sign }
}
