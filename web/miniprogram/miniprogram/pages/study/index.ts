// What one owns, with how far one got.
import type { MyCourse } from '../../lib/api'
import { card } from '../../lib/format'
import { api } from '../../services'
import { load, look } from '../../ui'

const mine = (c: MyCourse) => ({ ...card(c), percent: Math.round(c.progress * 100), done: `学完 ${c.finished_lessons} 节，${Math.round(c.progress * 100)}%` })

Page({
  data: { look, loading: true, error: '', items: [] as ReturnType<typeof mine>[] },
  onShow() { void this.reload() },
  async onPullDownRefresh() {
    await this.reload()
    wx.stopPullDownRefresh()
  },
  reload() { return load(this, async () => this.setData({ items: (await api.myCourses()).items.map(mine) })) },
})
