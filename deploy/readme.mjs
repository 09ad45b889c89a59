// The two READMEs must have the same headings (by level), the same commands and tables of the same size.
import fs from 'node:fs'
const shape = (file) => {
  const out = { headings: [], commands: [], tables: [] }
  let fence = false, rows = 0
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('```')) { fence = !fence; continue }
    if (fence) { out.commands.push(line.replace(/\s+#.*$/, '').trim()); continue }
    if (line.startsWith('|')) { rows++; continue }
    if (rows) { out.tables.push(rows); rows = 0 }
    const h = /^(#+) /.exec(line)
    if (h) out.headings.push(h[1].length)
  }
  if (rows) out.tables.push(rows)
  return out
}
const en = shape('README.md'), zh = shape('README.zh-CN.md')
let bad = 0
for (const k of Object.keys(en)) {
  if (JSON.stringify(en[k]) !== JSON.stringify(zh[k])) { bad = 1; console.log(`${k} differ:\n  README.md       ${JSON.stringify(en[k])}\n  README.zh-CN.md ${JSON.stringify(zh[k])}`) }
}
process.exit(bad)
