// The quiz of a lesson: answering it, and what came of it. Passing it is what finishes the lesson.
import type { Quiz } from '../../lib/api'
import { resultRows, Sheet, triesWords } from '../../lib/quiz'
import { api, events, shelf } from '../../services'
import { act, load, look, type Tap, toast } from '../../ui'

Page({
  data: { look, loading: true, error: '', busy: false, line: '', rows: [] as ReturnType<Sheet['rows']>, answering: false, score: '', passed: false, again: false, results: [] as ReturnType<typeof resultRows> },
  id: 0,
  sheet: undefined as Sheet | undefined,

  onLoad(q: Record<string, string | undefined>) {
    this.id = Number(q.id)
    void this.reload()
  },
  reload() {
    return load(this, async () => {
      const quiz = await api.quiz(this.id)
      this.show(quiz, !quiz.last)
    })
  },
  // show is the questions, or what came of the last try.
  show(quiz: Quiz, answering: boolean) {
    this.sheet = new Sheet(quiz)
    const r = quiz.last
    this.setData({
      line: `${quiz.questions.length} 道题，满分 ${quiz.total} 分，${quiz.pass} 分及格，${triesWords(quiz)}`, answering, rows: this.sheet.rows(),
      score: r ? `${r.points} 分${r.passed ? '，及格了' : '，没有及格'}` : '', passed: quiz.passed, again: quiz.left !== 0, results: r ? resultRows(r) : [],
    })
  },
  pick(e: Tap) {
    this.sheet!.pick(Number(e.currentTarget.dataset.question), Number(e.currentTarget.dataset.option))
    this.setData({ rows: this.sheet!.rows() })
  },
  hand() {
    return act(this, async () => {
      const sheet = this.sheet!
      if (sheet.open >= 0) { toast(`第 ${sheet.open + 1} 题还没有答`); return }
      const { key, body } = sheet.handing()
      const quiz = await api.handQuiz(this.id, body, key)
      events.track('exercise', { lesson_id: this.id })
      shelf.changed++
      this.show(quiz, false)
      toast(quiz.last!.passed ? '及格了，这一课学完了' : '没有及格')
    })
  },
  retry() { void this.reload().then(() => { if (!this.data.error) this.setData({ answering: true }) }) },
})
