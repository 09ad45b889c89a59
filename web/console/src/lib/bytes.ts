const encoder = new TextEncoder()

// utf8Bytes counts as WeChat does where a limit is in bytes: 学会写作 is 12.
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length
}

// cutBytes keeps as many whole characters as fit into limit bytes.
export function cutBytes(text: string, limit: number): string {
  let used = 0
  let kept = ''
  for (const ch of text) {
    used += utf8Bytes(ch)
    if (used > limit) break
    kept += ch
  }
  return kept
}
