export interface Difference { field: string; from: string; to: string }

function text(v: unknown): string {
  if (v === undefined || v === null || v === '') return ''
  if (typeof v === 'boolean') return v ? '是' : '否'
  const t = typeof v === 'string' ? v : JSON.stringify(v)
  return t.length > 160 ? `${t.slice(0, 160)}…` : t
}
const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v)

// parsed reads what the service keeps as JSON text; what is none is itself.
function parsed(v: unknown): unknown {
  if (typeof v !== 'string') return v
  try {
    return JSON.parse(v) as unknown
  } catch {
    return v
  }
}

// differences lists what changed between two states of a thing, field by field.
export function differences(was: unknown, is: unknown): Difference[] {
  const before = parsed(was)
  const after = parsed(is)
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
