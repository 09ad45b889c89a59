// What the Mini Program needs of WeChat and of the phone. Everything in lib/ speaks to this and to nothing global of
// WeChat's, so that it runs, and is tested, where there is no wx; wx.ts is the one that WeChat gets.
import type { components } from './schema'

export type Schemas = components['schemas']

export interface Ask {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  url: string
  header: Record<string, string>
  body?: unknown
}

export interface Answer {
  status: number
  body: unknown
  retryAfter: number // seconds the service asks to wait, 0 where it does not say
}

// JsapiPay and VirtualPay are what the service answers as `pay`; a phone passes them on as they are.
export interface JsapiPay { timeStamp: string; nonceStr: string; package: string; signType: string; paySign: string }
export interface VirtualPay { mode: string; signData: string; paySig: string; signature: string }

// PayFault is how WeChat's payment sheet ended when it did not end well.
export interface PayFault { code: number; text: string }

export interface Port {
  // ask sends one request; it rejects when no answer came.
  ask(a: Ask): Promise<Answer>
  // upload sends one file of the phone as the part `file` of a form; it rejects when no answer came.
  upload(a: { url: string; header: Record<string, string>; path: string }): Promise<Answer>
  // loginCode is wx.login: good for one call.
  loginCode(): Promise<string>
  platform(): string
  // pay and payVirtual open WeChat's sheet and reject with a PayFault. That they resolve proves nothing about money.
  pay(p: JsapiPay): Promise<void>
  payVirtual(p: VirtualPay): Promise<void>
  // read gives undefined for what was never written.
  read(key: string): unknown
  write(key: string, value: unknown): void
}

export const sleep = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms) })
