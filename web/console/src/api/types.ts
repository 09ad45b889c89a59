import type { components } from './schema'

// The service's own types under the names our pages use.
type S = components['schemas']
export type Article = S['ArticleBody']
export type ArticleWhole = S['ArticleWhole']
export type Course = S['Course']
export type Order = S['OrderLine']
export type OrderProof = S['ProofBody']
export type Refund = S['RefundBody']
export type InboxItem = S['MoneyBody']
export type Operator = S['Operator']
export type Job = S['Job']
export type Audit = S['Audit']
export type Funnel = S['Funnel']
export type Live = S['Live']
export type Home = S['Home']
