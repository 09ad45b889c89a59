export interface Difference { field: string; from: string; to: string }

function text(v: unknown): string {
  if (v === undefined || v === null || v === '') return ''
  const t = typeof v === 'string' ? v : JSON.stringify(v)
  return t.length > 160 ? `${t.slice(0, 160)}…` : t
}
const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v)

// differences lists what changed between two states of a thing, field by field.
export function differences(before: unknown, after: unknown): Difference[] {
  if (isRecord(before) || isRecord(after)) {
    const b = isRecord(before) ? before : {}
    const a = isRecord(after) ? after : {}
    return [...new Set([...Object.keys(b), ...Object.keys(a)])]
      .map((field) => ({ field, from: text(b[field]), to: text(a[field]) }))
      .filter((d) => d.from !== d.to)
  }
  const d = { field: '', from: text(before), to: text(after) }
  return d.from === d.to ? [] : [d]
}
