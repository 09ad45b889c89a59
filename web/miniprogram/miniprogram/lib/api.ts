// The client of /mini/v1: it logs in when it has to, repeats what is safe to repeat, and turns a refusal into an
// ApiError with words for a person.
import { type Answer, type Ask, type Port, type Schemas, sleep } from './port'

export type Course = Schemas['CourseCard']
export type CoursePage = Schemas['MiniCourseOutBody']
export type Lesson = Schemas['MiniLessonOutBody']
export type MyCourse = Schemas['MiniMyCourse']
export type Certificate = Schemas['MiniCertificateBody']
export type Quiz = Schemas['QuizOutBody']
export type QuizResult = Schemas['QuizResult']
export type Homework = Schemas['HomeworkOutBody']
export type Submission = Schemas['SubmissionBody']
export type HomeworkPicture = Schemas['HomeworkPicture']
export type Remark = Schemas['MiniRemarkBody']
export type Remarks = Schemas['RemarksOutBody']
export type Signup = Schemas['MiniSignupOutBody']
export type Order = Schemas['OrderBody']
export type Wish = Schemas['MiniPlaceOrderRequest']
type Event = Schemas['EventBody']
export interface Page<T> { items: T[]; next_page_token: string }

export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly retryAfter = 0) {
    super(message)
    this.name = 'ApiError'
  }
}

// passing tells whether the same request may go well later: no answer came, or the service is busy or away.
export const passing = (e: unknown): boolean => !(e instanceof ApiError) || e.status === 0 || e.status === 429 || e.status >= 500 || e.code === 'in_progress'

export const wordsOf = (e: unknown): string => (e instanceof ApiError ? e.message : '出了点问题，请重试')

function refusal(a: Answer): ApiError {
  const e = (a.body as { error?: { code?: string; message?: string; fields?: { message: string }[] } } | null)?.error
  const more = e?.fields?.length ? `：${e.fields.map((f) => f.message).join('；')}` : ''
  return new ApiError(a.status, e?.code ?? '', e?.message ? e.message + more : '服务暂时不可用，请稍后再试', a.retryAfter)
}

interface Session { token: string; until: number; learner: number }
type Query = Record<string, string | number | undefined>
interface Extra { key?: string; query?: Query }

const text = (q: Query): string => {
  const parts = Object.entries(q).filter(([, v]) => v !== undefined && v !== '').map(([k, v]) => `${k}=${encodeURIComponent(String(v))}`)
  return parts.length ? `?${parts.join('&')}` : ''
}

export class Api {
  private session?: Session
  private entering?: Promise<Session>

  // pause is the first wait before a request is repeated, in ms; it doubles.
  constructor(private port: Port, private base: string, private pause = 500) {
    this.session = port.read('session') as Session | undefined
  }

  // learner is the number of who is logged in, 0 before the first login.
  get learner(): number { return this.session?.learner ?? 0 }

  // login gives a session other than the stale one: the one at hand, the one on its way, or a new one.
  private login(stale?: string): Promise<Session> {
    const s = this.session
    if (s && s.token !== stale && Date.now() < s.until) return Promise.resolve(s)
    this.entering ??= this.enter().finally(() => { this.entering = undefined })
    return this.entering
  }

  // relogin makes WeChat's session_key a fresh one at the service, which signs virtual payments with it.
  async relogin(): Promise<void> { await this.login(this.session?.token) }

  private async enter(): Promise<Session> {
    const a = await this.send({ method: 'POST', url: '/session', header: {}, body: { code: await this.port.loginCode(), platform: this.port.platform() } })
    const out = a.body as Schemas['SessionOutBody']
    const s = { token: out.token, until: Date.now() + (out.expires_in - 60) * 1000, learner: out.learner.id }
    this.session = s
    this.port.write('session', s)
    return s
  }

  private async send(a: Ask): Promise<Answer> {
    let answer: Answer
    try {
      answer = await this.port.ask({ ...a, url: `${this.base}/mini/v1${a.url}` })
    } catch {
      throw new ApiError(0, 'unreachable', '网络不给力，请稍后重试')
    }
    if (answer.status < 200 || answer.status > 299) throw refusal(answer)
    return answer
  }

  // repeat tries three times where that is safe. A purchase still running under the same key is waited for longer.
  private async repeat(safe: boolean, once: () => Promise<Answer>): Promise<Answer> {
    for (let n = 1, wait = this.pause; ; n++, wait *= 2) {
      try {
        return await once()
      } catch (e) {
        const running = e instanceof ApiError && e.code === 'in_progress'
        const away = e instanceof ApiError && [0, 502, 503, 504].includes(e.status)
        if (!safe || !(running ? n < 6 : away && n < 3)) throw e
        await sleep(Math.max(wait, Math.min(5000, (e as ApiError).retryAfter * 1000)))
      }
    }
  }

  // call asks a door. What only reads, what says a state, and what carries a key is repeated; nothing else is.
  private async call<T>(method: Ask['method'], path: string, body?: unknown, { key, query }: Extra = {}): Promise<T> {
    let token = ''
    const once = async (stale?: string) => {
      token = (await this.login(stale)).token
      return this.send({ method, url: path + text(query ?? {}), body, header: { Authorization: `Bearer ${token}`, ...(key ? { 'Idempotency-Key': key } : {}) } })
    }
    const a = await this.repeat(method === 'GET' || method === 'PUT' || key !== undefined, async () => {
      try {
        return await once()
      } catch (e) {
        if (!(e instanceof ApiError) || e.status !== 401) throw e
        return once(token)
      }
    })
    return a.body as T
  }

  courses = (query: { q?: string; category?: string; page_token?: string }) => this.call<Page<Course>>('GET', '/courses', undefined, { query })
  categories = () => this.call<Schemas['CategoriesOutBody']>('GET', '/categories')
  course = (id: number) => this.call<CoursePage>('GET', `/courses/${id}`)
  coupons = (course: number, code = '') => this.call<Schemas['CouponOffersOutBody']>('GET', `/courses/${course}/coupons`, undefined, { query: { code } })
  takeCertificate = (course: number, name: string) => this.call<Certificate>('POST', `/courses/${course}/certificate`, { name })
  myCourses = () => this.call<Page<MyCourse>>('GET', '/me/courses')
  lesson = (id: number) => this.call<Lesson>('GET', `/lessons/${id}`)
  quiz = (lesson: number) => this.call<Quiz>('GET', `/lessons/${lesson}/quiz`)
  handQuiz = (lesson: number, body: Schemas['MiniHandQuizRequest'], key: string) => this.call<Quiz>('POST', `/lessons/${lesson}/quiz`, body, { key })
  homework = (lesson: number) => this.call<Homework>('GET', `/lessons/${lesson}/homework`)
  handHomework = (lesson: number, body: { content: string; pictures: number[] }, key: string) => this.call<Submission>('POST', `/lessons/${lesson}/homework/submissions`, body, { key })
  // uploadHomework sends a picture; one that was sent and never answered for is forgotten by the service within a day.
  uploadHomework = async (lesson: number, path: string): Promise<HomeworkPicture> => {
    const send = async (stale?: string) => {
      const { token } = await this.login(stale)
      let answer: Answer
      try {
        answer = await this.port.upload({ url: `${this.base}/mini/v1/lessons/${lesson}/homework/pictures`, header: { Authorization: `Bearer ${token}` }, path })
      } catch {
        throw new ApiError(0, 'unreachable', '网络不给力，请稍后重试')
      }
      return { token, answer }
    }
    let sent = await send()
    if (sent.answer.status === 401) sent = await send(sent.token)
    if (sent.answer.status !== 201) throw refusal(sent.answer)
    return sent.answer.body as HomeworkPicture
  }
  remarks = (course: number, page_token = '') => this.call<Remarks>('GET', `/courses/${course}/remarks`, undefined, { query: { page_token } })
  writeRemark = (course: number, content: string, key: string) => this.call<Remark>('POST', `/courses/${course}/remarks`, { content }, { key })
  withdrawRemark = (id: number) => this.call<void>('DELETE', `/remarks/${id}`)
  signup = (campaign: number) => this.call<Signup>('GET', `/campaigns/${campaign}/signup`)
  signUp = (campaign: number, answers: { key: number; values: string[] }[]) => this.call<Signup>('PUT', `/campaigns/${campaign}/signup`, { answers })
  cancelSignup = (campaign: number) => this.call<Signup>('DELETE', `/campaigns/${campaign}/signup`)
  progress = (lesson: number, body: { position_seconds: number; finished: boolean }) => this.call<Schemas['ProgressOutBody']>('PUT', `/lessons/${lesson}/progress`, body)

  place = (wish: Wish, key: string) => this.call<Order>('POST', '/orders', wish, { key })
  orders = (page_token = '') => this.call<Page<Order>>('GET', '/orders', undefined, { query: { page_token } })
  order = (no: string) => this.call<Order>('GET', `/orders/${no}`)
  cancel = (no: string) => this.call<Order>('POST', `/orders/${no}/cancel`)
  refundOffer = (no: string) => this.call<Schemas['RefundOfferOutBody']>('GET', `/orders/${no}/refund-offer`)
  askRefund = (no: string, reason: string) => this.call<Schemas['RefundWish']>('POST', `/orders/${no}/refund-requests`, { reason })
  withdrawRefund = (no: string) => this.call<Schemas['RefundWish']>('DELETE', `/orders/${no}/refund-requests`)

  gift = (no: string) => this.call<Schemas['GiftOutBody']>('GET', `/orders/${no}/gift`)
  lookAtGift = (code: string) => this.call<Schemas['GiftSeenOutBody']>('POST', '/gifts/look', { code })
  openGift = (code: string) => this.call<Schemas['RedeemOutBody']>('POST', '/gifts/open', { code })
  redeem = (code: string) => this.call<Schemas['RedeemOutBody']>('POST', '/redeem', { code })

  me = () => this.call<Schemas['MeOutBody']>('GET', '/me')
  // keepPhone takes the code of the phone button: good once, and each number costs, so it is never sent again by itself.
  keepPhone = (code: string) => this.call<Schemas['MeOutBody']>('POST', '/me/phone', { code })

  events = (events: Event[]) => this.call<Schemas['Receipt']>('POST', '/events', { sent_at: new Date().toISOString(), events })

  // eraseMe has the service forget the learner; the next call makes a new one.
  async eraseMe(): Promise<void> {
    await this.call<void>('DELETE', '/me')
    this.session = undefined
    this.port.write('session', undefined)
  }
}
