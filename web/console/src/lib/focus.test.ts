import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keepFocus, rescueFocus } from './focus'

const tick = () => new Promise((done) => setTimeout(done, 0))
let stop: () => void

describe('the keyboard’s place', () => {
  beforeEach(() => {
    document.body.innerHTML = '<main tabindex="-1"><button id="save">保存</button><input id="other"></main>'
    stop = keepFocus()
  })
  afterEach(() => { stop(); document.body.innerHTML = '' })
  const save = () => document.querySelector<HTMLButtonElement>('#save')!

  // A browser takes the focus from a button that is disabled; so does this.
  async function act(during?: () => void): Promise<void> {
    save().focus()
    save().setAttribute('disabled', '')
    await tick()
    save().blur()
    during?.()
    save().removeAttribute('disabled')
    await tick()
  }

  it('comes back to a button that was disabled while it acted', async () => {
    await act()
    expect(document.activeElement).toBe(save())
  })
  it('stays where the person went meanwhile', async () => {
    const other = document.querySelector<HTMLInputElement>('#other')!
    await act(() => other.focus())
    expect(document.activeElement).toBe(other)
  })
  it('comes back after a dialog that came between', async () => {
    await act(() => {
      document.body.insertAdjacentHTML('beforeend', '<div class="el-overlay"><input id="password"></div>')
      document.querySelector<HTMLInputElement>('#password')!.focus()
      document.querySelector('.el-overlay')!.remove()
      ;(document.activeElement as HTMLElement | null)?.blur()
    })
    expect(document.activeElement).toBe(save())
  })
  it('goes from a dialog’s frame to its first field', async () => {
    document.body.insertAdjacentHTML('beforeend', '<div class="el-overlay"><div class="el-dialog" tabindex="-1"><input type="hidden"><input id="amount"></div></div>')
    document.querySelector<HTMLElement>('.el-dialog')!.focus()
    expect(document.activeElement?.id).toBe('amount')
  })
  it('is put on the content when it stands nowhere', () => {
    rescueFocus()
    expect(document.activeElement?.tagName).toBe('MAIN')
  })
})
