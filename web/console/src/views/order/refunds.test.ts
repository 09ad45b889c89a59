import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Refund } from '@/api/types'
import { quoted } from '@/lib/words'
import { useSession } from '@/stores/session'
import OrderRefunds from './OrderRefunds.vue'

const refund = (more: Partial<Refund>) => ({ out_refund_no: 'R1', amount: 90_000, reason: '重复购买', status: 'asked', asked_by: 'operator:1:boss', proposed_by: 'operator:1:boss', created_at: '2026-11-25T00:00:00Z', ...more }) as Refund
const show = (r: Refund) => mount(OrderRefunds, { props: { refunds: [r] } })

describe('a refund that two must agree to', () => {
  beforeEach(() => setActivePinia(createPinia()))
  const as = (name: string) => useSession().take({ operator: { name, role: 'finance' }, csrf_token: 'x', rights: ['read', 'money'] })

  it('is not offered again to the one who agreed', () => {
    as('boss')
    const w = show(refund({}))
    expect(w.text()).toContain('已同意：boss，还要另一位操作员同意')
    expect(w.find('[data-test="refund-approve"]').exists()).toBe(false)
    expect(w.text()).toContain('拒绝')
  })
  it('is offered to another', () => {
    as('小林')
    expect(show(refund({})).find('[data-test="refund-approve"]').exists()).toBe(true)
  })
  it('waits for nobody once it is under way', () => {
    as('小林')
    const w = show(refund({ status: 'sent' as Refund['status'] }))
    expect(w.text()).toContain('已同意：boss')
    expect(w.text()).not.toContain('还要另一位')
  })
})

describe('WeChat’s words in the history', () => {
  it('are Chinese where we know them', () => {
    expect(quoted('微信：SUCCESS')).toBe('微信：支付成功')
    expect(quoted('微信：ELSE')).toBe('微信：ELSE')
    expect(quoted('学员说 微信：SUCCESS')).toBe('学员说 微信：SUCCESS')
    expect(quoted(undefined)).toBeUndefined()
  })
})
