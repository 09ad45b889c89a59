// The address after # is the page. A page is a function (params) that gives {title, body, foot, right, left, cls, leave}.
import { $, h, icon, toast } from './ui.js';

const routes = [];
export const page = (pattern, fn) => routes.push([new RegExp(`^${pattern}$`), fn]);
export const go = (path) => { if (location.hash === `#${path}`) render(); else location.hash = path; };
export const back = (otherwise = '/') => { if (depth > 0) history.back(); else go(otherwise); };
export const path = () => location.hash.slice(1) || '/';

let depth = 0, leave = null, turn = 0;
export const current = () => turn;

export async function render() {
  const [p, q] = path().split('?');
  const mine = ++turn;
  if (leave) { try { leave(); } catch { /* a page that cannot leave must not stop the next */ } leave = null; }
  $('layer').replaceChildren();
  $('layer').className = 'layer';
  for (const [re, fn] of routes) {
    const m = re.exec(p);
    if (!m) continue;
    let v;
    try {
      v = await fn({ ids: m.slice(1).map(decodeURIComponent), query: new URLSearchParams(q || '') });
    } catch (e) {
      v = { title: '出错了', body: h('div', { class: 'empty', test: 'error' }, h('strong', {}, e.message || '出错了'), h('p', {}, '请稍后再试一次。'), h('p', {}, h('button', { class: 'btn small', type: 'button', onclick: render }, '重试'))), cls: p.startsWith('/mini') ? 'mini' : '', mini: p.startsWith('/mini') };
      if (p.startsWith('/mini')) v.right = (await import('./mini.js')).capsule();
    }
    if (mine !== turn) { if (v && v.leave) v.leave(); return; }
    show(v, p);
    leave = v.leave || null;
    return;
  }
  go('/');
}

function show(v, p) {
  const el = $('page');
  el.className = `page ${v.cls || ''}`;
  el.dataset.page = p;
  const left = v.left === undefined ? h('button', { class: 'iconbtn', type: 'button', 'aria-label': '返回', test: 'back', onclick: () => back(v.up || '/') }, icon('back')) : v.left;
  const body = h('div', { class: `body ${v.bodyCls || ''}`, tabindex: '-1', id: 'body' }, v.body);
  el.replaceChildren(h('header', { class: 'nav' }, h('div', { class: 'left' }, left), h('h1', { id: 'title', test: 'title' }, v.title || ''), h('div', { class: 'right' }, v.right)), body, ...(v.foot ? [v.foot].flat() : []));
  document.title = `${v.title || '微信'} · 演练手机`;
  if (v.shown) v.shown(body);
}

addEventListener('hashchange', () => { depth++; render(); });
addEventListener('unhandledrejection', (e) => { if (e.reason && e.reason.message) toast(e.reason.message); });
