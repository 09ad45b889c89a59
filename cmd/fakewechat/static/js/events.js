// Events of the Mini Program, in batches: kept in localStorage until the service has them, so that a lost network
// loses none; the same id is sent again, and counts once.
import { mini, now, phone, uuid7 } from './api.js';

const key = () => `events/${phone.person.id}`;
const read = () => { try { return JSON.parse(localStorage.getItem(key()) || '[]'); } catch { return []; } };
const write = (list) => localStorage.setItem(key(), JSON.stringify(list.slice(-500)));

let timer = 0, busy = false, pause = 400;

// visit is where this opening of the Mini Program came from; orders and openings carry it.
export const visit = { scene: 1089 };
export function enter(from) {
  for (const k of Object.keys(visit)) delete visit[k];
  Object.assign(visit, { scene: 1089 }, Object.fromEntries(Object.entries(from).filter(([, v]) => v !== undefined && v !== '' && v !== null)));
}

export function track(type, fields = {}) {
  const t = now();
  const e = { id: uuid7(t), type, occurred_at: new Date(t).toISOString() };
  for (const [k, v] of Object.entries(fields)) if (v !== undefined && v !== null && v !== '') e[k] = v;
  write([...read(), e]);
  schedule(pause);
}

function schedule(ms) {
  clearTimeout(timer);
  timer = setTimeout(flush, ms);
}

export async function flush() {
  if (busy) return;
  const batch = read().slice(0, 50);
  if (!batch.length) return;
  busy = true;
  const drop = () => { const gone = new Set(batch.map((e) => e.id)); write(read().filter((e) => !gone.has(e.id))); };
  try {
    await mini('POST', '/events', { sent_at: new Date(now()).toISOString(), events: batch });
    drop();
    pause = 400;
  } catch (e) {
    if (e.status === 400 || e.status === 413) drop(); // asking again will not cure it
    pause = Math.min(30000, pause * 2);
  } finally {
    busy = false;
  }
  if (read().length) schedule(pause);
}

document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden' && phone.person) flush(); });
