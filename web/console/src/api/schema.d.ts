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
    Session: { operator: { name: string; role: string }; csrf_token: string }
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
      id: number; title: string; url?: string; digest?: string; author?: string; course_id?: number | null; planned_at?: string | null
      status: string; published_at?: string | null; created_at?: string; updated_at?: string
    }
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
}
