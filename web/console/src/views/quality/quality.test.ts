import { describe, expect, it } from 'vitest'
import { caution, compared, left, tenthName, worst, type Iteration, type LessonQuality, type Measure } from './quality'

const lesson = (id: number, reached: number, went_on: number | null): LessonQuality => ({ lesson_id: id, title: `第 ${id} 课`, chapter: '', kind: 'video', trial: false, seconds: 100, reached, finished: 0, went_on, stopped: 0, exercised: 0, places: [] })

describe('where people are lost', () => {
  it('is the lesson after which most people are missing, not the greatest part of a few', () => {
    const all = [lesson(1, 100, 80), lesson(2, 10, 5), lesson(3, 5, null)]
    expect(all.map(left)).toEqual([20, 5, null])
    expect(worst(all)?.lesson_id).toBe(1)
    expect(worst([lesson(1, 0, 0), lesson(2, 3, null)])).toBeNull()
  })
  it('names a tenth by its time', () => {
    expect(tenthName({ seconds: 1800 }, 1)).toBe('0:00–3:00（0–10%）')
    expect(tenthName({ seconds: 1800 }, 10)).toBe('27:00–30:00（90–100%）')
  })
})

describe('before and after', () => {
  const m = (name: string, value: number, numerator?: number, denominator?: number): Measure => ({ name, value, numerator, denominator, state: 'final', rule: '' })
  const it0 = (again: Measure[], after: Measure[]) => ({ before: [m('learners', 40), m('stop_rate', 0.5, 20, 40)], again, after }) as unknown as Iteration
  it('compares with what counting the same people today gives', () => {
    const [, stop] = compared(it0([m('learners', 40), m('stop_rate', 0.4, 16, 40)], [m('learners', 50), m('stop_rate', 0.2, 10, 50)]))
    expect(stop).toMatchObject({ before: '50.0%（20 ÷ 40）', again: '40.0%（16 ÷ 40）', after: '20.0%（10 ÷ 50）', change: '−50.0%', mood: 'good' })
  })
  it('says nothing before there is an after, and warns of few', () => {
    const none = it0([m('learners', 40)], [])
    expect(compared(none)[1]).toMatchObject({ after: '', change: '', again: '' })
    expect(caution(none)).toBe('')
    expect(caution(it0([m('learners', 40)], [m('learners', 8)]))).toContain('碰巧')
    expect(caution(it0([m('learners', 40)], [m('learners', 30)]))).not.toContain('碰巧')
  })
})
