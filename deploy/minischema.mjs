// Prints the part of an OpenAPI document that the Mini Program speaks: /mini/v1, and the schemas it reaches.
import fs from 'node:fs'
const doc = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
doc.paths = Object.fromEntries(Object.entries(doc.paths).filter(([p]) => p.startsWith('/mini/v1/')))
const all = doc.components.schemas, kept = {}
const keep = (o) => {
  for (const [, name] of JSON.stringify(o).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) if (!kept[name]) { kept[name] = all[name]; keep(all[name]) }
}
keep(doc.paths)
doc.components.schemas = Object.fromEntries(Object.entries(kept).sort(([a], [b]) => (a < b ? -1 : 1)))
console.log(JSON.stringify(doc, null, 2))
