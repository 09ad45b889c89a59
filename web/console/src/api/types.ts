import type { components } from './schema'

// The service's own types under the names our pages use.
type S = components['schemas']
export type Article = S['ArticleBody']
export type ArticleWhole = S['ArticleWhole']
export type Course = S['CourseBody']
export type Order = S['OrderLine']
export type OrderProof = S['ProofBody']
export type Refund = S['RefundBody']
export type InboxItem = S['MoneyBody']
export type Operator = S['OperatorBody']
export type Job = S['JobBody']
export type Audit = S['AuditBody']
export type Funnel = S['House']
export type Live = S['LiveView']
export type Home = S['HomeOutBody']
