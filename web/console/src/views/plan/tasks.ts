import { useQueryClient } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'
import { toast } from '@/lib/toast'
import { undoToast } from '@/lib/undo'
import type { Task } from './plan'

export type Step = 'start' | 'pause' | 'done' | 'reopen' | 'remove'
export interface Place { important?: boolean; urgent?: boolean; day?: string; start?: number }

const said: Record<Step, string> = { start: '开始', pause: '暂停', done: '完成', reopen: '重新打开', remove: '删除' }

// useTaskActs is what the buttons of a task do; each can be taken back for ten seconds.
export function useTaskActs() {
  const queries = useQueryClient()
  const refresh = () => Promise.all([queries.invalidateQueries({ queryKey: ['tasks'] }), queries.invalidateQueries({ queryKey: ['home'] })])
  const running = new Set<number>()
  const offered = new Map<number, () => void>() // a newer change of the same task replaces the offer to undo the older

  async function run(task: Task, text: string, call: () => Promise<Task>, after?: (t: Task) => void): Promise<void> {
    if (running.has(task.id)) return // a double click acts once
    running.add(task.id)
    try {
      const now = await call()
      offered.get(task.id)?.()
      offered.set(task.id, undoToast(text, () => void undo(now)))
      after?.(now)
    } catch (e) {
      toast.bad(e)
    } finally {
      running.delete(task.id)
      await refresh()
    }
  }
  async function undo(t: Task): Promise<void> {
    try {
      await ask(api.POST('/console/v1/tasks/{id}/undo', { params: { path: { id: t.id } }, body: { version: t.version } }))
    } catch (e) {
      toast.bad(e)
    } finally {
      await refresh()
    }
  }
  const at = (t: Task) => ({ params: { path: { id: t.id } }, body: { version: t.version } })
  const calls: Record<Step, (t: Task) => Promise<Task>> = {
    start: (t) => ask(api.POST('/console/v1/tasks/{id}/start', at(t))),
    pause: (t) => ask(api.POST('/console/v1/tasks/{id}/pause', at(t))),
    done: (t) => ask(api.POST('/console/v1/tasks/{id}/done', at(t))),
    reopen: (t) => ask(api.POST('/console/v1/tasks/{id}/reopen', at(t))),
    remove: (t) => ask(api.POST('/console/v1/tasks/{id}/remove', at(t))),
  }
  const step = (t: Task, s: Step) => run(t, `已${said[s]}「${t.title}」`, () => calls[s](t))
  const move = (t: Task, p: Place, text: string, after?: (t: Task) => void) =>
    run(t, text, () => ask(api.POST('/console/v1/tasks/{id}/move', { params: { path: { id: t.id } }, body: { version: t.version, ...p } })), after)
  return { step, move, refresh }
}
