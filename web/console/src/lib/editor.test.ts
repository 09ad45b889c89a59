import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import { ApiError } from '@/api/client'
import { useEditor } from './editor'

interface Thing { title: string; version: number; updated_by: string; updated_at: string }
let server: Thing
let sent: { title: string; version?: number }[]
let id = 1
let editor: ReturnType<typeof useEditor<Thing, { title: string }>>

const Page = defineComponent({
  setup() {
    editor = useEditor<Thing, { title: string }>({
      key: () => 'thing', id: () => id, empty: { title: '' }, get: async () => ({ ...server }), toForm: (w) => ({ title: w.title }), revision: (w) => w.version,
      faults: (f) => ({ title: !f.title && '请写标题' }),
      async send(f, seen) {
        const { title } = f
        sent.push({ title, version: seen?.version })
        await Promise.resolve()
        if (seen && seen.version !== server.version) throw new ApiError(409, 'conflict', '内容已被他人修改')
        if (title === '敏感') throw new ApiError(409, 'state', '这个状态不能改')
        server = { ...server, title, version: server.version + 1, updated_by: 'me' }
        return { ...server }
      },
      after: () => undefined,
    })
    return () => h('p', editor.form.value.title)
  },
})

async function open(): Promise<void> {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: Page }] })
  await router.push('/')
  mount({ render: () => h(RouterView) }, { global: { plugins: [router] } })
  await flushPromises()
}

describe('an editor', () => {
  beforeEach(() => {
    localStorage.clear()
    id = 1
    sent = []
    server = { title: '旧', version: 3, updated_by: 'boss', updated_at: '2026-11-24T00:00:00Z' }
  })

  it('loads, asks only for what is whole, forgives a fault once it is mended, and saves once per double click', async () => {
    await open()
    expect(editor.form.value.title).toBe('旧')
    editor.form.value.title = ''
    expect(await editor.save()).toBe(false)
    expect(editor.errors.title).toBe('请写标题')
    editor.form.value.title = '新'
    await flushPromises()
    expect(editor.errors.title).toBeUndefined()
    expect(await Promise.all([editor.save(), editor.save()])).toEqual([true, false])
    expect(sent).toEqual([{ title: '新', version: 3 }])
    expect(editor.dirty.value).toBe(false)
    expect(editor.whole.value?.version).toBe(4)
  })

  it('keeps what is typed while it saves', async () => {
    await open()
    editor.form.value.title = '新'
    const saving = editor.save()
    editor.form.value.title = '新的一版'
    expect(await saving).toBe(true)
    expect(server.title).toBe('新')
    expect(editor.form.value.title).toBe('新的一版')
    expect(editor.dirty.value).toBe(true)
    await editor.save()
    expect(sent.at(-1)).toEqual({ title: '新的一版', version: 4 })
    expect(editor.dirty.value).toBe(false)
  })

  it('lets a person choose when somebody else saved meanwhile, and loses neither text', async () => {
    await open()
    editor.form.value.title = '我的'
    server = { ...server, title: '他的', version: 4, updated_by: '小明' }
    expect(await editor.save()).toBe(false)
    expect(editor.theirs.value?.updated_by).toBe('小明')
    expect(editor.form.value.title).toBe('我的')
    editor.overwrite()
    await flushPromises()
    expect(server.title).toBe('我的')

    editor.form.value.title = '又改'
    server = { ...server, title: '他又改', version: 9 }
    await editor.save()
    editor.useTheirs()
    expect(editor.form.value.title).toBe('他又改')
    expect(editor.general.value).toBe('')
    await flushPromises()
    expect(editor.dirty.value).toBe(false)
  })

  it('offers no choice where the state forbids it and nobody else saved', async () => {
    await open()
    editor.form.value.title = '敏感'
    expect(await editor.save()).toBe(false)
    expect(editor.general.value).toBe('这个状态不能改')
    expect(editor.theirs.value).toBeNull()
  })

  it('begins empty for what does not exist yet', async () => {
    id = 0
    await open()
    expect(editor.loaded.value).toBe(true)
    editor.form.value.title = '第一'
    await editor.save()
    expect(sent).toEqual([{ title: '第一', version: undefined }])
  })
})
