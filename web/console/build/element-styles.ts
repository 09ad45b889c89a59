import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Plugin } from 'vite'

const wanted = /import\s*\{([^}]*)\}\s*from\s*['"]element-plus['"]/g

// elementStyles adds, for each Element Plus component a file imports, that component's own sheet. A page
// then brings the styles it shows and the login page does not carry the calendar's.
export function elementStyles(): Plugin {
  const root = resolve('node_modules/element-plus/es/components')
  return {
    name: 'element-styles',
    transform(code, id) {
      if (id.includes('node_modules') || !/\.(vue|ts)(\?|$)/.test(id)) return
      const sheets = new Set<string>()
      for (const [, names] of code.matchAll(wanted)) {
        for (const raw of names!.split(',')) {
          const name = raw.trim().split(/\s+as\s+/)[0]!
          if (!/^El[A-Z]/.test(name)) continue
          const dir = name.slice(2).replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase()
          if (existsSync(`${root}/${dir}/style/css.mjs`)) sheets.add(`import 'element-plus/es/components/${dir}/style/css'`)
        }
      }
      if (sheets.size === 0) return
      return { code: code + '\n' + [...sheets].join('\n'), map: null }
    },
  }
}
