// How far a learner got in a lesson: told to the service as progress, which never goes back, and as events, which say
// how long was played. What could not be told is kept on the phone and told later.
import { type Api, type Lesson, passing } from './api'
import type { Events } from './events'
import type { Port } from './port'

interface Point { position_seconds: number; finished: boolean }
type Kept = Record<string, Point>

// Progress takes points to the service. The farther point stays the one kept.
export class Progress {
  constructor(private port: Port, private api: Api) {}

  private get kept(): Kept { return (this.port.read('progress') as Kept | undefined) ?? {} }

  // finished tells it also of a lesson whose end the service has not heard of yet.
  finished(l: Lesson): boolean { return l.finished || !!this.kept[l.id]?.finished }

  // from is where the lesson goes on: at the start again once it is finished.
  from(l: Lesson): number {
    return this.finished(l) ? 0 : Math.max(l.position_seconds, this.kept[l.id]?.position_seconds ?? 0)
  }

  async report(lesson: number, p: Point): Promise<void> {
    const old = this.kept[lesson]
    const far = { position_seconds: Math.max(p.position_seconds, old?.position_seconds ?? 0), finished: p.finished || !!old?.finished }
    this.port.write('progress', { ...this.kept, [lesson]: far })
    await this.tell(lesson, far)
  }

  // sync tells what an earlier try could not.
  async sync(): Promise<void> {
    for (const [lesson, p] of Object.entries(this.kept)) await this.tell(Number(lesson), p)
  }

  forget(): void { this.port.write('progress', {}) }

  private async tell(lesson: number, p: Point): Promise<void> {
    try {
      await this.api.progress(lesson, p)
    } catch (e) {
      if (passing(e)) return
    }
    const rest = this.kept
    const now = rest[lesson]
    if (now && (now.position_seconds > p.position_seconds || (now.finished && !p.finished))) return // told farther meanwhile
    delete rest[lesson]
    this.port.write('progress', rest)
  }
}

const every = 15 // seconds of play between two reports
const jump = 5 // a longer step of the clock is a seek, or a phone that slept

const fastest = 2 // times as fast as the clock, at most, a lesson is played

// Study is one sitting with one lesson.
export class Study {
  position: number
  finished: boolean
  farthest: number // where nothing may be skipped: how far it was played
  private played = 0
  private told: string
  private heard = 0 // when the player was last heard of while it plays; 0: it does not

  constructor(readonly lesson: Lesson, private events: Events, private progress: Progress) {
    this.position = progress.from(lesson)
    this.farthest = this.position
    this.finished = progress.finished(lesson)
    this.told = this.point()
  }

  // begin says that it is opened or played.
  begin(): void {
    this.heard = Date.now()
    this.event()
  }

  // allowed is where a finger that wants to go to position may let go: what was not played yet is not skipped where the course
  // says so, until the lesson is finished.
  allowed(position: number): number {
    return this.lesson.no_forward && !this.finished ? Math.min(position, this.farthest) : position
  }

  // skipped tells that the player stands further than may be, by more than it can have played since it was last heard of: a
  // locked phone plays on and says nothing.
  skipped(position: number): boolean {
    const unheard = this.heard ? Math.max(0, Date.now() - this.heard) / 1000 : 0 // a clock may be put back
    return position - this.allowed(position) >= jump + fastest * unheard
  }

  // at takes the player's position, or for a text the seconds read so far; only what ran without a jump counts.
  at(position: number): void {
    if (this.heard) this.heard = Date.now()
    const step = position - this.position
    this.position = position
    this.farthest = Math.max(this.farthest, position)
    if (step > 0 && step < jump) this.played += step
    if (this.played >= every) this.tell()
  }

  // pause is also for leaving the page.
  pause(): void {
    this.heard = 0
    this.tell()
  }

  finish(): void {
    this.finished = true
    this.tell()
  }

  // far is what is told: where nothing may be skipped, going back to look again must not cost what was played.
  private get far(): number { return this.lesson.no_forward ? this.farthest : this.position }

  private point(): string { return `${Math.floor(this.far)} ${this.finished}` }

  private event(seconds?: number): void {
    this.events.track(this.lesson.owned ? 'lesson_play' : 'trial_play', { lesson_id: this.lesson.id, course_id: this.lesson.course_id, seconds })
  }

  private tell(): void {
    const seconds = Math.floor(this.played)
    if (seconds > 0) this.event(seconds)
    this.played -= seconds
    if (!this.lesson.owned || this.point() === this.told) return // a trial has no progress
    this.told = this.point()
    void this.progress.report(this.lesson.id, { position_seconds: Math.floor(this.far), finished: this.finished })
  }
}
