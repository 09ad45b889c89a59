import { VueQueryPlugin, QueryClient, keepPreviousData } from '@tanstack/vue-query'
import dayjs from 'dayjs'
import 'dayjs/locale/zh-cn'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { ApiError } from './api/client'
import { keepFocus } from './lib/focus'
import { router } from './router'
import { useSession } from './stores/session'
import { useTheme } from './stores/theme'
import 'element-plus/theme-chalk/dark/css-vars.css'
import './styles/base.css'

dayjs.locale('zh-cn') // the calendar's week starts on Monday

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      placeholderData: keepPreviousData, // the old page stays on the screen while the next one comes
      retry: (n, e) => n < 2 && !(e instanceof ApiError && e.status < 500),
    },
  },
})

const app = createApp(App)
app.use(createPinia())
useSession().connect()
useTheme().watch()
app.use(router)
app.use(VueQueryPlugin, { queryClient: queries })
// What index.html says stands until the first page is there; one that cannot come is said by the app itself.
void router.isReady().catch(() => {}).then(() => app.mount('#app'))
keepFocus()
