import qrcode from 'qrcode-generator'

// cells gives a code's dark cells, with the quiet edge of four that scanners want around them.
export function cells(text: string): { size: number; dark: [number, number][] } {
  const q = qrcode(0, 'M')
  q.addData(text)
  q.make()
  const n = q.getModuleCount()
  const dark: [number, number][] = []
  for (let y = 0; y < n; y++) for (let x = 0; x < n; x++) if (q.isDark(y, x)) dark.push([x + 4, y + 4])
  return { size: n + 8, dark }
}

// savePicture hands the code over as a PNG of about a thousand pixels, sharp enough for a poster.
export function savePicture(text: string, name: string): void {
  const { size, dark } = cells(text)
  const scale = Math.ceil(1000 / size)
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size * scale
  const g = canvas.getContext('2d')!
  g.fillStyle = '#fff'
  g.fillRect(0, 0, canvas.width, canvas.height)
  g.fillStyle = '#000'
  for (const [x, y] of dark) g.fillRect(x * scale, y * scale, scale, scale)
  canvas.toBlob((blob) => {
    if (!blob) return
    const a = document.createElement('a')
    a.href = URL.createObjectURL(blob)
    a.download = name
    a.click()
    setTimeout(() => URL.revokeObjectURL(a.href), 1000)
  }, 'image/png')
}
