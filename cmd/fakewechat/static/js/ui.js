// Small pieces every page is made of. No inline styles and no innerHTML: the page's CSP forbids the first, and
// the second is how a course title becomes a program.
export const $ = (id) => document.getElementById(id);

export function h(tag, attrs = {}, ...kids) {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs || {})) {
    if (v === undefined || v === null || v === false) continue;
    if (k.startsWith('on')) el.addEventListener(k.slice(2), v);
    else if (k === 'test') el.dataset.test = v;
    else if (k === 'value') el.value = v;
    else if (k === 'checked' || k === 'disabled' || k === 'required') el[k] = Boolean(v);
    else el.setAttribute(k, v === true ? '' : v);
  }
  el.append(...kids.flat(3).filter((k) => k !== undefined && k !== null && k !== false));
  return el;
}

const paths = {
  back: 'M15 4 7 12l8 8', chev: 'M9 5l7 7-7 7', chat: 'M4 5h16v11H10l-4 4v-4H4z', book: 'M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11', find: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm3.5 5.5-2 5-5 2 2-5z',
  me: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-8 8c1-5 4-6 8-6s7 1 8 6', scan: 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16', search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zm5 12 4 4', plus: 'M12 5v14M5 12h14',
  keyboard: 'M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8', menu: 'M5 7h14M5 12h14M5 17h14', person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-8 8c1-5 4-6 8-6s7 1 8 6', close: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z', dots: 'M5 12h.01M12 12h.01M19 12h.01',
  mini: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 14a2 2 0 1 1-1-3.7M15 10a2 2 0 1 1 1 3.7M12 8.5v7', tick: 'M5 12.5 10 17.5 19 7', play: 'M8 5v14l11-7z', pause: 'M8 5v14M16 5v14', home: 'M4 11 12 4l8 7v9h-5v-6H9v6H4z', bag: 'M6 8h12l1 12H5zM9 8a3 3 0 0 1 6 0', study: 'M3 8l9-4 9 4-9 4zM7 10v5c3 2.5 7 2.5 10 0v-5', article: 'M5 4h14v16H5zM8 8h8M8 12h8M8 16h5', gear: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M5.6 18.4l2.1-2.1M16.3 7.7l2.1-2.1', share: 'M14 5l6 5-6 5v-3c-5 0-8 2-10 6 0-6 3-10 10-10z', switch: 'M4 8h13l-3-3M20 16H7l3 3',
};

export function icon(name) {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  for (const [k, v] of Object.entries({ viewBox: '0 0 24 24', fill: name === 'play' ? 'currentColor' : 'none', stroke: 'currentColor', 'stroke-width': name === 'dots' ? 3 : 1.8, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', width: 22, height: 22, 'aria-hidden': 'true' })) svg.setAttribute(k, v);
  const p = document.createElementNS(ns, 'path');
  p.setAttribute('d', paths[name] || '');
  svg.append(p);
  return svg;
}

export const yuan = (fen) => (fen / 100).toLocaleString('zh-CN', { minimumFractionDigits: fen % 100 ? 2 : 0, maximumFractionDigits: 2 });
export const money = (fen) => [h('small', {}, '¥'), yuan(fen)];
export const two = (n) => String(n).padStart(2, '0');
export const mmss = (s) => `${two(Math.floor(s / 60))}:${two(Math.floor(s % 60))}`;

const zone = { timeZone: 'Asia/Shanghai', hour12: false };
export function when(t, now = Date.now()) {
  const d = new Date(t), day = (x) => new Date(x).toLocaleDateString('sv-SE', { timeZone: 'Asia/Shanghai' });
  const time = d.toLocaleTimeString('zh-CN', { ...zone, hour: '2-digit', minute: '2-digit' });
  if (day(d) === day(now)) return time;
  if (day(d) === day(now - 864e5)) return `昨天 ${time}`;
  const [, m, dd] = day(d).split('-');
  return `${Number(m)}月${Number(dd)}日 ${time}`;
}

const hash = (s) => [...String(s)].reduce((a, c) => (a * 31 + c.codePointAt(0)) >>> 0, 7);
export const avatar = (name, cls = '') => h('span', { class: `avatar a${hash(name) % 6} ${cls}`, 'aria-hidden': 'true' }, [...(name || '微')].at(-1));
export const account = (cls = '') => h('span', { class: `avatar account ${cls}`, 'aria-hidden': 'true' }, '漏');

// cover is a picture, or a coloured plate with the title's first words when there is none or it cannot be had.
export function cover(src, title, cls = '') {
  const box = h('span', { class: `cover k${hash(title) % 6} ${cls}` });
  const words = () => box.replaceChildren(cls.includes('sq') ? [...(title || '')].slice(0, 2).join('') : [...(title || '')].slice(0, 14).join(''));
  if (src) box.append(h('img', { src, alt: '', loading: 'lazy', onerror: words }));
  else words();
  return box;
}

export function toast(text, ms = 2000) {
  const t = h('div', { class: 'toast', test: 'toast' }, text);
  $('toasts').append(t);
  setTimeout(() => t.remove(), ms);
}

// layer shows a box over the screen; what it gives closes it.
export function layer(content, { mid = false, onclose } = {}) {
  const l = $('layer');
  const before = document.activeElement;
  const key = (e) => { if (e.key === 'Escape') close(true); };
  function close(asked) {
    document.removeEventListener('keydown', key);
    l.replaceChildren();
    l.className = 'layer';
    if (before && before.isConnected) before.focus();
    if (asked && onclose) onclose();
  }
  l.className = mid ? 'layer mid' : 'layer';
  l.replaceChildren(h('div', { class: 'sheetbox', role: 'dialog', 'aria-modal': 'true', tabindex: '-1' }, content));
  document.addEventListener('keydown', key);
  const first = l.querySelector('button.main, button, input, textarea');
  (first || l.firstChild).focus();
  return () => close(false);
}

export function ask(title, text, yes, { danger = false } = {}) {
  return new Promise((done) => {
    const close = layer([h('h2', {}, title), text && h('p', { class: 'muted pad' }, text), h('div', { class: 'two' },
      h('button', { class: 'btn', type: 'button', test: 'ask-no', onclick: () => { close(); done(false); } }, '取消'),
      h('button', { class: `btn ${danger ? 'warn' : 'main'}`, type: 'button', test: 'ask-yes', onclick: () => { close(); done(true); } }, yes))], { mid: true, onclose: () => done(false) });
  });
}

const allowed = { P: [], DIV: [], SECTION: [], SPAN: [], H1: [], H2: [], H3: [], H4: [], H5: [], H6: [], STRONG: [], B: [], EM: [], I: [], U: [], S: [], DEL: [], SUB: [], SUP: [], UL: [], OL: [], LI: [], BLOCKQUOTE: [], PRE: [], CODE: [], BR: [], HR: [], FIGURE: [], FIGCAPTION: [], TABLE: [], THEAD: [], TBODY: [], TR: [], TD: ['colspan', 'rowspan'], TH: ['colspan', 'rowspan'], IMG: ['src', 'alt'], A: ['href'] };

// rich turns the service's HTML into elements of an allow-list; anything else leaves its text behind.
export function rich(html, asset) {
  const out = h('div', { class: 'rich' });
  const walk = (from, to, depth) => {
    for (const n of from.childNodes) {
      if (n.nodeType === 3) { to.append(n.data); continue; }
      if (n.nodeType !== 1 || ['SCRIPT', 'STYLE', 'IFRAME', 'OBJECT', 'TEMPLATE', 'NOSCRIPT', 'SVG', 'MATH'].includes(n.tagName.toUpperCase())) continue;
      const attrs = allowed[n.tagName];
      if (!attrs || depth > 40) { walk(n, to, depth + 1); continue; }
      const el = document.createElement(n.tagName);
      for (const a of attrs) if (n.hasAttribute(a)) el.setAttribute(a, n.getAttribute(a));
      if (n.tagName === 'IMG') { const s = asset(n.getAttribute('src')); if (!s) continue; el.src = s; el.loading = 'lazy'; }
      if (n.tagName === 'A') { if (!/^https?:\/\//i.test(el.getAttribute('href') || '')) el.removeAttribute('href'); el.target = '_blank'; el.rel = 'noopener noreferrer'; }
      walk(n, el, depth + 1);
      to.append(el);
    }
  };
  const text = String(html ?? '');
  if (/<[a-z][^>]*>/i.test(text)) walk(new DOMParser().parseFromString(text, 'text/html').body, out, 0);
  else for (const p of text.split(/\n{2,}|\r?\n/)) if (p.trim()) out.append(h('p', {}, p));
  return out;
}
