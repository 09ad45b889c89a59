// Money is fen in integers everywhere but on the screen and in what a person types.

// yuan writes fen as ¥1,234.50.
export function yuan(fen: number | null | undefined): string {
  if (fen == null) return '–'
  const whole = Math.trunc(Math.abs(fen) / 100).toLocaleString('zh-CN')
  const cents = String(Math.abs(fen) % 100).padStart(2, '0')
  return `${fen < 0 ? '−' : ''}¥${whole}.${cents}`
}

// toFen reads what a person typed as yuan; null when it is not an amount with at most two decimals.
export function toFen(text: string): number | null {
  const plain = text.trim().replace(/^[¥￥]\s*/, '').replace(/[,，]/g, '')
  const m = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(plain)
  if (!m) return null
  return Number(m[1]) * 100 + Number((m[2] ?? '').padEnd(2, '0'))
}

// fenText fills an input with an amount: 19900 → "199", 1990 → "19.90".
export function fenText(fen: number | null | undefined): string {
  if (fen == null) return ''
  return fen % 100 === 0 ? String(fen / 100) : (fen / 100).toFixed(2)
}
