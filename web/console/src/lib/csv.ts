// cell guards against a spreadsheet that runs what it opens: a text that starts like a formula gets a quote.
function cell(v: string | number | null | undefined): string {
  let text = v == null ? '' : String(v)
  if (typeof v === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function csv(head: string[], rows: (string | number | null | undefined)[][]): string {
  // The mark in front tells Excel that this is UTF-8.
  return '\uFEFF' + [head, ...rows].map((r) => r.map(cell).join(',')).join('\r\n') + '\r\n'
}

export function saveCsv(name: string, head: string[], rows: (string | number | null | undefined)[][]): void {
  saveFile(name, new Blob([csv(head, rows)], { type: 'text/csv;charset=utf-8' }))
}

export function saveFile(name: string, what: Blob): void {
  const url = URL.createObjectURL(what)
  const a = document.createElement('a')
  a.href = url
  a.download = name
  a.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}
