import { $, avatar, account, h, icon, toast, two, when } from './ui.js';
import { loadConfig, logout, now, phone, wx } from './api.js';
import { go, page, render } from './router.js';
import { dayPanel } from './days.js';
import './chat.js';
import './article.js';
import './mini.js';
import './order.js';
import './gift.js';
import './lesson.js';
import './signup.js';

const names = ['小满', '阿棠', '林知夏', '周予安', '许星河', '苏木', '顾南风', '沈青禾', '陆小北', '叶知秋', '温以宁', '江晚'];
const tabs = [['/', 'chat', '微信', 'chats'], ['/contacts', 'book', '通讯录', 'contacts'], ['/discover', 'find', '发现', 'discover'], ['/me', 'me', '我', 'me']];
const tabbar = (at) => h('nav', { class: 'tabbar', 'aria-label': '主导航' }, tabs.map(([p, i, text, t]) => h('button', { type: 'button', test: `tab-${t}`, 'aria-current': p === at && 'page', onclick: () => go(p) }, icon(i), text)));
const scanButton = () => h('button', { class: 'iconbtn', type: 'button', 'aria-label': '扫一扫', test: 'scan', onclick: () => go('/scan') }, icon('scan'));
const searchButton = () => h('button', { class: 'iconbtn', type: 'button', 'aria-label': '搜索', test: 'search', onclick: () => go('/search') }, icon('search'));
const row = (attrs, lead, name, sub, extra) => h('button', { class: 'row', type: 'button', ...attrs }, lead, h('span', { class: 'grow' }, h('span', { class: 'name' }, name), sub && h('span', { class: 'sub' }, sub)), extra === undefined ? h('span', { class: 'chev' }, icon('chev')) : extra);

async function refreshPerson() {
  phone.person = await wx.get(`/people/${phone.person.id}`);
  return phone.person;
}

const summary = (l) => ({ text: l.text, image: '[图片]', voice: '[语音]', video: '[视频]', music: '[音乐]', news: l.articles && l.articles[0] && l.articles[0].title, miniprogrampage: `[小程序] ${l.title}`, msgmenu: l.text, notice: `[通知] ${l.title}` })[l.type] || l.text || '[消息]';

page('/', async () => {
  const [p, chat] = await Promise.all([refreshPerson(), wx.get(`/people/${phone.person.id}/chat?after=0`)]);
  const last = chat.items.at(-1);
  const body = p.follows || last
    ? h('div', { class: 'list' }, row({ test: 'open-chat', onclick: () => go('/chat') }, account(), phone.config.account.name, last ? summary(last) : '已关注，打个招呼吧', h('span', { class: 'time' }, last && when(last.at, now()))))
    : h('div', { class: 'empty', test: 'no-chat' }, h('strong', {}, '还没有会话'), h('p', {}, '搜一搜公众号，或扫一张带场景的二维码来关注。'), h('p', { class: 'pad' }, h('button', { class: 'btn main', type: 'button', test: 'go-search', onclick: () => go('/search') }, '搜公众号')));
  return { title: '微信', left: h('span', {}), right: [searchButton(), scanButton()], body, foot: tabbar('/') };
});

page('/contacts', async () => {
  const p = await refreshPerson();
  return { title: '通讯录', left: h('span', {}), right: searchButton(), foot: tabbar('/contacts'), body: [
    h('div', { class: 'list' }, row({ test: 'contact-search', onclick: () => go('/search') }, h('span', { class: 'avatar a4' }, icon('search')), '搜公众号')),
    h('div', { class: 'list gap' }, p.follows ? row({ test: 'contact-account', onclick: () => go('/account') }, account(), phone.config.account.name, '公众号') : h('p', { class: 'empty' }, '还没有关注公众号'))] };
});

page('/discover', () => ({ title: '发现', left: h('span', {}), foot: tabbar('/discover'), body: [
  h('div', { class: 'list' }, row({ test: 'discover-scan', onclick: () => go('/scan') }, h('span', { class: 'avatar small a0' }, icon('scan')), '扫一扫')),
  h('div', { class: 'list gap' }, row({ test: 'discover-mini', onclick: () => go('/mini?from=recent') }, h('span', { class: 'avatar small app' }, icon('mini')), phone.config.mini.name, '小程序 · 最近使用'), row({ test: 'discover-articles', onclick: () => go('/articles') }, h('span', { class: 'avatar small a2' }, icon('article')), '看一看', '公众号的文章'))] }));

page('/me', async () => {
  const p = await refreshPerson();
  const kinds = { android: '安卓手机', ios: 'iPhone', ohos: '鸿蒙手机', windows: 'Windows 电脑', mac: 'Mac 电脑' };
  const select = h('select', { class: 'field', test: 'platform', 'aria-label': '终端', onchange: async (e) => { phone.person = await wx.put(`/people/${p.id}`, { platform: e.target.value }); logout(); toast(`已换成${kinds[e.target.value]}`); } }, Object.entries(kinds).map(([k, v]) => h('option', { value: k }, v)));
  select.value = p.platform in kinds ? p.platform : 'android';
  return { title: '我', left: h('span', {}), foot: tabbar('/me'), body: [
    h('div', { class: 'profile' }, h('div', { class: 'who' }, avatar(p.name, 'big'), h('div', {}, h('h2', { test: 'my-name' }, p.name), h('p', { class: 'muted' }, p.follows ? '已关注公众号' : '未关注公众号'))), h('div', {}, h('label', { class: 'lab' }, '我用的终端'), select)),
    h('div', { class: 'list gap' }, row({ test: 'switch-person', class: 'row flat', onclick: () => go('/people') }, h('span', { class: 'avatar small a3' }, icon('switch')), '换一个人', '换人或新建一位粉丝'), row({ test: 'open-days', class: 'row flat', onclick: () => go('/days') }, h('span', { class: 'avatar small a1' }, icon('gear')), '坏日子', '让微信和支付按你的意思出毛病'))] };
});

page('/people', async ({ query }) => {
  const q = query.get('q') || '';
  const { items, total } = await wx.get(`/people?q=${encodeURIComponent(q)}`);
  const name = h('input', { class: 'field', name: 'name', maxlength: 20, placeholder: '名字，留空随机', test: 'new-name', 'aria-label': '新粉丝的名字' });
  const platform = h('select', { class: 'field', test: 'new-platform', 'aria-label': '新粉丝的终端' }, [['android', '安卓手机'], ['ios', 'iPhone'], ['ohos', '鸿蒙手机'], ['windows', 'Windows 电脑']].map(([k, v]) => h('option', { value: k }, v)));
  return { title: '换一个人', up: '/me', body: [
    h('form', { class: 'pad form list', onsubmit: async (e) => { e.preventDefault(); await become(await wx.post('/people', { name: name.value.trim() || pick(), platform: platform.value })); go('/'); } }, h('div', {}, h('label', { class: 'lab' }, '新建一位粉丝'), name), platform, h('button', { class: 'btn main wide', test: 'new-person' }, '新建并拿起手机')),
    h('form', { class: 'pad', role: 'search', onsubmit: (e) => { e.preventDefault(); go(`/people?q=${encodeURIComponent(new FormData(e.target).get('q'))}`); } }, h('input', { class: 'field', name: 'q', type: 'search', value: q, placeholder: `在 ${total} 位里找人`, 'aria-label': '找人' })),
    h('div', { class: 'list' }, items.map((p) => row({ test: 'person', 'data-id': p.id, onclick: async () => { await become(p); go('/'); } }, avatar(p.name), p.name, p.follows ? '已关注' : '未关注', p.id === phone.person.id ? h('span', { class: 'badge' }, '在用') : undefined)))] };
});

page('/days', async () => ({ title: '坏日子', up: '/me', body: h('div', { class: 'pad' }, await dayPanel()) }));

const pick = () => names[Math.floor(Math.random() * names.length)];

async function become(p) {
  phone.person = p;
  localStorage.setItem('person', p.id);
  logout();
}

function guide() {
  $('guide').replaceChildren(h('div', { class: 'boxed' }, h('h2', {}, '演练手机'), h('p', {}, '这是一台假的微信。它只用微信的方式和服务说话：签名的推送、加密的回复、真验签的支付。'),
    h('ol', {}, ['在“搜公众号”里关注，或扫一张带场景的码', '打一句话，看自动回复；点底部菜单', '打开文章，从课程卡片进小程序', '试听、下单、付款或取消，学一节课', '在“坏日子”里让推送、通知、接口出毛病，看服务怎样收拾'].map((t) => h('li', {}, t))),
    h('h3', {}, '地址'), h('p', {}, `服务：${phone.config.service}`), h('p', {}, '控制接口：/fake/v1/…')));
}

async function start() {
  await loadConfig();
  const id = localStorage.getItem('person');
  try {
    if (!id) throw new Error('nobody');
    phone.person = await wx.get(`/people/${id}`);
  } catch {
    await become(await wx.post('/people', { name: pick(), platform: 'android' }));
  }
  guide();
  $('days').replaceChildren(h('div', { class: 'boxed' }, await dayPanel()));
  const tick = () => { const d = new Date(now() + 8 * 36e5); $('clock').textContent = `${d.getUTCHours()}:${two(d.getUTCMinutes())}`; };
  tick();
  setInterval(tick, 10000);
  setInterval(() => loadConfig().catch(() => {}), 30000);
  render();
}

start().catch((e) => { $('page').replaceChildren(h('div', { class: 'empty', test: 'error' }, h('strong', {}, '手机开不了机'), h('p', {}, e.message))); });
