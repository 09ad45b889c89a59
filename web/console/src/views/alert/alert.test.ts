import { expect, test } from 'vitest'
import { leastOf, leastText, ruleText, type Rule } from './alert'

const rule = (over: Partial<Rule>): Rule => ({ id: 1, kind: 'figure', figure: 'visitors', name: '浏览人数', enabled: true, percent: 50, least: 20, millis: 0, asleep_until: null, version: 1, updated_by: '', ...over })

test('a rule is said in a sentence; money is typed in yuan', () => {
  expect(ruleText(rule({}))).toContain('高 50%')
  expect(ruleText(rule({ kind: 'callback', millis: 4500, percent: 5 }))).toContain('超过 4.5 秒')
  const net = rule({ figure: 'net', name: '净收入', least: 50_000 })
  expect(leastText(net)).toBe('500')
  expect(leastOf(net, '12.5')).toBe(1250)
  expect(leastOf(rule({}), '30')).toBe(30)
  expect(leastOf(rule({}), '三')).toBe(null)
})
