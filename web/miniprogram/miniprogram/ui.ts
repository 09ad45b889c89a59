// What several pages say and do alike.
import { config } from './config'
import { wordsOf } from './lib/api'

// look hands the brand's colours to a page's style.
export const look = `--brand:${config.color};--price:${config.price}`

export const toast = (title: string) => { void wx.showToast({ title, icon: 'none', duration: 2500 }) }
export const go = (url: string) => { void wx.navigateTo({ url }) }
export const ask = (title: string, content: string, confirmText = '确定') => new Promise<boolean>((done) => {
  wx.showModal({ title, content, confirmText, success: (r) => done(r.confirm), fail: () => done(false) })
})

interface Shown { setData(d: { loading?: boolean; error?: string; busy?: boolean }): void; data: object }

// load fetches what a page shows; where that fails the page says why, and offers to try again.
export async function load(page: Shown, fetch: () => Promise<void>): Promise<void> {
  try {
    await fetch()
    page.setData({ loading: false, error: '' })
  } catch (e) {
    page.setData({ loading: false, error: wordsOf(e) })
  }
}

// act does what a button says, one at a time; a refusal is told in the service's words.
export async function act(page: Shown, run: () => Promise<void>): Promise<void> {
  if ((page.data as { busy?: boolean }).busy) return
  page.setData({ busy: true })
  try {
    await run()
  } catch (e) {
    toast(wordsOf(e))
  } finally {
    page.setData({ busy: false })
  }
}

export type Tap = WechatMiniprogram.TouchEvent<WechatMiniprogram.IAnyObject, WechatMiniprogram.IAnyObject, WechatMiniprogram.IAnyObject>
export type Typed = WechatMiniprogram.Input | WechatMiniprogram.TextareaInput
