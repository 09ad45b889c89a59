// How credit for an order is shared among what led to it, and how far back is looked: the same words wherever asked.
export const models = { last: '末次触点', first: '首次触点', linear: '各触点均分', position: '首末各四成', decay: '越近越多' }
export const lookbacks = ['1', '7', '30', '90', '180']
