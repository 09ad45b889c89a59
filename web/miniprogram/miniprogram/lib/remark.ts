// Comments under a course: how one reads on the phone, and the key under which one is written.
import type { Remark } from './api'
import { when } from './format'
import { uuid7 } from './id'

export const most = 500

// stateWords tell its writer why others do not see a comment; '' for one they do see.
export function stateWords(r: Pick<Remark, 'state' | 'why'>): string {
  if (r.state === 'shown') return ''
  if (r.state === 'refused') return r.why ? `没有显示：${r.why}` : '没有显示'
  return r.state === 'checking' ? '正在检查，暂时只有您看得到' : '等待查看，暂时只有您看得到'
}

export const line = (r: Remark, now?: Date) => ({ id: r.id, content: r.content, mine: r.mine, pinned: r.pinned, state: stateWords(r), bad: r.state === 'refused', answer: r.answer ?? '', at: when(r.at, now) })

// Draft is a comment being written. The same words again, after no answer came, go under the same key: they are one.
export class Draft {
  private key = ''
  private sent = ''

  // fault says why the words cannot be sent; '' when they can.
  static fault(typed: string): string {
    const n = [...typed.trim()].length
    return n === 0 ? '请写点什么' : n > most ? `最多 ${most} 个字，现在有 ${n} 个` : ''
  }

  sending(typed: string): { key: string; content: string } {
    const content = typed.trim()
    if (content !== this.sent) {
      this.sent = content
      this.key = uuid7()
    }
    return { key: this.key, content }
  }

  // taken begins anew: the same words once more are another comment.
  taken(): void { this.sent = '' }
}
