// The certificate of a finished course: taking it in a name, and the address that proves it.
import type { Certificate } from '../../lib/api'
import { serialWords, when } from '../../lib/format'
import { api, shelf } from '../../services'
import { act, ask, load, look, toast, type Typed } from '../../ui'

const shown = (c: Certificate) => ({ title: c.course_title, name: c.name, lessons: c.lessons, serial: serialWords(c.serial), url: c.url, at: when(c.issued_at), withdrawn: c.withdrawn })

Page({
  data: { look, loading: true, error: '', busy: false, open: false, title: '', name: '', certificate: null as ReturnType<typeof shown> | null },
  id: 0,

  onLoad(q: Record<string, string | undefined>) {
    this.id = Number(q.id)
    void this.reload()
  },
  reload() {
    return load(this, async () => {
      const c = await api.course(this.id)
      this.setData({ title: c.title, open: c.actions.includes('certificate'), certificate: c.certificate ? shown(c.certificate) : null })
    })
  },
  typed(e: Typed) { this.setData({ name: e.detail.value }) },
  take() {
    return act(this, async () => {
      const name = this.data.name.trim()
      if (!name) { toast('请写证书上的姓名'); return }
      if (!(await ask('领取证书', `证书上的姓名是「${name}」，领了以后不能改。有证书链接的人都能看到它。`, '领取'))) return
      const c = await api.takeCertificate(this.id, name)
      shelf.changed++
      this.setData({ open: false, certificate: shown(c) })
      toast('已领取')
    })
  },
  copy() { wx.setClipboardData({ data: this.data.certificate!.url }) },
})
