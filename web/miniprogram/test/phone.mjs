// png is a picture of one pixel.
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

// A phone without WeChat's tools: a wx made of fetch, in the hands of one person of the fake WeChat, whose doors check
// login codes and the signatures of both payment sheets as WeChat does. Each phone has its own storage.
export class Phone {
  offline = false // no request leaves the phone
  lose = () => false // (method, path) whose answer never arrives, though the service gave one
  thumb = 'pay' // or 'cancel': what the person does with a payment sheet
  calls = [] // {method, path, header, sent, status, body}
  storage = new Map()
  toasts = []
  chosen = ['wxfile://tmp_1.png'] // what the person picks of their album

  constructor(product, person) {
    this.product = product
    this.person = person
    this.wx = this.make()
  }

  static async of(product, name, platform = 'android') {
    return new Phone(product, await fake(product, 'POST', '/phone/v1/people', { name, platform }))
  }

  count(method, path) { return this.calls.filter((c) => c.method === method && c.path === path).length }

  async request({ method = 'GET', url, header, data }) {
    if (this.offline) throw { errMsg: 'request:fail ' }
    const path = new URL(url).pathname.replace('/mini/v1', '')
    const r = await fetch(url, { method, headers: { ...header, ...(data === undefined ? {} : { 'Content-Type': 'application/json' }) }, body: data === undefined ? undefined : JSON.stringify(data) })
    const text = await r.text()
    let body = text
    try { body = JSON.parse(text) } catch { /* as wx.request does, the text itself */ }
    this.calls.push({ method, path, header, sent: data, status: r.status, body })
    if (this.lose(method, path)) throw { errMsg: 'request:fail timeout' }
    return { statusCode: r.status, header: Object.fromEntries(r.headers), data: body }
  }

  // upload sends the one picture there is on this phone.
  async upload({ url, header, name }) {
    if (this.offline) throw { errMsg: 'uploadFile:fail ' }
    const form = new FormData()
    form.append(name, new Blob([png], { type: 'image/png' }), 'tmp.png')
    const r = await fetch(url, { method: 'POST', headers: header, body: form })
    return { statusCode: r.status, data: await r.text() }
  }

  async sheet(name, door, pay) {
    let opened
    try {
      opened = await fake(this.product, 'POST', `/phone/v1/${door}`, { person: this.person.id, pay })
    } catch (e) {
      throw { errMsg: e.message, errCode: Number(/errCode (-?\d+)/.exec(e.message)?.[1] ?? 0) }
    }
    await fake(this.product, 'POST', `/phone/v1/sheets/${opened.sheet.id}/${this.thumb}`, {})
    if (this.thumb === 'cancel') throw { errMsg: `${name}:fail cancel`, errCode: name === 'requestPayment' ? 0 : -2 }
    return { errMsg: `${name}:ok` }
  }

  make() {
    const answers = (run) => ({ success, fail, ...o }) => { run(o).then((r) => success?.(r), (e) => fail?.(e)) }
    return {
      request: answers((o) => this.request(o)),
      uploadFile: answers((o) => this.upload(o)),
      chooseMedia: answers(async ({ count }) => ({ tempFiles: this.chosen.slice(0, count).map((tempFilePath) => ({ tempFilePath })) })),
      previewImage() {},
      login: answers(async () => {
        if (this.offline) throw { errMsg: 'login:fail' }
        return fake(this.product, 'POST', `/phone/v1/people/${this.person.id}/login-code`, {})
      }),
      requestPayment: answers((o) => this.sheet('requestPayment', 'jsapi-pay', o)),
      requestVirtualPayment: answers((o) => this.sheet('requestVirtualPayment', 'virtual-pay', o)),
      canIUse: () => true,
      getDeviceInfo: () => ({ platform: this.person.platform }),
      getStorageSync: (k) => (this.storage.has(k) ? JSON.parse(this.storage.get(k)) : ''),
      setStorageSync: (k, v) => { this.storage.set(k, JSON.stringify(v)) },
      removeStorageSync: (k) => { this.storage.delete(k) },
    }
  }
}

// fake asks the fake WeChat; a refusal is an error with its words.
export async function fake(product, method, path, body) {
  const r = await fetch(product.phone + path, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) })
  const out = await r.json()
  if (!r.ok) throw new Error(out.error)
  return out
}

// Desk is the operator, who decides about refunds.
export class Desk {
  static async login(product) {
    const d = new Desk()
    d.url = product.url + '/console/v1'
    const r = await fetch(d.url + '/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'boss', password: product.password }) })
    d.cookie = r.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ')
    d.csrf = (await r.json()).csrf_token
    return d
  }

  async call(method, path, body) {
    const r = await fetch(this.url + path, { method, headers: { Cookie: this.cookie, 'X-CSRF-Token': this.csrf, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) })
    const text = await r.text()
    if (!r.ok) throw new Error(`${method} ${path}: ${r.status} ${text}`)
    try { return JSON.parse(text) } catch { return text }
  }
}
