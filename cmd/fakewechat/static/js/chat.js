// The account: finding it, following it, talking to it, its menu.
import { account, ask, avatar, cover, h, icon, layer, toast, when } from './ui.js';
import { asset, now, open, phone, wx } from './api.js';
import { current, go, page } from './router.js';
import { openMini } from './visit.js';

const me = () => `/people/${phone.person.id}`;

export async function follow() {
  const t = await wx.post(`${me()}/follow`);
  phone.person.follows = true;
  if (!t.heard) toast('服务没有答好这次关注');
  go('/chat');
}

page('/search', () => {
  const out = h('div', { test: 'found' });
  const find = (text) => {
    const a = phone.config.account, hit = text.trim() && [...text.trim()].some((c) => a.name.includes(c));
    out.replaceChildren(hit
      ? h('button', { class: 'row', type: 'button', test: 'found-account', onclick: () => go('/account') }, account(), h('span', { class: 'grow' }, h('span', { class: 'name' }, a.name), h('span', { class: 'sub' }, '公众号 · 好课与好文章')), h('span', { class: 'chev' }, icon('chev')))
      : h('p', { class: 'empty' }, text.trim() ? '没有找到相关的公众号' : '输入公众号的名字，例如“漏斗”'));
  };
  find('');
  return { title: '搜公众号', body: [h('form', { class: 'searchbar', role: 'search', onsubmit: (e) => { e.preventDefault(); find(new FormData(e.target).get('q')); } }, h('input', { name: 'q', type: 'search', placeholder: '搜索公众号', 'aria-label': '搜索公众号', test: 'search-input', autocomplete: 'off', oninput: (e) => find(e.target.value) }), h('button', { class: 'btn small', test: 'search-go' }, '搜索')), h('div', { class: 'list' }, out)], shown: (b) => b.querySelector('input').focus() };
});

page('/account', async () => {
  phone.person = await wx.get(me());
  const a = phone.config.account, on = phone.person.follows;
  const articles = await open('/articles').then((r) => r.items || [], () => []);
  return { title: '', up: '/contacts', body: [
    h('div', { class: 'profile' }, h('div', { class: 'who' }, account('big'), h('div', {}, h('h2', {}, a.name), h('p', { class: 'muted' }, '服务号 · 好课与好文章，一步一步学会'))),
      on ? h('div', { class: 'two' }, h('button', { class: 'btn main', type: 'button', test: 'enter-chat', onclick: () => go('/chat') }, '发消息'), h('button', { class: 'btn warn', type: 'button', test: 'unfollow', onclick: async () => { if (!await ask('不再关注？', '不再关注后，将收不到它的消息。', '不再关注', { danger: true })) return; await wx.post(`${me()}/unfollow`); toast('已不再关注'); go('/contacts'); } }, '不再关注'))
        : h('button', { class: 'btn main wide', type: 'button', test: 'follow', onclick: (e) => { e.target.disabled = true; follow().catch((x) => { e.target.disabled = false; toast(x.message); }); } }, '关注公众号')),
    h('div', { class: 'list gap' }, h('button', { class: 'row flat', type: 'button', test: 'history', onclick: () => go('/articles') }, h('span', { class: 'grow name' }, '文章'), h('span', { class: 'muted' }, articles.length ? `${articles.length} 篇` : '还没有'), h('span', { class: 'chev' }, icon('chev')))),
    articles.slice(0, 3).map((x) => h('button', { class: 'row flat', type: 'button', 'data-id': x.id, onclick: () => go(`/article/${x.id}`) }, h('span', { class: 'grow' }, h('span', { class: 'name' }, x.title), h('span', { class: 'sub' }, x.digest)), cover(asset(x.cover), x.title, 'sq')))] };
});

page('/scan', async () => {
  const { items } = await wx.get('/scenes');
  const scan = async (scene) => {
    const t = await wx.post(`${me()}/scan`, { scene });
    phone.person.follows = true;
    if (!t.heard) toast('服务没有答好这次扫码');
    go('/chat');
  };
  return { title: '扫一扫', body: [
    h('form', { class: 'pad form list', onsubmit: (e) => { e.preventDefault(); scan(new FormData(e.target).get('scene')); } }, h('div', {}, h('label', { class: 'lab', for: 'scene' }, '二维码里的场景值'), h('input', { class: 'field', id: 'scene', name: 'scene', required: true, maxlength: 64, test: 'scene-input', placeholder: '例如 poster-7' })), h('button', { class: 'btn main wide', test: 'scan-go' }, '扫这个码')),
    items.length ? h('div', { class: 'codes' }, items.map((s) => h('button', { type: 'button', test: 'scene-code', 'data-scene': s.scene, onclick: () => scan(s.scene) }, h('img', { src: `/phone/v1/scenes/picture?ticket=${encodeURIComponent(s.ticket)}`, alt: '', width: 120, height: 120 }), h('span', {}, s.scene)))) : h('p', { class: 'empty' }, '后台还没有生成过带场景的二维码。生成之后，它会出现在这里。')] };
});

// words turns the text of a message into nodes: addresses, and the <a> that WeChat allows in it.
function words(text) {
  const out = [];
  const link = (href, label, appid, mp) => appid || mp ? h('button', { class: 'inlink', type: 'button', onclick: () => openMini(mp || '', { scene: 1074 }) }, label) : h('button', { class: 'inlink', type: 'button', 'data-href': href, onclick: () => web(href) }, label);
  const re = /<a\s+([^>]*)>([\s\S]*?)<\/a>|(https?:\/\/[^\s<>"'，。；！？、）】]+)/gi;
  let at = 0, m;
  while ((m = re.exec(text))) {
    out.push(text.slice(at, m.index));
    at = re.lastIndex;
    if (m[3]) { out.push(link(m[3], m[3])); continue; }
    const attr = (n) => (new RegExp(`${n}\\s*=\\s*["']([^"']*)["']`, 'i').exec(m[1]) || [])[1];
    out.push(link(attr('href') || '', m[2].replace(/<[^>]*>/g, ''), attr('data-miniprogram-appid'), attr('data-miniprogram-path')));
  }
  out.push(text.slice(at));
  return out;
}

// web opens an address in WeChat's browser: an article of ours inside the phone, anything else with a word first.
export async function web(href) {
  const r = await wx.get(`/resolve?url=${encodeURIComponent(href)}`).catch(() => ({ url: href }));
  const { items = [] } = await open('/articles').catch(() => ({}));
  const hit = items.find((a) => a.url && (a.url === r.url || a.url === href)) || items.find((a) => new RegExp(`/articles?/${a.id}(?:$|[?#])`).test(r.url));
  if (hit) { go(`/article/${hit.id}${r.code ? `?code=${encodeURIComponent(r.code)}` : ''}`); return; }
  const shown = r.url && /^https?:\/\//i.test(r.url) ? r.url : '';
  const close = layer([h('h2', {}, '打开网页'), h('p', { class: 'pad muted', test: 'web-url' }, shown || '这个地址打不开'), shown && h('a', { class: 'btn main wide', href: shown, target: '_blank', rel: 'noopener noreferrer' }, '用浏览器打开'), h('button', { class: 'btn wide gap', type: 'button', test: 'web-close', onclick: () => close() }, '返回')]);
}

function card(l) {
  return h('button', { class: 'minicard', type: 'button', test: 'mini-card', 'data-path': l.pagepath, onclick: () => openMini(l.pagepath, { scene: 1074 }) }, h('span', { class: 'app' }, h('span', { class: 'dot' }), phone.config.mini.name), h('span', { class: 'title' }, l.title), cover(l.media_id && `/phone/v1/media/${l.media_id}`, l.title), h('span', { class: 'foot' }, icon('mini'), '小程序'));
}

function newsBox(l) {
  const [first, ...rest] = l.articles;
  return h('div', { class: 'newsbox', test: 'news' }, h('button', { class: 'lead', type: 'button', test: 'news-item', onclick: () => web(first.url) }, cover(asset(first.picurl), first.title), h('span', { class: 'cap' }, h('strong', {}, first.title), first.description && h('p', {}, first.description))), rest.map((a) => h('button', { class: 'item', type: 'button', test: 'news-item', onclick: () => web(a.url) }, h('span', { class: 'grow' }, a.title), cover(asset(a.picurl), a.title, 'sq'))));
}

// notice is a template message or a subscription notice; the Mini Program wins over the address, as at WeChat.
function notice(l) {
  const to = l.appid ? () => openMini(l.pagepath, { scene: 1043 }) : l.url ? () => web(l.url) : null;
  return h('div', { class: 'noticecard', test: 'notice-card' }, h('strong', {}, l.title), h('dl', {}, l.notice.flatMap((n) => [n.label && h('dt', {}, n.label), h('dd', {}, n.value)])), to && h('button', { class: 'foot', type: 'button', test: 'notice-open', onclick: to }, l.appid ? '进入小程序查看' : '查看详情'));
}

const kinds = { voice: '[语音]', video: '[视频]', music: '[音乐]', mpnews: '[图文]', mpnewsarticle: '[图文]', wxcard: '[卡券]' };

function line(l) {
  const attrs = { test: 'line', 'data-from': l.from, 'data-type': l.type, 'data-seq': l.seq };
  if (l.from === 'system') return h('p', { class: 'notice', ...attrs }, l.text);
  if (l.type === 'news') return h('div', attrs, newsBox(l));
  if (l.type === 'notice') return h('div', attrs, notice(l));
  const what = l.type === 'text' ? h('div', { class: 'bubble' }, words(l.text || ''))
    : l.type === 'image' ? h('div', { class: 'picture' }, h('img', { src: `/phone/v1/media/${l.media_id}`, alt: '图片', test: 'picture', onerror: (e) => { e.target.replaceWith('图片已过期'); } }))
      : l.type === 'miniprogrampage' ? card(l)
        : l.type === 'msgmenu' ? h('div', { class: 'bubble' }, l.text, h('div', { class: 'choices' }, (l.choices || []).map((c) => h('button', { type: 'button', onclick: () => wx.post(`${me()}/choose`, { choice: c.id, text: c.content }) }, c.content))), l.tail)
          : h('div', { class: 'bubble' }, [kinds[l.type] || '[消息]', l.title && ` ${l.title}`]);
  return h('div', { class: `msg ${l.from === 'fan' ? 'fan' : ''}`, ...attrs }, l.from === 'fan' ? avatar(phone.person.name, 'small') : account('small'), what);
}

page('/chat', async () => {
  phone.person = await wx.get(me());
  const thread = h('div', { class: 'thread', test: 'thread', role: 'log', 'aria-live': 'polite' });
  const foot = h('div', { class: 'composer' });
  const turn = current();
  let seq = 0, stampAt = 0, buttons = null, typing = false, body = null, stopped = false;

  async function poll() {
    const { items } = await wx.get(`${me()}/chat?after=${seq}`);
    for (const l of items) {
      if (l.seq <= seq) continue;
      seq = l.seq;
      const t = new Date(l.at).getTime();
      if (t - stampAt > 180e3) { thread.append(h('p', { class: 'stamp' }, when(t, now()))); stampAt = t; }
      thread.append(line(l));
    }
    if (items.length && body) body.scrollTop = body.scrollHeight;
  }

  async function loadMenu() {
    const { button } = await wx.get(`${me()}/menu`);
    const same = JSON.stringify(button) === JSON.stringify(buttons);
    if (same) return;
    const first = buttons === null;
    buttons = button;
    if (first) typing = !button.length;
    if (first || !typing || !button.length) { typing = typing || !button.length; draw(); }
  }

  async function tap(b) {
    closeMenus();
    try {
      if (b.type === 'view') { await wx.post(`${me()}/view`, { url: b.url }); await web(b.url); }
      else if (b.type === 'miniprogram') { await wx.post(`${me()}/view-mini`, { pagepath: b.pagepath }); openMini(b.pagepath, { scene: 1035 }); }
      else if (b.key) { await wx.post(`${me()}/click`, { key: b.key }); await poll(); }
      else toast('这个按钮由微信自己回答，演练手机不支持');
    } catch (e) { toast(e.message); }
  }
  const closeMenus = () => { for (const m of foot.querySelectorAll('.submenu')) m.hidden = true; for (const b of foot.querySelectorAll('[aria-expanded]')) b.setAttribute('aria-expanded', 'false'); };

  function draw() {
    const sw = h('button', { class: 'iconbtn', type: 'button', 'aria-label': typing ? '显示菜单' : '打字', test: 'switch-input', hidden: !buttons.length, onclick: () => { typing = !typing; draw(); if (typing) foot.querySelector('input').focus(); } }, icon(typing ? 'menu' : 'keyboard'));
    if (typing || !buttons.length) {
      foot.replaceChildren(sw, h('form', { onsubmit: async (e) => {
        e.preventDefault();
        const input = e.target.elements.text, text = input.value.trim();
        if (!text) return;
        input.value = '';
        const sent = wx.post(`${me()}/say`, { text });
        setTimeout(() => poll().catch(() => {}), 60);
        try { await sent; await poll(); } catch (x) { toast(x.message); }
      } }, h('input', { name: 'text', maxlength: 600, autocomplete: 'off', 'aria-label': '发消息', placeholder: '发消息', test: 'say-input', enterkeyhint: 'send' }), h('button', { class: 'btn small main', test: 'say' }, '发送')));
      return;
    }
    foot.replaceChildren(sw, h('div', { class: 'menubar', test: 'menu' }, buttons.map((b) => {
      const sub = b.sub_button || [];
      if (!sub.length) return h('div', {}, h('button', { type: 'button', test: 'menu-button', 'data-name': b.name, onclick: () => tap(b) }, b.name));
      const box = h('div', { class: 'submenu', hidden: true, test: 'submenu' }, sub.map((s) => h('button', { type: 'button', test: 'submenu-button', 'data-name': s.name, onclick: () => tap(s) }, s.name)));
      const top = h('button', { class: 'has', type: 'button', test: 'menu-button', 'data-name': b.name, 'aria-expanded': 'false', onclick: () => { const was = box.hidden; closeMenus(); box.hidden = !was; top.setAttribute('aria-expanded', String(was)); } }, b.name);
      return h('div', {}, box, top);
    })));
  }

  await Promise.all([poll(), loadMenu()]);
  const loop = async (n) => {
    if (stopped || turn !== current()) return;
    try { await poll(); if (n % 3 === 0) await loadMenu(); } catch { /* the next look may succeed */ }
    setTimeout(() => loop(n + 1), 1000);
  };
  setTimeout(() => loop(1), 1000);
  const unread = phone.person.follows ? [] : [h('p', { class: 'notice' }, '你没有关注这个公众号，消息可能收不到')];
  return { title: phone.config.account.name, up: '/', right: h('button', { class: 'iconbtn', type: 'button', 'aria-label': '公众号资料', test: 'chat-account', onclick: () => go('/account') }, icon('person')), body: [thread, unread], foot, leave: () => { stopped = true; }, shown: (b) => { body = b; b.scrollTop = b.scrollHeight; b.addEventListener('click', closeMenus); } };
});
