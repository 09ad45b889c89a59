// Events on their way to the service: kept in the phone's storage until it has them, sent in batches. Each has an id
// made here, so that sending one again counts once.
import { type Api, ApiError, passing } from './api'
import { uuid7 } from './id'
import type { Port, Schemas } from './port'

export type Event = Schemas['EventBody']
type Fields = Omit<Event, 'id' | 'type' | 'occurred_at'>

const batch = 50 // the most the door takes
const most = 1000 // a phone that is long offline keeps the latest

export class Events {
  private list: Event[]
  private timer = 0
  private sending?: Promise<void>
  private fails = 0

  // wait is how long events gather before they are sent, in ms.
  constructor(private port: Port, private api: Api, private wait = 3000) {
    this.list = (port.read('events') as Event[] | undefined) ?? []
  }

  get waiting(): number { return this.list.length }

  track(type: Event['type'], fields: Fields = {}): void {
    const e: Event = { id: uuid7(), type, occurred_at: new Date().toISOString() }
    this.keep([...this.list, Object.assign(e, JSON.parse(JSON.stringify(fields)))].slice(-most))
    this.later(this.wait)
  }

  // flush sends what there is and resolves when that went well or has to wait; it never rejects.
  flush(): Promise<void> {
    this.sending ??= this.send().finally(() => { this.sending = undefined })
    return this.sending
  }

  // forget drops what was not sent: the person it is about wants to be forgotten.
  forget(): void {
    clearTimeout(this.timer)
    this.keep([])
  }

  private async send(): Promise<void> {
    clearTimeout(this.timer)
    while (this.list.length) {
      const part = this.list.slice(0, batch)
      try {
        await this.api.events(part)
        this.fails = 0
      } catch (e) {
        // A refusal will not be cured by asking again; all else waits, each time twice as long.
        if (passing(e) || (e as ApiError).status === 401) {
          this.later(Math.max(Math.min(60_000, this.wait * 2 ** ++this.fails), e instanceof ApiError ? e.retryAfter * 1000 : 0))
          return
        }
      }
      const sent = new Set(part.map((e) => e.id))
      this.keep(this.list.filter((e) => !sent.has(e.id)))
    }
  }

  private keep(list: Event[]): void {
    this.list = list
    this.port.write('events', list)
  }

  private later(ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => { void this.flush() }, ms)
  }
}
