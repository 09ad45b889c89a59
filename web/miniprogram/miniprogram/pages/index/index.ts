// The list of courses, with search and categories.
import { config } from '../../config'
import { type Card, card } from '../../lib/format'
import { api, events, shelf } from '../../services'
import { load, look, type Tap, type Typed } from '../../ui'

Page({
  data: { look, slogan: config.slogan, loading: true, error: '', q: '', category: '', categories: [] as string[], items: [] as Card[], next: '' },
  seen: 0,

  onLoad() {
    wx.setNavigationBarTitle({ title: config.name })
    wx.setTabBarStyle({ selectedColor: config.color })
    this.seen = shelf.changed
    void this.reload()
  },
  onShow() { if (this.seen !== shelf.changed) void this.reload() },
  async onPullDownRefresh() {
    await this.reload()
    wx.stopPullDownRefresh()
  },
  onReachBottom() { if (this.data.next) void load(this, () => this.fetch(this.data.next)) },

  reload() {
    this.seen = shelf.changed
    return load(this, () => this.fetch(''))
  },
  async fetch(page_token: string) {
    const { q, category } = this.data
    const [r, all] = await Promise.all([api.courses({ q, category, page_token }), page_token ? null : api.categories()])
    if (q !== this.data.q || category !== this.data.category) return // asked for something else meanwhile
    const categories = all ? all.items.map((c) => c.name) : this.data.categories
    this.setData({ items: [...(page_token ? this.data.items : []), ...r.items.map(card)], next: r.next_page_token, categories })
    if (q && !page_token) events.track('search', { props: { q, results: r.items.length } })
  },
  search(e: Typed) {
    this.setData({ q: e.detail.value.trim().slice(0, 50) })
    void this.reload()
  },
  choose(e: Tap) {
    this.setData({ category: e.currentTarget.dataset.category as string })
    void this.reload()
  },
})
