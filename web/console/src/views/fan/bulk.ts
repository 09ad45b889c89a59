// What a bulk does, in words.
export const bulkTitle = (b: { blocks: boolean; on: boolean; tag: string; undoes: number }): string =>
  (b.undoes ? '撤销：' : '') + (b.blocks ? (b.on ? '批量拉黑' : '批量移出黑名单') : `批量${b.on ? '加' : '去'}标签「${b.tag}」`)

// skipReason is why a bulk passed fans over.
export const skipReason = (b: { blocks: boolean }): string => (b.blocks ? '微信不让' : '已有 20 个标签，或微信不让')

// blockText says what blocking does, and what it costs of WeChat's day: 20 fans a call.
export const blockText = (on: boolean, many: number): string =>
  `${on ? '拉黑之后，他们发的消息公众号收不到，也收不到公众号的群发。' : '移出之后可以正常收发消息。'}要调微信接口约 ${Math.ceil(many / 20).toLocaleString('en-US')} 次（每次 20 位）。`

// share is how far it is, in per cent.
export const share = (b: { seen: number; total: number }): number => (b.total ? Math.min(100, Math.floor((b.seen / b.total) * 100)) : 0)
