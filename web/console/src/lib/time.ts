// Every time on the screen is Beijing time, whatever the browser's own zone is.
const zone = 'Asia/Shanghai'
const parts = new Intl.DateTimeFormat('en-CA', {
  timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
})

function split(at: Date) {
  const p: Record<string, string> = {}
  for (const { type, value } of parts.formatToParts(at)) p[type] = value
  return p as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', string>
}

function read(at: string | Date | null | undefined): Date | null {
  if (!at) return null
  const d = typeof at === 'string' ? new Date(at) : at
  return Number.isNaN(d.getTime()) ? null : d
}

// beijing writes a time as 2026-11-24 21:05:09; short leaves out this year and the seconds.
export function beijing(at: string | Date | null | undefined, how: 'full' | 'short' | 'clock' = 'full', now = new Date()): string {
  const d = read(at)
  if (!d) return '–'
  const p = split(d)
  if (how === 'clock') return `${p.hour}:${p.minute}:${p.second}`
  if (how === 'short') {
    const year = p.year === split(now).year ? '' : `${p.year}-`
    return `${year}${p.month}-${p.day} ${p.hour}:${p.minute}`
  }
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`
}

// day is the Beijing calendar day of a time: 2026-11-24.
export function day(at: Date): string {
  const p = split(at)
  return `${p.year}-${p.month}-${p.day}`
}

// addDays moves a calendar day; a day is a name here, not an instant.
export function addDays(d: string, n: number): string {
  const t = new Date(`${d}T00:00:00Z`)
  t.setUTCDate(t.getUTCDate() + n)
  return t.toISOString().slice(0, 10)
}

export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}

export interface Range { from: string; to: string }

// ranges are the presets an operator knows: whole days that end yesterday, as WeChat's own pages do; and the
// running one, in which the step just made already counts.
export const presets = [
  { key: 'today', label: '今天' },
  { key: 'yesterday', label: '昨天' },
  { key: '7', label: '近 7 天' },
  { key: '30', label: '近 30 天' },
  { key: 'now', label: '30 天到现在' },
] as const
export type Preset = (typeof presets)[number]['key']

export function presetRange(key: Preset, now = new Date()): Range {
  const today = day(now)
  if (key === 'today') return { from: today, to: today }
  if (key === 'now') return { from: addDays(today, -29), to: today }
  const to = addDays(today, -1)
  return { from: key === 'yesterday' ? to : addDays(today, -Number(key)), to }
}

export function presetOf(r: Range, now = new Date()): Preset | null {
  return presets.find(({ key }) => {
    const p = presetRange(key, now)
    return p.from === r.from && p.to === r.to
  })?.key ?? null
}

const isDay = (d: string) => /^\d{4}-\d\d-\d\d$/.test(d) && !Number.isNaN(Date.parse(`${d}T00:00:00Z`))

// soundRange is what an address says where that is a range, turned round when it is backwards; else the fallback.
export function soundRange(r: Range, fallback: Range): Range {
  if (!isDay(r.from) || !isDay(r.to)) return { ...fallback }
  return r.from <= r.to ? { from: r.from, to: r.to } : { from: r.to, to: r.from }
}

// before is the range of the same length directly before r.
export function before(r: Range): Range {
  const n = daysBetween(r.from, r.to) + 1
  return { from: addDays(r.from, -n), to: addDays(r.from, -1) }
}

// ago says how long since, for a live stream; beyond a day the date says more.
export function ago(at: string | Date, now = new Date()): string {
  const d = read(at)
  if (!d) return '–'
  const s = Math.max(0, Math.round((now.getTime() - d.getTime()) / 1000))
  if (s < 3) return '刚刚'
  if (s < 60) return `${s} 秒前`
  if (s < 3600) return `${Math.floor(s / 60)} 分钟前`
  if (s < 86_400) return `${Math.floor(s / 3600)} 小时前`
  return beijing(d, 'short', now)
}

// toInstant and toWall go between what a date picker holds, Beijing wall time, and an instant.
export function toInstant(wall: string): string | null {
  return wall ? `${wall.replace(' ', 'T')}:00+08:00` : null
}
export function toWall(instant: string | null | undefined): string {
  const d = read(instant)
  if (!d) return ''
  const p = split(d)
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}`
}
