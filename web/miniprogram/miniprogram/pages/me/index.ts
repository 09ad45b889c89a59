// Me: how I like to be seen on this phone, my orders, codes, and being forgotten.
import { api, eraseMe, profile, shelf } from '../../services'
import { act, ask, go, look, toast, type Typed } from '../../ui'

Page({
  data: { look, busy: false, learner: 0, ...profile.read(), code: '', gift: '', phone: '' },
  onShow() {
    this.setData({ learner: api.learner, ...profile.read() })
    // The page is whole without the number: what could not be asked is asked the next time.
    return api.me().then((me) => { this.setData({ learner: me.learner_id, phone: me.phone }) }, () => undefined)
  },

  avatar(e: { detail: { avatarUrl: string } }) {
    const avatar = wx.getFileSystemManager().saveFileSync(e.detail.avatarUrl) // what WeChat hands over is gone tomorrow
    profile.write({ ...profile.read(), avatar })
    this.setData({ avatar })
  },
  named(e: Typed) {
    profile.write({ ...profile.read(), name: e.detail.value.trim() })
    this.setData({ name: e.detail.value.trim() })
  },
  typed(e: Typed) { this.setData({ [e.currentTarget.dataset.field as 'code' | 'gift']: e.detail.value.trim() }) },

  redeem() {
    return act(this, async () => {
      if (!this.data.code) { toast('请填写兑换码'); return }
      const r = await api.redeem(this.data.code)
      shelf.changed++
      this.setData({ code: '' })
      toast(r.again ? `《${r.title}》已经兑换过了` : `已兑换《${r.title}》`)
      go(`/pages/course/index?id=${r.course_id}`)
    })
  },
  // code is absent when the person said no.
  phoned(e: { detail: { code?: string } }) {
    const code = e.detail.code
    if (!code) return undefined
    return act(this, async () => {
      const me = await api.keepPhone(code)
      this.setData({ phone: me.phone })
      toast('手机号已保存')
    })
  },
  seeGift() {
    if (this.data.gift) go(`/pages/gift/index?gift=${encodeURIComponent(this.data.gift)}`)
    else toast('请填写礼物码')
  },
  erase() {
    return act(this, async () => {
      if (!(await ask('注销并清除个人信息？', '课程、学习进度和订单都不再属于你，无法恢复。有未结束的订单或退款时不能注销。', '注销'))) return
      await eraseMe()
      this.setData({ learner: 0, phone: '', ...profile.read() })
      toast('已注销')
    })
  },
})
