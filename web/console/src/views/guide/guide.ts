import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'
import type { components } from '@/api/schema'
import { toast } from '@/lib/toast'
import { undoToast } from '@/lib/undo'

type Guide = components['schemas']['GuideOutBody']
export type Step = Guide['steps'][number]

// What each first step is, why it comes when it does, and where it is done.
export const steps: Record<Step['key'], { title: string; why: string; to: string; link: string }> = {
  connect: { title: '接上公众号', why: '照接管向导导入原来的回复和菜单，再改服务器地址。收到微信的第一条推送就算接上了。', to: '/switchon', link: '接管向导' },
  menu: { title: '发布菜单', why: '粉丝进来先看菜单：课程、文章、联系方式各一个按钮。', to: '/menu', link: '自定义菜单' },
  welcome: { title: '写关注欢迎语', why: '刚关注的那一刻最愿意看。写两三句：这里有什么，先看哪一篇。写好要发布。', to: '/replies', link: '自动回复' },
  course: { title: '上架第一门课', why: '至少一个课时，第一课设成试看。', to: '/courses', link: '课程' },
  card: { title: '写第一篇带课程卡片的文章', why: '选上卡片带到哪门课，以后的点击和订单才记得到这篇文章。', to: '/articles/new', link: '新文章' },
  push: { title: '第一次推送', why: '先让另一个人确认，再发布或群发。', to: '/broadcasts', link: '群发' },
  funnel: { title: '看第一个漏斗', why: '有人从文章走进来，漏斗就有数了：看他们停在哪一步。', to: '/data/funnel', link: '漏斗' },
}
export const left = (g: Guide): number => g.steps.filter((s) => !s.done).length
// next is the step to take now: the first that is not done.
export const next = (g: Guide): Step['key'] | undefined => g.steps.find((s) => !s.done)?.key

export function useGuide() {
  const queries = useQueryClient()
  const query = useQuery({ queryKey: ['guide'], queryFn: ({ signal }) => ask(api.GET('/console/v1/guide', { signal })), staleTime: 10_000 })
  async function put(away: boolean): Promise<void> {
    try {
      queries.setQueryData(['guide'], await ask(api.PUT('/console/v1/guide', { body: { away } })))
      if (away) undoToast('已收起。在「使用说明」里随时能再打开', () => void put(false))
    } catch (e) {
      toast.bad(e)
    }
  }
  return { query, put }
}
