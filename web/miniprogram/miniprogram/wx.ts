// WeChat as lib/ knows it. It takes wx as an argument, so that a test can hand it one made of fetch.
import type { JsapiPay, PayFault, Port, VirtualPay } from './lib/port'

const timeout = 15_000

function retryAfter(header: Record<string, string>): number {
  const name = Object.keys(header).find((k) => k.toLowerCase() === 'retry-after')
  return Number(name ? header[name] : 0) || 0
}

const fault = (e: { errMsg?: string; errCode?: number }): PayFault => ({ code: e.errCode ?? 0, text: (e.errMsg ?? '').replace(/^\w+:fail ?/, '') })

export const wxPort = (w: WechatMiniprogram.Wx): Port => ({
  ask: ({ method, url, header, body }) => new Promise((resolve, reject) => {
    w.request({ method, url, header, timeout, data: body as WechatMiniprogram.IAnyObject | undefined, fail: reject,
      success: (r) => resolve({ status: r.statusCode, body: r.data, retryAfter: retryAfter(r.header as Record<string, string>) }) })
  }),
  upload: ({ url, header, path }) => new Promise((resolve, reject) => {
    w.uploadFile({ url, header, filePath: path, name: 'file', timeout: 60_000, fail: reject,
      success: (r) => { let body: unknown = r.data; try { body = JSON.parse(r.data) } catch { /* no answer of the service's */ } resolve({ status: r.statusCode, body, retryAfter: 0 }) } })
  }),
  loginCode: () => new Promise((resolve, reject) => { w.login({ timeout, success: (r) => resolve(r.code), fail: reject }) }),
  platform: () => w.getDeviceInfo().platform,
  pay: (p: JsapiPay) => new Promise((resolve, reject) => {
    w.requestPayment({ ...p, signType: p.signType as 'RSA', success: () => resolve(), fail: (e) => reject(fault(e)) })
  }),
  payVirtual: (p: VirtualPay) => new Promise((resolve, reject) => {
    if (!w.canIUse('requestVirtualPayment')) { reject({ code: 0, text: '请升级微信后再购买' }); return }
    // signData is the very text the service signed. The typings say object; WeChat wants the string.
    w.requestVirtualPayment({ ...p, signData: p.signData as unknown as WechatMiniprogram.SignData, mode: p.mode as 'short_series_goods', success: () => resolve(), fail: (e) => reject(fault(e)) })
  }),
  // getStorageSync gives '' for what is not there.
  read: (key) => { const v: unknown = w.getStorageSync(key); return v === '' ? undefined : v },
  write: (key, value) => { if (value === undefined) w.removeStorageSync(key); else w.setStorageSync(key, value) },
})
