import { ElMessage } from 'element-plus'
import { messageOf } from '@/api/client'

export const toast = {
  ok: (message: string) => ElMessage({ type: 'success', message, grouping: true }),
  bad: (e: unknown) => ElMessage({ type: 'error', message: typeof e === 'string' ? e : messageOf(e), grouping: true, duration: 6000, showClose: true }),
}
