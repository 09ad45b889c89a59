import { describe, expect, it } from 'vitest'
import { actionName, unsaid, valueText } from './words'

describe('the audit trail', () => {
  it('speaks of money in yuan, of states and roles in the operator’s words', () => {
    expect(valueText('amount', '4900')).toBe('¥49.00')
    expect(valueText('status', 'published')).toBe('已发布')
    expect(valueText('role', 'viewer')).toBe('只看')
    expect(valueText('status', 'something new')).toBe('something new')
    expect(valueText('title', '4900')).toBe('4900')
    expect(actionName('media.material')).toBe('存进素材库的文件')
    expect(actionName('overlap.forbid')).toBe('不再允许重复的段落')
    expect(actionName('operator.login')).toBe('登录')
    expect(unsaid.has('content_hash')).toBe(true)
  })
})
