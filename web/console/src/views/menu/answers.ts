import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, ask } from '@/api/client'
import type { Rule } from '@/views/reply/rule'
import { hasKey, isParent, type Button, type Menus, type Path } from './menu'

// Answer is what a button's key is answered. `any`: only by the rule for all keys.
export interface Answer { state: 'live' | 'draft' | 'none'; rule: Rule | null; any: boolean }

// answerOf finds the rule that answers a key: one of its own before the one for any, one that is live before one
// that is only written.
export function answerOf(rules: Rule[], key: string): Answer {
  const found = rules.filter((r) => r.kind === 'menu' && r.enabled && (r.event_key === key || r.event_key === ''))
  const isLive = (r: Rule) => r.state === 'live' || r.state === 'changed'
  const rank = (r: Rule) => (isLive(r) ? 0 : 2) + (r.event_key ? 0 : 1)
  const rule = [...found].sort((a, b) => rank(a) - rank(b))[0] ?? null
  return { state: rule ? (isLive(rule) ? 'live' : 'draft') : 'none', rule, any: !!rule && !rule.event_key }
}

// Only these open a window in which something can be answered; a picture or a place comes as a message of its own.
const answered = (type: string) => type === 'click' || type === 'scancode_waitmsg'

// unanswered lists the buttons whose key nobody answers, in words.
export function unanswered(rules: Rule[], menus: Menus): { path: Path; which: number; text: string; state: 'draft' | 'none' }[] {
  const out: { path: Path; which: number; text: string; state: 'draft' | 'none' }[] = []
  const look = (buttons: Button[], which: number, where: string) => buttons.forEach((b, i) => {
    const one = (x: Button, path: Path) => {
      if (isParent(x) || !hasKey(x.type ?? '') || !answered(x.type ?? '') || !x.key) return
      const a = answerOf(rules, x.key)
      if (a.state === 'none') out.push({ path, which, state: 'none', text: `${where}按钮「${x.name}」点了没有回复：没有规则回答 ${x.key}` })
      else if (a.state === 'draft') out.push({ path, which, state: 'draft', text: `${where}按钮「${x.name}」的回复「${a.rule!.name}」还没有发布` })
    }
    one(b, [i])
    b.sub_button?.forEach((s, j) => one(s, [i, j]))
  })
  look(menus.buttons, -1, '')
  menus.conditional.forEach((c, i) => look(c.button, i, `「${c.name || '个性化菜单'}」的`))
  return out
}

// useRules are the reply rules on the desk.
export function useRules() {
  const query = useQuery({ queryKey: ['replies', 'desk'], queryFn: ({ signal }) => ask(api.GET('/console/v1/replies', { signal })), staleTime: 15_000 })
  return { query, rules: computed(() => query.data.value?.items ?? []) }
}

// newKey is a key no button of these menus has yet.
export function newKey(menus: Menus): string {
  const had = new Set<string>()
  const look = (list: Button[]) => list.forEach((b) => { if (b.key) had.add(b.key); look(b.sub_button ?? []) })
  look(menus.buttons)
  menus.conditional.forEach((c) => look(c.button))
  let n = had.size + 1
  while (had.has(`MENU_${n}`)) n++
  return `MENU_${n}`
}
