// The homework of a lesson: the task, handing in words and pictures, what the teacher says, good ones of others.
import { line, needs, Sheet } from '../../lib/homework'
import { when } from '../../lib/format'
import { api, events, shelf } from '../../services'
import { act, load, look, type Tap, toast, type Typed } from '../../ui'

Page({
  data: { look, loading: true, error: '', busy: false, title: '', task: '', needs: '', due: '', may: false, reason: '', text: '', pictures: [] as string[], room: 0, doing: '', last: null as ReturnType<typeof line> | null, good: [] as ReturnType<typeof line>[] },
  id: 0,
  sheet: undefined as Sheet | undefined,

  onLoad(q: Record<string, string | undefined>) {
    this.id = Number(q.id)
    void this.reload()
  },
  reload() { return load(this, () => this.fetch()) },
  async fetch() {
    const h = await api.homework(this.id)
    this.sheet = new Sheet(h)
    this.setData({ title: h.title, task: h.task, needs: needs(h), due: h.due_at ? `请在 ${when(h.due_at)} 前交` : '', may: h.actions.includes('hand_in'), reason: h.reason ?? '', last: h.last ? line(h.last) : null, good: h.featured.map((s) => line(s)), doing: '' })
    this.showSheet()
  },
  showSheet() {
    const s = this.sheet!
    this.setData({ text: s.text, pictures: s.pictures.map((p) => p.url), room: s.room })
  },
  typed(e: Typed) { this.sheet!.text = e.detail.value },
  choose() {
    return act(this, async () => {
      const s = this.sheet!
      const files = await new Promise<string[]>((done) => {
        wx.chooseMedia({ count: s.room, mediaType: ['image'], sizeType: ['compressed'], success: (r) => done(r.tempFiles.map((f) => f.tempFilePath)), fail: () => done([]) })
      })
      try {
        for (const [n, path] of files.slice(0, s.room).entries()) {
          this.setData({ doing: `正在上传第 ${n + 1} 张…` })
          s.pictures.push(await api.uploadHomework(this.id, path))
          this.showSheet()
        }
      } finally {
        this.setData({ doing: '' })
      }
    })
  },
  remove(e: Tap) {
    this.sheet!.pictures.splice(Number(e.currentTarget.dataset.n), 1)
    this.showSheet()
  },
  view(e: Tap) {
    const { url, all } = e.currentTarget.dataset as { url: string; all: string[] }
    wx.previewImage({ current: url, urls: all })
  },
  hand() {
    return act(this, async () => {
      const s = this.sheet!
      const fault = s.fault()
      if (fault) { toast(fault); return }
      const { key, body } = s.handing()
      await api.handHomework(this.id, body, key)
      events.track('exercise', { lesson_id: this.id })
      shelf.changed++
      toast('已提交，批改前可以重交')
      await this.fetch()
    })
  },
})
