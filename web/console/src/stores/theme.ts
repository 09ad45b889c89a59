import { defineStore } from 'pinia'

export type Theme = 'light' | 'dark' | 'system'
const key = 'loudou.theme'

function stored(): Theme {
  try {
    const t = localStorage.getItem(key)
    return t === 'light' || t === 'dark' ? t : 'system'
  } catch {
    return 'system'
  }
}

export const useTheme = defineStore('theme', {
  state: () => ({ want: stored(), system: matchMedia('(prefers-color-scheme: dark)').matches }),
  getters: {
    dark: (s) => s.want === 'dark' || (s.want === 'system' && s.system),
  },
  actions: {
    watch() {
      matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (e) => { this.system = e.matches; this.apply() })
      this.apply()
    },
    set(t: Theme) {
      this.want = t
      try { localStorage.setItem(key, t) } catch { /* lasts for this page only */ }
      this.apply()
    },
    apply() { document.documentElement.classList.toggle('dark', this.dark) },
  },
})
