// A lesson: text to read, sound or film to play, a file to open. It goes on where it was left.
import { config } from '../../config'
import { mmss, rich } from '../../lib/format'
import type { Study } from '../../lib/study'
import { api, study } from '../../services'
import { act, load, look, toast } from '../../ui'

// place is the n-th place of the number over a film, all of them inside it.
const place = (n: number) => `left: ${5 + (n * 37) % 60}%; top: ${8 + (n * 53) % 76}%`

Page({
  data: { look, color: config.color, loading: true, error: '', busy: false, id: 0, course: 0, kind: '', title: '', content: '', media: '', seconds: 0, owned: false, finished: false, quiz: false, homework: false, held: false, from: 0, position: 0, clock: '00:00', length: '', playing: false, watermark: '', place: '', noForward: false },
  id: 0,
  study: undefined as Study | undefined,
  audio: undefined as WechatMiniprogram.InnerAudioContext | undefined,
  timer: 0,
  moves: 0,

  onLoad(q: Record<string, string | undefined>) {
    this.id = Number(q.id)
    void this.reload()
  },
  // A text is read while it is on the screen; sound stops when the page does.
  onShow() {
    this.read()
    if ((this.data.quiz || this.data.held) && !this.data.finished) void api.lesson(this.id).then((l) => this.setData({ finished: l.finished }), () => {}) // back from the quiz or the homework
  },
  onHide() { this.rest() },
  onUnload() {
    this.rest()
    this.audio?.destroy()
  },
  reload() { return load(this, () => this.fetch()) },
  async fetch() {
    const l = await api.lesson(this.id)
    const s = study(l)
    this.study = s
    this.setData({ id: l.id, course: l.course_id, kind: l.kind, title: l.title, content: rich(l.content), media: l.media, seconds: l.seconds, owned: l.owned, finished: l.finished, quiz: l.quiz, homework: l.homework && l.owned, held: l.homework_counts, watermark: l.watermark, place: place(0), noForward: l.no_forward, from: s.position, position: s.position, clock: mmss(s.position), length: l.seconds ? mmss(l.seconds) : '' })
    wx.setNavigationBarTitle({ title: l.title })
    if (l.kind === 'audio' && l.media) this.sound(l.media, s.position)
    if (l.kind === 'text' || l.kind === 'file') s.begin()
    this.read()
  },
  read() {
    if (!['text', 'file'].includes(this.data.kind) || this.timer) return
    this.timer = setInterval(() => this.study?.at(this.study.position + 1), 1000)
  },
  rest() {
    clearInterval(this.timer)
    this.timer = 0
    this.audio?.pause()
    this.study?.pause()
  },
  // The player says that it came to the end, also when a finger dragged it there.
  ended() {
    const end = this.data.seconds
    if (end && this.study?.skipped(end)) {
      this.back(end)
      return
    }
    this.finish()
  },
  finish() {
    if (this.data.quiz || this.data.held) return // passing the quiz, or the homework, is what finishes it
    this.study?.finish()
    this.setData({ finished: true })
  },

  // The film's own events; the sound's arrive here too.
  played() {
    this.study?.begin()
    this.setData({ playing: true })
  },
  paused() {
    this.study?.pause()
    this.setData({ playing: false })
  },
  moved(e: { detail: { currentTime: number } }) {
    const t = e.detail.currentTime
    if (this.study?.skipped(t)) {
      this.back(t)
      return
    }
    this.study?.at(t)
    this.drift(t)
    if (this.data.kind === 'audio' && Math.floor(t) !== this.data.position) this.setData({ position: Math.floor(t), clock: mmss(t) })
  },
  broken() { this.setData({ error: '播放失败，请重试' }) }, // an address is good for some hours; trying again gets a new one

  sound(src: string, from: number) {
    this.audio?.destroy()
    const a = wx.createInnerAudioContext()
    this.audio = a
    a.src = src
    a.startTime = from
    a.onPlay(() => this.played())
    a.onPause(() => this.paused())
    a.onTimeUpdate(() => this.moved({ detail: { currentTime: a.currentTime } }))
    a.onEnded(() => {
      this.paused()
      this.ended()
    })
    a.onError(() => this.broken())
  },
  toggle() {
    if (this.data.playing) this.audio?.pause()
    else this.audio?.play()
  },
  seek(e: { detail: { value: number } }) {
    const to = this.study?.allowed(e.detail.value) ?? e.detail.value
    if (to < e.detail.value) {
      toast('没听过的部分不能跳过')
      this.setData({ position: Math.floor(to) })
    }
    this.go(to)
  },
  back(from: number) {
    this.go(this.study?.allowed(from) ?? from)
    toast('没看过的部分不能跳过')
  },
  go(to: number) {
    if (this.data.kind === 'audio') this.audio?.seek(to)
    else wx.createVideoContext('film').seek(to)
  },
  // The number does not stay where a cover could be laid over it.
  drift(t: number) {
    const n = Math.floor(t / 10)
    if (!this.data.watermark || n === this.moves) return
    this.moves = n
    this.setData({ place: place(n) })
  },

  file() {
    return act(this, async () => {
      wx.showLoading({ title: '正在打开' })
      try {
        const { tempFilePath } = await new Promise<WechatMiniprogram.DownloadFileSuccessCallbackResult>((success, fail) => { wx.downloadFile({ url: this.data.media, success, fail }) })
        await wx.openDocument({ filePath: tempFilePath, showMenu: true })
      } catch {
        toast('打不开这份资料，请重试')
      } finally {
        wx.hideLoading()
      }
    })
  },
  toHomework() { wx.navigateTo({ url: `/pages/homework/index?id=${this.id}` }) },
  toQuiz() { wx.navigateTo({ url: `/pages/quiz/index?id=${this.id}` }) },
  wholeCourse() { wx.redirectTo({ url: `/pages/course/index?id=${this.data.course}` }) },
})
