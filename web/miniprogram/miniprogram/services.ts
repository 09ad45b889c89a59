// The house put together: one of each, for all pages.
import { config } from './config'
import { Api } from './lib/api'
import { Events } from './lib/events'
import { Purchase, type State } from './lib/purchase'
import { Progress, Study } from './lib/study'
import type { Lesson } from './lib/api'
import { Visits } from './lib/visit'
import { wxPort } from './wx'

const port = wxPort(wx)
export const api = new Api(port, config.baseURL)
export const events = new Events(port, api)
export const progress = new Progress(port, api)
export const visits = new Visits()
export const purchase = (changed: (s: State) => void) => new Purchase(port, api, changed)
export const study = (l: Lesson) => new Study(l, events, progress)

// shelf counts what changed which courses one owns, so that lists know when they are stale.
export const shelf = { changed: 0 }

// Profile is how somebody likes to see themselves. It stays on the phone: the service needs no name and no face.
export interface Profile { name: string; avatar: string }
export const profile = {
  read: () => (port.read('profile') as Profile | undefined) ?? { name: '', avatar: '' },
  write: (p: Profile) => {
    const old = profile.read().avatar
    if (old && old !== p.avatar) wx.getFileSystemManager().unlink({ filePath: old })
    port.write('profile', p)
  },
}

// eraseMe has the service forget the person, and then the phone.
export async function eraseMe(): Promise<void> {
  await events.flush() // under the old name, or not at all
  await api.eraseMe()
  events.forget()
  progress.forget()
  profile.write({ name: '', avatar: '' })
  shelf.changed++
}
