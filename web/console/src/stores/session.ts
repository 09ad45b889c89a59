import { defineStore } from 'pinia'
import { ApiError, api, ask, guard } from '@/api/client'

export type Role = 'owner' | 'editor' | 'reviewer' | 'finance' | 'viewer'
export const roleNames: Record<string, string> = { owner: '所有者', editor: '编辑', reviewer: '审核', finance: '财务', viewer: '只看' }

interface State {
  name: string
  role: Role | ''
  csrf: string
  rights: string[]
  known: boolean // the service has been asked who we are
  asking: boolean // the login dialog is up
}

let waiting: { promise: Promise<void>; done: () => void; fail: (e: unknown) => void } | null = null

export const useSession = defineStore('session', {
  state: (): State => ({ name: '', role: '', csrf: '', rights: [], known: false, asking: false }),
  getters: {
    inside: (s) => s.name !== '',
    // The service decides; these only spare a person a button that would be refused.
    mayEdit: (s) => s.rights.includes('edit'),
    mayConfirm: (s) => s.rights.includes('confirm'),
    mayMoney: (s) => s.rights.includes('money'),
    mayOwn: (s) => s.rights.includes('own'),
  },
  actions: {
    connect() {
      guard.csrf = () => this.csrf
      guard.again = () => this.again()
      guard.renew = () => this.renew()
    },
    take(s: { operator: { name: string; role: string }; csrf_token: string; rights: string[] }) {
      this.name = s.operator.name
      this.role = s.operator.role as Role
      this.csrf = s.csrf_token
      this.rights = s.rights
    },
    async load() {
      if (this.known) return
      try {
        this.take(await ask(api.GET('/console/v1/session')))
      } catch (e) {
        if (!(e instanceof ApiError && e.status === 401)) throw e
      }
      this.known = true
    },
    async login(name: string, password: string) {
      this.take(await ask(api.POST('/console/v1/login', { body: { name, password } })))
      this.known = true
      this.asking = false
      waiting?.done()
      waiting = null
    },
    // again: many requests may find the session gone at once; they all wait for the one dialog.
    again(): Promise<void> {
      if (!waiting) {
        let done!: () => void
        let fail!: (e: unknown) => void
        const promise = new Promise<void>((ok, no) => { done = ok; fail = no })
        waiting = { promise, done, fail }
        this.asking = true
      }
      return waiting.promise
    },
    // renew takes over the session that another tab began. Another person's does not silently sign this one's work.
    async renew() {
      const before = this.name
      this.take(await ask(api.GET('/console/v1/session')))
      if (this.name !== before) throw new ApiError(403, 'other_operator', `这个浏览器已换成 ${this.name} 登录，这一步没有做。再按一次，就用 ${this.name} 的名义做。`)
    },
    giveUp() {
      this.asking = false
      waiting?.fail(new ApiError(401, 'unauthorized', '还没有登录，这一步没有做。'))
      waiting = null
    },
    async logout() {
      try {
        await ask(api.POST('/console/v1/logout'))
      } catch (e) {
        if (!(e instanceof ApiError && e.status === 401)) throw e // already out
      }
      this.$reset()
      this.known = true
    },
  },
})
