// The calls of the contract, until the service's own openapi.json replaces this file (npm run api).
interface Answer<T> { headers: Record<string, unknown>; content: { 'application/json': T } }
interface Failed { error: { code: string; message: string; fields?: { field: string; message: string }[] } }
type Body<B> = [B] extends [never] ? { requestBody?: never } : { requestBody: { content: { 'application/json': B } } }
type Op<R, B = never, Q = never, P = never, H = never> = Body<B> & {
  parameters: { query?: Q; path: P; header?: H; cookie?: never }
  responses: { 200: Answer<R>; default: Answer<Failed> }
}
type Free<R, B = never, Q = never> = Body<B> & {
  parameters: { query?: Q; header?: never; path?: never; cookie?: never }
  responses: { 200: Answer<R>; default: Answer<Failed> }
}
interface Id { id: number }
interface Page<T> { items: T[]; next_page_token: string }
interface PageQuery { page_size?: number; page_token?: string; q?: string; status?: string }

export interface components {
  schemas: {
    Session: { operator: { name: string; role: string }; csrf_token: string; rights: string[] }
    Course: {
      id: number; title: string; price: number; original_price?: number | null; intro?: string; cover?: string; category?: string
      status: string; lesson_count?: number; lessons?: components['schemas']['Lesson'][]; created_at?: string; updated_at?: string
    }
    Lesson: { id: number; title: string; kind: string; content?: string; media?: string; trial: boolean; seconds?: number }
    Rule: {
      id: number; name: string; kind: string; event_key?: string; keywords: { text: string; match: string }[]; priority: number
      active?: { days?: number[]; from?: string; to?: string; starts_at?: string; ends_at?: string } | null
      pick: string; messages: Record<string, unknown>[]; enabled: boolean
    }
    Article: {
      id: number; title: string; url?: string; digest?: string; author?: string; course_id?: number | null; course_title?: string; planned_at?: string | null
      status: string; published_at?: string | null; created_at?: string; updated_at?: string
    }
    ArticleBody: { title: string; url?: string; digest?: string; author?: string; course_id?: number; planned_at?: string }
    Kpi: { figures: Record<string, components['schemas']['Figure']> }
    Home: { todo: { key: string; title: string; count: number; link: string }[]; guards: { paid_without_grant: number; grant_without_reason: number } }
    Live: { as_of: string; counters: Record<string, number>; people_today?: number; recent: { id: string; at: string; type: string; text: string; article_id?: number; course_id?: number }[] }
    Funnel: { steps: { key: string; label: string; source: string; people: number | null; events?: number | null; amount?: number | null; rate?: number | null }[]; matures_at?: string | null; rule: string; as_of: string }
    OrderDetail: components['schemas']['Order'] & {
      payments?: { out_trade_no: string; via: string; status: string; trade_state?: string; transaction_id?: string; total?: number; created_at: string; paid_at?: string | null }[]
      refunds?: components['schemas']['Refund'][]
      grants?: { id: number; status: string; reason: string; created_at: string }[]
      history?: { at: string; thing: string; from: string; to: string; who: string; why: string }[]
      notices?: { source: string; outcome: string; times: number; first_at: string; last_at: string; out_trade_no?: string; out_refund_no?: string; raw: string }[]
    }
    Refund: { out_refund_no: string; amount: number; status: string; reason: string; created_at: string; asked_by?: string; refund_id?: string }
    InboxItem: { id: number; kind: string; what: string; todo: string; amount: number; out_trade_no?: string; out_refund_no?: string; state: string; via?: string; created_at: string; resolved_at?: string | null }
    Operator: { id: number; name: string; role: string; disabled: boolean; login_at: string | null; created_at: string }
    Check: { key: string; title: string; state: string; text: string; at?: string | null; fix?: string }
    Job: { id: number; kind: string; key: string; tries: number; last_error: string; run_at: string; status: string; created_at: string }
    Audit: { id: number; at: string; operator_name: string; action: string; object: string; object_id: string; before?: unknown; after?: unknown; reason?: string }
    Figure: { value: number | null; numerator?: number | null; denominator?: number | null; state: string; as_of: string; rule: string }
    Order: {
      out_trade_no: string; status: string; amount: number; refunded?: number; via: string; course_id: number; course_title?: string
      learner_id?: number; created_at: string; paid_at?: string | null; article_id?: number | null; channel?: string
    }
  }
}

export interface paths {
  '/console/v1/login': { post: Free<components['schemas']['Session'], { name: string; password: string }> }
  '/console/v1/logout': { post: Free<unknown> }
  '/console/v1/session': { get: Free<components['schemas']['Session']> }
  '/console/v1/menu/draft': { get: Free<{ buttons: unknown[]; conditional: unknown[] }>; put: Free<unknown, { buttons: unknown[]; conditional: unknown[] }> }
  '/console/v1/menu/publish': { post: Free<{ version: number }, { note: string }> }
  '/console/v1/menu/versions': { get: Free<Page<{ version: number; note: string; operator: string; created_at: string }>, never, PageQuery> }
  '/console/v1/menu/versions/{n}/restore': { post: Op<{ version: number }, never, never, { n: number }> }
  '/console/v1/replies': { get: Free<Page<components['schemas']['Rule']>, never, PageQuery>; post: Free<components['schemas']['Rule'], Omit<components['schemas']['Rule'], 'id'>> }
  '/console/v1/replies/{id}': { put: Op<components['schemas']['Rule'], Omit<components['schemas']['Rule'], 'id'>, never, Id>; delete: Op<unknown, never, never, Id> }
  '/console/v1/replies/publish': { post: Free<{ version: number }, { note: string }> }
  '/console/v1/replies/try': { post: Free<{ rule: components['schemas']['Rule'] | null; messages: Record<string, unknown>[]; quota?: unknown; why: string[] }, { text?: string; event?: string; event_key?: string; at?: string; openid?: string }> }
  '/console/v1/scene-codes': { get: Free<Page<{ id: number; scene: string; permanent: boolean; channel?: string; url?: string; created_at: string }>, never, PageQuery>; post: Free<{ id: number }, { scene: string; permanent: boolean; channel?: string }> }
  '/console/v1/links': { get: Free<Page<{ code: string; target: string; channel?: string; article_id?: number; clicks?: number }>, never, PageQuery>; post: Free<{ code: string }, { target: string; channel?: string; article_id?: number }> }
  '/console/v1/courses': { get: Free<Page<components['schemas']['Course']>, never, PageQuery>; post: Free<components['schemas']['Course'], { title: string; price: number; original_price?: number; intro?: string; cover?: string; category?: string }> }
  '/console/v1/courses/{id}': { get: Op<components['schemas']['Course'], never, never, Id>; put: Op<components['schemas']['Course'], { title: string; price: number; original_price?: number; intro?: string; cover?: string; category?: string }, never, Id> }
  '/console/v1/courses/{id}/publish': { post: Op<components['schemas']['Course'], never, never, Id> }
  '/console/v1/courses/{id}/unpublish': { post: Op<components['schemas']['Course'], never, never, Id> }
  '/console/v1/courses/{id}/lessons': { post: Op<components['schemas']['Lesson'], Omit<components['schemas']['Lesson'], 'id'>, never, Id> }
  '/console/v1/home': { get: Free<components['schemas']['Home']> }
  '/console/v1/live': { get: Free<components['schemas']['Live'], never, { article_id?: number; course_id?: number; since?: string }> }
  '/console/v1/funnel': { get: Free<components['schemas']['Funnel'], never, { from: string; to: string; article_id?: number; course_id?: number }> }
  '/console/v1/kpi': { get: Free<components['schemas']['Kpi'], never, { from: string; to: string }> }
  '/console/v1/articles': { get: Free<Page<components['schemas']['Article']>, never, PageQuery>; post: Free<components['schemas']['Article'], components['schemas']['ArticleBody']> }
  '/console/v1/articles/{id}': { get: Op<components['schemas']['Article'], never, never, Id>; put: Op<components['schemas']['Article'], components['schemas']['ArticleBody'], never, Id> }
  '/console/v1/articles/{id}/confirm': { post: Op<components['schemas']['Article'], never, never, Id> }
  '/console/v1/articles/{id}/publish': { post: Op<components['schemas']['Article'], never, never, Id> }
  '/console/v1/articles/{id}/kpi': { get: Op<components['schemas']['Kpi'], never, { from: string; to: string }, Id> }
  '/console/v1/courses/{id}/kpi': { get: Op<components['schemas']['Kpi'], never, { from: string; to: string }, Id> }
  '/console/v1/orders': { get: Free<Page<components['schemas']['Order']>, never, PageQuery> }
  '/console/v1/orders/{no}': { get: Op<components['schemas']['OrderDetail'], never, never, { no: string }> }
  '/console/v1/orders/{no}/ask': { post: Op<components['schemas']['OrderDetail'], never, never, { no: string }> }
  '/console/v1/orders/{no}/refunds': { post: Op<components['schemas']['Refund'], { amount: number; reason: string }, never, { no: string }, { 'Idempotency-Key': string }> }
  '/console/v1/refunds/{out_refund_no}/approve': { post: Op<components['schemas']['Refund'], never, never, { out_refund_no: string }> }
  '/console/v1/refunds/{out_refund_no}/refuse': { post: Op<components['schemas']['Refund'], { reason: string }, never, { out_refund_no: string }> }
  '/console/v1/money-inbox': { get: Free<Page<components['schemas']['InboxItem']>, never, PageQuery> }
  '/console/v1/settings': { get: Free<{ two_person: boolean; two_person_in_force: boolean }>; put: Free<{ two_person: boolean; two_person_in_force: boolean }, { two_person: boolean }> }
  '/console/v1/session/password': { post: Free<components['schemas']['Session'], { old_password: string; new_password: string }> }
  '/console/v1/operators': { get: Free<Page<components['schemas']['Operator']>>; post: Free<components['schemas']['Operator'], { name: string; password: string; role: string }> }
  '/console/v1/operators/{id}': { put: Op<components['schemas']['Operator'], { role?: string; password?: string; disabled?: boolean }, never, Id> }
  '/console/v1/connection': { get: Free<{ items: components['schemas']['Check'][] }> }
  '/console/v1/jobs': { get: Free<Page<components['schemas']['Job']>, never, PageQuery> }
  '/console/v1/jobs/{id}/retry': { post: Op<unknown, never, never, Id> }
  '/console/v1/audit': { get: Free<Page<components['schemas']['Audit']>, never, PageQuery> }
}
