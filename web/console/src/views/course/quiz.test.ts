import { describe, expect, it } from 'vitest'
import { drop, emptyQuestion, fullPoints, mark, quizBody, quizFaults, toQuiz, turn, type QuizForm } from './quiz'

const bad = (q: QuizForm) => Object.entries(quizFaults(q)).filter(([, v]) => v).map(([k]) => k)
const good = (): QuizForm => ({ pass: '6', tries: '', questions: [{ ...emptyQuestion(), text: '一加一', options: ['一', '二'], right: [1], points: '4' }, { ...emptyQuestion('judge'), text: '对吗', right: [0], points: '6' }] })

describe('the quiz of a lesson', () => {
  it('is none without questions, and says what is missing', () => {
    expect(bad(toQuiz())).toEqual([])
    expect(quizBody(toQuiz())).toEqual({ questions: [], pass: 0, tries: 0 })
    expect(bad({ questions: [emptyQuestion()], pass: '', tries: '' })).toEqual(['quiz.0.text', 'quiz.0.options', 'quiz.0.right', 'quiz.pass'])
    expect(bad(good())).toEqual([])
    expect(bad({ ...good(), pass: '11' })).toEqual(['quiz.pass'])
    expect(bad({ ...good(), tries: '0' })).toEqual(['quiz.tries'])
    expect(bad({ ...good(), questions: [{ ...good().questions[0]!, options: ['二', '二 '], points: '101' }] })).toEqual(['quiz.0.options', 'quiz.0.points', 'quiz.pass'].filter((k) => k !== 'quiz.pass'))
  })
  it('goes to the service and back', () => {
    expect(fullPoints(good())).toBe(10)
    expect(toQuiz(quizBody(good()))).toEqual(good())
  })
  it('keeps what fits when a question changes its kind', () => {
    const several = { ...emptyQuestion('multiple'), options: ['甲', '乙', '丙'], right: [0, 2] }
    expect(turn(several, 'single')).toMatchObject({ options: ['甲', '乙', '丙'], right: [0] })
    expect(turn(several, 'judge')).toMatchObject({ options: ['对', '错'], right: [] })
    expect(turn(turn(several, 'judge'), 'single')).toMatchObject({ options: ['', ''], right: [] })
    expect(mark(several, 1)).toEqual([0, 1, 2])
    expect(mark(several, 2)).toEqual([0])
    expect(mark({ ...several, kind: 'single' }, 1)).toEqual([1])
    expect(drop(several, 1)).toMatchObject({ options: ['甲', '丙'], right: [0, 1] })
    expect(drop(several, 0)).toMatchObject({ options: ['乙', '丙'], right: [1] })
  })
})
