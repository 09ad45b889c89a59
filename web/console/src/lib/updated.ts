import { ref } from 'vue'

// updated: a newer console is being served, and this tab's own files are gone.
export const updated = ref(false)

window.addEventListener('vite:preloadError', (e) => {
  e.preventDefault()
  updated.value = true
})
