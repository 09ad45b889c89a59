import type { components } from './schema'

// The service's own types under the names our pages use.
type S = components['schemas']
export type Article = S['Article']
export type Course = S['Course']
export type Order = S['Order']
export type OrderDetail = S['OrderDetail']
export type Refund = S['Refund']
export type InboxItem = S['InboxItem']
export type Operator = S['Operator']
export type Job = S['Job']
export type Audit = S['Audit']
export type Funnel = S['Funnel']
export type Live = S['Live']
export type Home = S['Home']
