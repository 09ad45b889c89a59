// Math.random is enough here: these numbers must not meet one another, and nothing is secret about them.
const hex = (n: number): string => Array.from({ length: n }, () => Math.floor(Math.random() * 16).toString(16)).join('')

// uuid7 is a UUID of version 7: ordered by time, so that an index takes it at its end.
export function uuid7(now = Date.now()): string {
  const t = now.toString(16).padStart(12, '0')
  return `${t.slice(0, 8)}-${t.slice(8)}-7${hex(3)}-${'89ab'[Math.floor(Math.random() * 4)]}${hex(3)}-${hex(12)}`
}

export const shareID = (): string => hex(24)
