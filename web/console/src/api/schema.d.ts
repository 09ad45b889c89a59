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
    ArticleBody: {
      id: number; title: string; url: string; digest: string; author: string; cover: string; course_id: number | null; column: string; planned_at: string | null
      goal: string; window_days: number; status: 'idea' | 'draft' | 'layout' | 'waiting' | 'confirmed' | 'published'; version: number
      created_by: string; updated_by: string; published_by: string; created_at: string; updated_at: string; published_at: string | null
    }
    ArticleWhole: components['schemas']['ArticleBody'] & { content: string; confirmations: { operator: string; version: number; comment: string; created_at: string }[]; confirmations_needed: number }
    ArticleInput: {
      title: string; url?: string; digest?: string; author?: string; cover?: string; content?: string; course_id?: number | null; column?: string; planned_at?: string | null
      goal?: string; window_days?: number; status?: 'idea' | 'draft' | 'layout' | 'waiting'; version?: number
    }
    ArticleStep: { version?: number; comment?: string }
    Kpi: { figures: Record<string, components['schemas']['Figure']> }
    Home: { todo: { key: string; title: string; count: number; link: string }[]; guards: { paid_without_grant: number; grant_without_reason: number } }
    Live: { as_of: string; counters: Record<string, number>; people_today?: number; recent: { id: string; at: string; type: string; text: string; article_id?: number; course_id?: number }[] }
    Funnel: { steps: { key: string; label: string; source: string; people: number | null; events?: number | null; amount?: number | null; rate?: number | null }[]; matures_at?: string | null; rule: string; as_of: string }
    ProofBody: components['schemas']['OrderLine'] & {
      list_price: number; agreement?: string; paid_by?: string; proof?: string; refundable: number
      payments: { out_trade_no: string; via: string; mchid?: string; product_id?: string; total: number; payer_total: number; status: string; trade_state?: string; transaction_id?: string; created_at: string; paid_at?: string }[]
      refunds: components['schemas']['RefundBody'][]
      grant?: { status: string; why: string; starts_at: string; ends_at?: string }
      inbox: components['schemas']['MoneyBody'][]
      changes: { thing: string; id: number; from: string; to: string; who: string; why: string; at: string }[]
      notices: { source: string; notice_id?: string; out_trade_no: string; out_refund_no?: string; outcome: string; times: number; first_at: string; last_at: string; raw: string }[]
    }
    RefundBody: {
      out_refund_no: string; out_trade_no: string; order_no?: string; title?: string; kind: string; via: string; amount: number; total: number; reason: string; status: string
      asked_by: string; proposed_by?: string; approved_by?: string; decided_why?: string; refund_id?: string; error?: string; created_at: string; sent_at?: string; succeeded_at?: string
    }
    MoneyBody: {
      id: number; kind: string; order_id?: number; via?: string; out_trade_no?: string; transaction_id?: string; out_refund_no?: string; amount: number; what: string; todo: string
      state: string; resolved_by?: string; resolved_why?: string; resolved_at?: string; created_at: string
    }
    Operator: { id: number; name: string; role: string; disabled: boolean; login_at: string | null; created_at: string }
    Check: { key: string; title: string; state: string; text: string; at?: string | null; fix?: string }
    Job: { id: number; kind: string; key: string; state: string; attempts: number; last_error: string; run_at: string; created_at: string; updated_at: string }
    Audit: { id: number; at: string; operator: string; action: string; object: string; object_id: string; before: string; after: string; reason: string }
    Figure: { value: number | null; numerator?: number | null; denominator?: number | null; state: string; as_of: string; rule: string }
    OrderLine: {
      out_trade_no: string; course_id: number; title: string; amount: number; refunded: number; status: string; via: string; platform: string; learner_id: number; learner: string
      article_id?: number; campaign_id?: number; channel?: string; created_at: string; expires_at: string; paid_at?: string; closed_at?: string
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
  '/console/v1/articles': { get: Free<Page<components['schemas']['ArticleBody']>, never, PageQuery>; post: Free<components['schemas']['ArticleWhole'], components['schemas']['ArticleInput']> }
  '/console/v1/articles/{id}': { get: Op<components['schemas']['ArticleWhole'], never, never, Id>; put: Op<components['schemas']['ArticleWhole'], components['schemas']['ArticleInput'], never, Id> }
  '/console/v1/articles/{id}/confirm': { post: Op<components['schemas']['ArticleWhole'], components['schemas']['ArticleStep'], never, Id> }
  '/console/v1/articles/{id}/return': { post: Op<components['schemas']['ArticleWhole'], components['schemas']['ArticleStep'], never, Id> }
  '/console/v1/articles/{id}/publish': { post: Op<components['schemas']['ArticleWhole'], components['schemas']['ArticleStep'], never, Id> }
  '/console/v1/articles/{id}/unpublish': { post: Op<components['schemas']['ArticleWhole'], components['schemas']['ArticleStep'], never, Id> }
  '/console/v1/articles/{id}/kpi': { get: Op<components['schemas']['Kpi'], never, { from: string; to: string }, Id> }
  '/console/v1/courses/{id}/kpi': { get: Op<components['schemas']['Kpi'], never, { from: string; to: string }, Id> }
  '/console/v1/orders': { get: Free<Page<components['schemas']['OrderLine']>, never, PageQuery & { via?: string; course_id?: number; from?: string; to?: string }> }
  '/console/v1/orders/{no}': { get: Op<components['schemas']['ProofBody'], never, never, { no: string }> }
  '/console/v1/orders/{no}/ask': { post: Op<components['schemas']['ProofBody'], never, never, { no: string }> }
  '/console/v1/orders/{no}/paid-by-hand': { post: Op<components['schemas']['ProofBody'], { reason: string; proof: string }, never, { no: string }> }
  '/console/v1/orders/{no}/refunds': { post: Op<components['schemas']['RefundBody'], { amount: number; reason: string }, never, { no: string }, { 'Idempotency-Key': string }> }
  '/console/v1/refunds': { get: Free<Page<components['schemas']['RefundBody']>, never, { status?: string; page_size?: number; page_token?: string }> }
  '/console/v1/refunds/{out_refund_no}/approve': { post: Op<components['schemas']['RefundBody'], { reason?: string }, never, { out_refund_no: string }> }
  '/console/v1/refunds/{out_refund_no}/refuse': { post: Op<components['schemas']['RefundBody'], { reason: string }, never, { out_refund_no: string }> }
  '/console/v1/money-inbox': { get: Free<Page<components['schemas']['MoneyBody']> & { open: number; paid_without_grant: number; grant_without_reason: number }, never, { state?: string; page_size?: number; page_token?: string }> }
  '/console/v1/money-inbox/{id}/resolve': { post: Op<components['schemas']['MoneyBody'], { reason: string }, never, Id> }
  '/console/v1/settings': { get: Free<{ two_person: boolean; two_person_in_force: boolean }>; put: Free<{ two_person: boolean; two_person_in_force: boolean }, { two_person: boolean }> }
  '/console/v1/session/password': { post: Free<components['schemas']['Session'], { old_password: string; new_password: string }> }
  '/console/v1/operators': { get: Free<Page<components['schemas']['Operator']>>; post: Free<components['schemas']['Operator'], { name: string; password: string; role: string }> }
  '/console/v1/operators/{id}': { put: Op<components['schemas']['Operator'], { role?: string; password?: string; disabled?: boolean }, never, Id> }
  '/console/v1/connection': { get: Free<{ items: components['schemas']['Check'][] }> }
  '/console/v1/jobs': { get: Free<Page<components['schemas']['Job']>, never, { state?: string; page_size?: number; page_token?: string }> }
  '/console/v1/jobs/{id}/retry': { post: Op<unknown, never, never, Id> }
  '/console/v1/audit': { get: Free<Page<components['schemas']['Audit']>, never, { operator?: string; action?: string; object?: string; object_id?: string; from?: string; to?: string; page_size?: number; page_token?: string }> }
}
