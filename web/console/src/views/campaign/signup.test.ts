import { describe, expect, it } from 'vitest'
import { answerOf, asForm, faultsOf, newField, textOf, type SignupLine } from './signup'

const faults = (f: Parameters<typeof faultsOf>[0]) => Object.entries(faultsOf(f)).filter(([, v]) => v).map(([k]) => k)

describe('the sign-up form', () => {
  it('begins with a name and a phone number, and goes there and back', () => {
    const f = textOf(null, '读书会')
    expect(faults(f)).toEqual([])
    expect(f.fields.map((x) => [x.kind, x.label, x.required])).toEqual([['text', '姓名', true], ['phone', '手机号', false]])
    const sent = asForm({ ...f, places: '10', from: '2026-03-01 08:00', fields: [...f.fields, { ...newField('single', '场次'), options: '上午\n 下午 \n\n' }] }, 0)
    expect(sent).toMatchObject({ places: 10, starts_at: '2026-03-01T08:00:00+08:00', fields: [{}, {}, { options: ['上午', '下午'] }] })
    expect(sent).not.toHaveProperty('version')
    const back = asForm(textOf({ ...sent, version: 3 }, ''), 3)
    expect(back).toEqual({ ...sent, version: 3 })
  })
  it('names what is wrong at its field', () => {
    const f = textOf(null, '读书会')
    expect(faults({ ...f, title: ' ', places: '0', from: '2026-03-02 08:00', to: '2026-03-01 08:00' })).toEqual(['title', 'places', 'ends_at'])
    expect(faults({ ...f, fields: [] })).toEqual(['fields'])
    expect(faults({ ...f, fields: [...f.fields, newField('phone', '手机号'), { ...newField('multiple', '想听'), options: 'a\na' }, newField()] })).toEqual(['fields.2.label', 'fields.2.kind', 'fields.3.options', 'fields.4.label'])
  })
  it('shows an answer, and of a phone number only what the service says', () => {
    const l = { phone: '138****5678', answers: [{ key: 1, kind: 'text', label: '姓名', values: ['安'] }, { key: 2, kind: 'phone', label: '手机号', values: ['given'] }, { key: 3, kind: 'multiple', label: '想听', values: ['a', 'b'] }] } as unknown as SignupLine
    expect([1, 2, 3, 4].map((k) => answerOf(l, k))).toEqual(['安', '138****5678', 'a、b', ''])
  })
})
