// Two ways out of the phone: WeChat itself (this server) and the Mini Program's requests to the service, which go
// through /relay because wx.request knows no CORS.
export class Fail extends Error {
  constructor(status, message, code, fields) { super(message); this.status = status; this.code = code; this.fields = fields; }
}

async function call(method, url, body, headers = {}) {
  let res;
  try {
    const form = body instanceof FormData; // wx.uploadFile
    res = await fetch(url, { method, headers: { ...(body === undefined || form ? {} : { 'Content-Type': 'application/json' }), ...headers }, body: body === undefined || form ? body : JSON.stringify(body), cache: 'no-store', credentials: 'omit' });
  } catch {
    throw new Fail(0, '网络不给力，请稍后重试', 'unreachable');
  }
  const text = await res.text();
  let json;
  try { json = text ? JSON.parse(text) : null; } catch { json = null; }
  if (!res.ok) {
    const e = json && json.error;
    throw new Fail(res.status, (e && (e.message || (typeof e === 'string' && e))) || '服务暂时不可用，请稍后重试', e && e.code, e && e.fields);
  }
  return json;
}

export const wx = {
  get: (p) => call('GET', `/phone/v1${p}`),
  post: (p, body = {}) => call('POST', `/phone/v1${p}`, body),
  put: (p, body) => call('PUT', `/phone/v1${p}`, body),
  days: () => call('GET', '/fake/v1/bad-days'),
  setDays: (d) => call('PUT', '/fake/v1/bad-days', d),
  fake: (method, path, body) => call(method, `/fake/v1${path}`, body),
  calls: () => call('GET', '/fake/v1/calls?limit=30'),
};

// phone is who holds it and what WeChat told about itself.
export const phone = { person: null, config: null, skew: 0 };
export const now = () => Date.now() + phone.skew;

export async function loadConfig() {
  phone.config = await wx.get('/config');
  phone.skew = new Date(phone.config.now).getTime() - Date.now();
  return phone.config;
}

let session = null; // {key, token, until}
let entering = null;

// login is wx.login and POST /mini/v1/session; one at a time.
export function login(fresh = false) {
  const p = phone.person, key = `${p.id}/${p.platform}`;
  if (!fresh && session && session.key === key && Date.now() < session.until) return Promise.resolve(session.token);
  if (!entering) {
    entering = (async () => {
      const { code } = await wx.post(`/people/${p.id}/login-code`);
      const s = await call('POST', '/relay/mini/v1/session', { code, platform: p.platform });
      session = { key, token: s.token, until: Date.now() + Math.max(60, (s.expires_in || 3600) - 60) * 1000, learner: s.learner };
      return session.token;
    })().finally(() => { entering = null; });
  }
  return entering;
}
export const logout = () => { session = null; };
export const loggedIn = () => Boolean(session);

export async function mini(method, path, body, headers = {}) {
  const go = async (fresh) => call(method, `/relay/mini/v1${path}`, body, { Authorization: `Bearer ${await login(fresh)}`, ...headers });
  try {
    return await go(false);
  } catch (e) {
    if (e.status !== 401) throw e;
    return go(true);
  }
}

// open asks for what anybody may read; where the service wants a login for it all the same, it logs in first.
export const open = (path) => (phone.config.articles_open ? call('GET', `/relay/mini/v1${path}`) : mini('GET', path));

// asset maps the address of a picture or film to one this page may load; "" when it may not.
export function asset(src) {
  if (!src || typeof src !== 'string') return '';
  if (src.startsWith('/') && !src.startsWith('//')) return `/relay${src}`;
  let u;
  try { u = new URL(src); } catch { return ''; }
  const ours = [phone.config.service, phone.config.public].filter(Boolean).map((x) => new URL(x).origin);
  const here = new URL(phone.config.service);
  if (ours.includes(u.origin) || (['localhost', '127.0.0.1'].includes(u.hostname) && u.port === here.port)) return `/relay${u.pathname}${u.search}`;
  if (u.hostname === 'mmbiz.qpic.cn') return `/phone/v1/media/${u.pathname.split('/')[1]}`;
  return '';
}

export function uuid7(t = Date.now()) {
  const b = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 5; i >= 0; i--) { b[i] = t % 256; t = Math.floor(t / 256); }
  b[6] = (b[6] & 0x0f) | 0x70;
  b[8] = (b[8] & 0x3f) | 0x80;
  const x = [...b].map((v) => v.toString(16).padStart(2, '0')).join('');
  return `${x.slice(0, 8)}-${x.slice(8, 12)}-${x.slice(12, 16)}-${x.slice(16, 20)}-${x.slice(20)}`;
}
