// What menu and rules would change together, part by part; a part without changes is not shown.
export function changes(d: { menu: string[]; replies: string[] }): { title: string; words: string[] }[] {
  return [
    { title: `菜单 ${d.menu.length} 处`, words: d.menu },
    { title: `自动回复 ${d.replies.length} 处（欢迎语在内）`, words: d.replies },
  ].filter((p) => p.words.length)
}

export const stateText: Record<string, string> = { waiting: '等着', running: '正在发布', failed: '没有发布', done: '已发布' }

// kept says what became of the changes of a release that was taken back.
export const kept = (left: string[]): string =>
  left.length ? `已取消。${left.map((n) => `「${n}」`).join('、')}的草稿后来有人改过，留着后来的` : '已取消，改动回到了草稿里'
