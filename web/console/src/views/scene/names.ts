import { utf8Bytes } from '@/lib/bytes'

// The service's own limits: a batch, and a scene in bytes.
export const most = 1000
export const sceneBytes = 64

// linesOf reads a pasted list: one name a line; blanks around it and empty lines are nothing.
export const linesOf = (text: string): string[] => text.split(/\r?\n/).map((l) => l.trim()).filter(Boolean)

// numbered makes count names of a prefix: as many digits as the last one needs, two at least.
export function numbered(prefix: string, count: number, first = 1): string[] {
  const digits = Math.max(2, String(first + count - 1).length)
  return Array.from({ length: count }, (_, i) => prefix + String(first + i).padStart(digits, '0'))
}

// nameFault says what the service would refuse in a list; '' when nothing. The line is that of the names.
export function nameFault(names: string[]): string {
  if (!names.length) return '一行写一个名字'
  if (names.length > most) return `一批最多 ${most} 个，现在 ${names.length} 个`
  const seen = new Map<string, number>()
  for (const [i, n] of names.entries()) {
    if (utf8Bytes(n) > sceneBytes) return `第 ${i + 1} 个「${n.slice(0, 12)}…」超过 ${sceneBytes} 字节（一个汉字 3 个字节）`
    const twice = seen.get(n)
    if (twice) return `第 ${twice} 个和第 ${i + 1} 个都是「${n}」`
    seen.set(n, i + 1)
  }
  return ''
}
