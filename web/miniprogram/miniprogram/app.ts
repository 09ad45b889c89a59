import { events, progress, visits } from './services'

App({
  onShow(o: WechatMiniprogram.App.LaunchShowOption) {
    const v = visits.show({ path: o.path, scene: o.scene, query: o.query as Record<string, string> })
    if (v) {
      events.track('mp_open', { ...v })
      if (v.campaign_id) events.track('campaign_seen', { campaign_id: v.campaign_id, channel: v.channel })
    }
    void progress.sync()
    void events.flush()
  },
  onHide() {
    visits.hide()
    void events.flush()
  },
  // A menu or a card may still lead to a page of an earlier release.
  onPageNotFound({ path, query }: WechatMiniprogram.App.PageNotFoundOption) {
    const id = Number((query as Record<string, string>).id)
    if (/course/.test(path) && id > 0) wx.redirectTo({ url: `/pages/course/index?id=${id}` })
    else wx.switchTab({ url: '/pages/index/index' })
  },
})
