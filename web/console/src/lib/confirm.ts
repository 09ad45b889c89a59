import { nextTick, shallowRef } from 'vue'
import { rescueFocus } from './focus'

export interface Question {
  title: string
  text?: string
  // object names the very thing and number that is about to change: "订单 L2026… 退款 ¥199.00".
  object?: string
  yes?: string
  no?: string
  danger?: boolean
  // type: what the operator must type before the button works.
  type?: string
  // act runs while the dialog stays open and the button is held, so that a double click acts once; when
  // it throws, its message is shown in the dialog and nothing closes.
  act?: () => Promise<unknown>
}

interface Asked extends Question { answer: (yes: boolean) => void }

// asked is the question on the screen; components/ConfirmHost.vue shows it.
export const asked = shallowRef<Asked | null>(null)

export function confirm(q: Question): Promise<boolean> {
  asked.value?.answer(false)
  return new Promise((resolve) => {
    asked.value = { ...q, answer: (yes) => { asked.value = null; resolve(yes); void nextTick(rescueFocus) } }
  })
}

// confirmDanger is confirm in red, for what cannot be taken back.
export const confirmDanger = (q: Question & { object: string }) => confirm({ danger: true, ...q })
