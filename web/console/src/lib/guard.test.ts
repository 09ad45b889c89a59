import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import { asked } from './confirm'
import { readDraft, useUnsaved, writeDraft } from './unsaved'

type Guard = ReturnType<typeof useUnsaved<{ title: string }>>
let guard: Guard
let model = ref({ title: '' })
const apps: { unmount: () => void }[] = []

function editor() {
  return defineComponent({
    setup() {
      model = ref({ title: '旧' })
      guard = useUnsaved(() => 'test', model)
      return () => h('p', 'editor')
    },
  })
}

async function open() {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/edit', component: editor() }, { path: '/list', component: { render: () => h('p', 'list') } }, { path: '/lost', component: () => Promise.reject(new Error('gone')) }],
  })
  await router.push('/edit')
  const app = mount({ render: () => h(RouterView) }, { global: { plugins: [router] } })
  apps.push(app)
  await flushPromises()
  guard.saved()
  return { router, app }
}

describe('unsaved work', () => {
  beforeEach(() => { localStorage.clear(); vi.useFakeTimers() })
  afterEach(() => {
    for (const a of apps.splice(0)) a.unmount()
    vi.useRealTimers()
    asked.value = null
  })

  it('lets go when nothing changed, asks when something did', async () => {
    const { router, app } = await open()
    await router.push('/list')
    expect(app.text()).toBe('list')
    await router.push('/edit')
    guard.saved()
    model.value.title = '新'
    await flushPromises()
    expect(guard.dirty.value).toBe(true)

    const going = router.push('/list')
    await flushPromises()
    expect(asked.value?.title).toContain('没有保存')
    asked.value!.answer(false)
    await going
    expect(app.text()).toBe('editor')

    const gone = router.push('/list')
    await flushPromises()
    asked.value!.answer(true)
    await gone
    await flushPromises()
    expect(app.text()).toBe('list')
    expect(readDraft('test')).toBeNull()
  })

  it('keeps a copy in the browser, offers it after a crash and drops it once saved', async () => {
    const first = await open()
    model.value.title = '写到一半'
    await flushPromises()
    vi.advanceTimersByTime(500)
    expect(readDraft<{ title: string }>('test')?.value.title).toBe('写到一半')

    first.app.unmount()
    apps.length = 0
    await open() // the page after the crash
    expect(guard.draft.value?.value.title).toBe('写到一半')
    guard.restore()
    await flushPromises()
    expect(model.value.title).toBe('写到一半')
    expect(guard.dirty.value).toBe(true)
    guard.saved()
    expect(guard.dirty.value).toBe(false)
    expect(readDraft('test')).toBeNull()
  })

  it('keeps all where the page one leaves for does not load', async () => {
    const { router, app } = await open()
    router.onError(() => {})
    model.value.title = '新'
    await flushPromises()
    vi.advanceTimersByTime(500)
    const going = router.push('/lost').catch(() => {})
    await flushPromises()
    asked.value!.answer(true)
    await going
    await flushPromises()
    expect(app.text()).toBe('editor')
    expect(guard.dirty.value).toBe(true)
    expect(readDraft<{ title: string }>('test')?.value.title).toBe('新')
  })

  it('does not overwrite a copy that is still on offer', async () => {
    writeDraft('test', { title: '上次的' })
    await open()
    model.value.title = '这次的'
    await flushPromises()
    vi.advanceTimersByTime(500)
    expect(readDraft<{ title: string }>('test')?.value.title).toBe('上次的')
    guard.discard()
    expect(readDraft('test')).toBeNull()
  })

  it('holds back reload and close while there is something to lose', async () => {
    await open()
    const calm = new Event('beforeunload', { cancelable: true })
    window.dispatchEvent(calm)
    expect(calm.defaultPrevented).toBe(false)
    model.value.title = '新'
    await flushPromises()
    const held = new Event('beforeunload', { cancelable: true })
    window.dispatchEvent(held)
    expect(held.defaultPrevented).toBe(true)
    expect(readDraft<{ title: string }>('test')?.value.title).toBe('新')
  })
})
