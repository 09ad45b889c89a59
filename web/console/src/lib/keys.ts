import { onBeforeUnmount, onMounted, ref } from 'vue'
import { useRouter } from 'vue-router'

export const helpOpen = ref(false)
export const searchOpen = ref(false)
export const pageHelpOpen = ref(false)

export const jumps: { key: string; to: string; label: string }[] = [
  { key: 'h', to: '/', label: '首页' },
  { key: 't', to: '/plan', label: '今日计划' },
  { key: 'p', to: '/calendar', label: '选题日历' },
  { key: 'a', to: '/articles', label: '文章' },
  { key: 'y', to: '/campaigns', label: '活动' },
  { key: 'r', to: '/replies', label: '自动回复' },
  { key: 'm', to: '/menu', label: '自定义菜单' },
  { key: 's', to: '/scenes', label: '二维码与链接' },
  { key: 'f', to: '/fans', label: '粉丝' },
  { key: 'c', to: '/courses', label: '课程' },
  { key: 'o', to: '/orders', label: '订单' },
  { key: 'i', to: '/inbox', label: '钱款待办' },
  { key: 'd', to: '/data', label: '数据' },
  { key: 'u', to: '/operators', label: '操作员' },
  { key: 'l', to: '/connection', label: '连接健康' },
  { key: 'e', to: '/audit', label: '操作记录' },
]

// typing: a key there is a letter, not a command. 229 and isComposing are Chinese input at work.
export function typing(e: KeyboardEvent): boolean {
  if (e.isComposing || e.keyCode === 229 || e.ctrlKey || e.metaKey || e.altKey) return true
  const el = e.target as HTMLElement | null
  if (!el?.closest) return false
  return el.isContentEditable || el.closest('input,textarea,select,[contenteditable=""],[contenteditable=true]') !== null
}

// useKeys: ⌘K or Ctrl+K searches everything, ? opens the list, h says what the page is for, / goes to the page's search, g then a letter jumps.
export function useKeys(): void {
  const router = useRouter()
  let g = 0
  function onKey(e: KeyboardEvent): void {
    if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === 'k' && !document.querySelector('.el-overlay:not([style*="display: none"]) [role=dialog]')) {
      e.preventDefault()
      searchOpen.value = true
      return
    }
    if (typing(e) || document.querySelector('.el-overlay:not([style*="display: none"]) [role=dialog]')) return
    if (g && Date.now() - g < 1500) {
      g = 0
      const jump = jumps.find((j) => j.key === e.key)
      if (jump) {
        e.preventDefault()
        void router.push(jump.to)
      }
      return
    }
    if (e.key === '?') {
      e.preventDefault()
      helpOpen.value = true
    } else if (e.key === '/') {
      const search = document.querySelector<HTMLInputElement>('[data-search] input, input[data-search]')
      if (search) {
        e.preventDefault()
        search.focus()
        search.select()
      }
    } else if (e.key === 'h' && document.querySelector('[data-test=page-help]')) {
      e.preventDefault()
      pageHelpOpen.value = true
    } else if (e.key === 'g') {
      g = Date.now()
    }
  }
  onMounted(() => window.addEventListener('keydown', onKey))
  onBeforeUnmount(() => window.removeEventListener('keydown', onKey))
}
