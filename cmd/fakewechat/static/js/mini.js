// The Mini Program: courses, search, one course, what I own. It calls /mini/v1 as a phone does.
import { $, cover, h, icon, mmss, money, rich, toast, yuan } from './ui.js';
import { asset, login, mini, phone, uuid7 } from './api.js';
import { flush, track, visit } from './events.js';
import { go, page } from './router.js';
import { origin, openMini } from './visit.js';
import { giftBox } from './gift.js';
import { remarkBox } from './remark.js';

export const capsule = () => h('span', { class: 'capsule' }, h('button', { type: 'button', 'aria-label': '更多', test: 'mini-more', onclick: share }, icon('dots')), h('button', { type: 'button', 'aria-label': '关闭小程序', test: 'mini-close', onclick: leaveMini }, icon('close')));

function leaveMini() {
  flush();
  go(origin.path.startsWith('/mini') ? '/discover' : origin.path);
}

let shown = null; // the course on the screen, for sharing
function share() {
  if (!shown) { toast('打开一门课，就可以转发给朋友'); return; }
  const id = uuid7().replaceAll('-', '').slice(0, 24);
  track('share', { course_id: shown.id, share_id: id });
  toast('已转发给朋友');
}

// opened tells once per opening of the Mini Program that it was opened, and from where.
export async function opened() {
  await login();
  if (visit.fresh === undefined) return;
  delete visit.fresh;
  const { scene, article_id, campaign_id, channel, code, share_id } = visit;
  track('mp_open', { scene, article_id, campaign_id, channel, code, share_id });
  if (campaign_id) track('campaign_seen', { campaign_id, channel });
}

const tabs = [['/mini', 'home', '课程', 'courses'], ['/mini/mine', 'study', '学习', 'mine'], ['/mini/orders', 'bag', '订单', 'orders']];
export const tabbar = (at) => h('nav', { class: 'tabbar', 'aria-label': '小程序导航' }, tabs.map(([p, i, text, t]) => h('button', { type: 'button', test: `mini-tab-${t}`, 'aria-current': p === at && 'page', onclick: () => go(p) }, icon(i), text)));
export const frame = (v) => ({ cls: 'mini', right: capsule(), ...v });

export const price = (c) => c.price === undefined || c.price === null ? null : c.price === 0 ? h('span', { class: 'price' }, '免费') : [h('span', { class: 'price', test: 'price' }, money(c.price)), c.original_price > c.price && h('span', { class: 'was' }, `¥${yuan(c.original_price)}`), c.flash_until && h('span', { class: 'muted', test: 'flash-until' }, `限时价，到 ${moment(c.flash_until)}`)];

// moment is a time of the service in Beijing's words, as every text of the service has it.
const moment = (iso) => new Date(iso).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai', month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false });

function item(c, extra) {
  return h('button', { class: 'course', type: 'button', test: 'course', 'data-id': c.id, onclick: () => go(`/mini/course/${c.id}`) }, cover(asset(c.cover), c.title), h('span', { class: 'grow' }, h('strong', {}, c.title), h('span', { class: 'muted' }, [c.kind === 'bundle' && `专栏 ${c.course_count || 0} 门课`, c.teacher, c.lesson_count !== undefined && `${c.lesson_count} 节`, c.category].filter(Boolean).join(' · ')), extra, h('span', { class: 'foot' }, c.owned ? h('span', { class: 'tag green' }, '已购买') : price(c))));
}

page('/mini', async ({ query }) => {
  if (query.get('from') === 'recent') { openMini('', { scene: 1089 }); return { title: phone.config.mini.name, cls: 'mini', body: '' }; }
  shown = null;
  await opened();
  const q = query.get('q') || '', category = query.get('category') || '';
  const ask = (more) => mini('GET', `/courses?${new URLSearchParams({ page_size: 20, ...(q && { q }), ...(category && { category }), ...more })}`);
  const [first, all] = await Promise.all([ask({}), mini('GET', '/categories')]);
  if (q) track('search', { props: { q: q.slice(0, 50), results: first.items.length } });
  const listing = h('div', { class: 'courses', test: 'courses' });
  const add = (r) => {
    listing.append(...r.items.map((c) => item(c)));
    if (r.next_page_token) { const b = h('button', { class: 'btn', type: 'button', test: 'more-courses', onclick: async () => { b.remove(); add(await ask({ page_token: r.next_page_token })); } }, '再看一些'); listing.append(b); }
  };
  add(first);
  if (!first.items.length) listing.append(h('div', { class: 'empty', test: 'no-courses' }, h('strong', {}, q ? '没有找到' : '还没有课程'), h('p', {}, q ? '换个词试试。' : '后台上架一门课，它就会出现在这里。')));
  const cats = [...new Set([category, ...all.items.map((c) => c.name)].filter(Boolean))];
  const to = (o) => go(`/mini?${new URLSearchParams(Object.entries(o).filter(([, v]) => v))}`);
  return frame({ title: phone.config.mini.name, left: h('span', {}), foot: tabbar('/mini'), body: [
    h('form', { class: 'searchbar', role: 'search', onsubmit: (e) => { e.preventDefault(); to({ q: new FormData(e.target).get('q').trim(), category }); } }, h('input', { name: 'q', type: 'search', value: q, placeholder: '搜课程', 'aria-label': '搜课程', test: 'course-search' }), h('button', { class: 'btn small', test: 'course-search-go' }, '搜索')),
    cats.length > 0 && h('div', { class: 'chips' }, ['', ...cats].map((c) => h('button', { type: 'button', 'aria-pressed': String(c === category), onclick: () => to({ q, category: c }) }, c || '全部'))),
    !q && !category && h('div', { class: 'banner' }, h('h2', {}, '今天也学一点'), h('p', {}, '先试听，再决定。')), listing] });
});

page('/mini/course/(\\d+)', async ({ ids: [id] }) => {
  await opened();
  const c = await mini('GET', `/courses/${id}`);
  shown = c;
  track('course_view', { course_id: c.id, article_id: visit.article_id, campaign_id: visit.campaign_id, channel: visit.channel });
  const can = (a) => (c.actions || []).includes(a);
  const lessons = c.lessons || [];
  const next = lessons.find((l) => l.playable && !l.finished) || lessons.find((l) => l.playable);
  const trial = lessons.find((l) => l.trial);
  const claim = async (e) => { e.target.disabled = true; const { claimFree } = await import('./order.js'); claimFree(c); };
  const foot = h('div', { class: 'buybar' }, h('span', { class: 'grow' }, c.owned ? h('span', { class: 'tag green', test: 'owned' }, '已购买') : price(c)),
    can('gift') && h('button', { class: 'btn small', type: 'button', test: 'give', onclick: () => go(`/mini/buy/${c.id}?gift=1`) }, '送好友'),
    !c.owned && trial && h('button', { class: 'btn small', type: 'button', test: 'trial', onclick: () => go(`/mini/lesson/${trial.id}`) }, '试听'),
    c.owned || can('learn') ? next && h('button', { class: 'btn blue', type: 'button', test: 'learn', onclick: () => go(`/mini/lesson/${next.id}`) }, '继续学习')
      : can('buy') ? h('button', { class: 'btn buy', type: 'button', test: 'buy', onclick: () => go(`/mini/buy/${c.id}`) }, '立即购买')
        : can('pay') ? h('button', { class: 'btn buy', type: 'button', test: 'pay-order', onclick: () => go(`/mini/order/${c.unpaid[0].out_trade_no}`) }, '去支付')
        : can('claim') ? h('button', { class: 'btn buy', type: 'button', test: 'claim', onclick: claim }, '免费领取') : h('span', { class: 'muted', test: 'no-buy' }, c.not_sold || '暂不支持在此终端购买'));
  let chapter = null;
  return frame({ title: '课程', up: '/mini', foot, cls: 'mini', bodyCls: 'detail', body: [cover(asset(c.cover), c.title),
    h('div', { class: 'head' }, h('h2', { test: 'course-title' }, c.title), h('p', { class: 'muted' }, [c.teacher && `讲师 ${c.teacher}`, c.kind === 'bundle' ? `专栏 ${c.course_count || 0} 门课` : `${lessons.length} 节课`, c.category].filter(Boolean).join(' · ')), typeof c.seats_left === 'number' && !c.owned && h('p', { class: 'muted', test: 'seats-left' }, `剩余 ${c.seats_left} 个名额`), c.sale_until && !c.owned && h('p', { class: 'muted', test: 'sale-until' }, `卖到 ${moment(c.sale_until)}`)),
    (c.unpaid || []).map((o) => h('button', { class: 'block lesson', type: 'button', test: 'unpaid', onclick: () => go(`/mini/order/${o.out_trade_no}`) }, h('span', { class: 'grow' }, o.kind === 'gift' ? '送好友的订单待支付' : '您有一笔订单待支付', h('small', {}, `请在 ${moment(o.expires_at)} 前支付`)), h('span', { class: 'tag' }, '去支付'))),
    (c.certificate || can('certificate')) && certificateBox(c),
    c.intro && h('div', { class: 'block' }, h('h3', {}, '介绍'), rich(c.intro, asset)),
    c.kind === 'bundle' ? memberBox(c) : h('div', { class: 'block' }, h('h3', {}, '目录'), h('div', { class: 'lessons' }, lessons.map((l, n) => {
      const head = l.chapter && l.chapter !== chapter ? h('p', { class: 'muted pad' }, l.chapter) : null;
      chapter = l.chapter;
      return [head, h('button', { class: 'lesson', type: 'button', test: 'lesson', 'data-id': l.id, disabled: !l.playable, onclick: () => go(`/mini/lesson/${l.id}`) }, h('span', { class: 'no' }, n + 1), h('span', { class: 'grow' }, l.title, h('small', {}, [{ text: '图文', audio: '音频', video: '视频', file: '资料' }[l.kind], l.seconds > 0 && mmss(l.seconds), l.quiz && '有测验', c.owned && l.reason].filter(Boolean).join(' · '))), l.finished ? h('span', { class: 'tag green' }, '学完') : l.playable && l.trial && !c.owned ? h('span', { class: 'tag' }, '试听') : !l.playable ? h('span', { class: 'tag grey', test: 'lesson-locked' }, c.owned ? '未开放' : '未购买') : l.position_seconds > 0 ? h('span', { class: 'tag grey' }, mmss(l.position_seconds)) : null)];
    })), !lessons.length && h('p', { class: 'muted' }, '课程正在准备中')), remarkBox(c)], leave: () => { shown = null; }, shown: () => $('body').focus({ preventScroll: true }) });
});

// memberBox lists what a bundle holds, and which of it is this person's already.
function memberBox(c) {
  const members = c.members || [], mine = c.members_owned || 0;
  return h('div', { class: 'block', test: 'members' }, h('h3', {}, '专栏里的课'), !c.owned && mine > 0 && h('p', { class: 'muted', test: 'members-owned' }, `已拥有 ${mine} 门`),
    h('div', { class: 'lessons' }, members.map((m, n) => h('button', { class: 'lesson', type: 'button', test: 'member', 'data-id': m.id, disabled: !m.page, onclick: () => go(`/mini/course/${m.id}`) }, h('span', { class: 'no' }, n + 1), h('span', { class: 'grow' }, m.title, h('small', {}, [m.teacher, `${m.lesson_count} 节`].filter(Boolean).join(' · '))), m.state === 'owned' ? h('span', { class: 'tag green', test: 'member-owned' }, '已拥有') : h('span', { class: 'tag grey', test: 'member-locked' }, '未购买')))),
    !members.length && h('p', { class: 'muted' }, '课程正在准备中'));
}

// certificateBox takes the certificate of a finished course, or leads to the page that proves it.
function certificateBox(c) {
  if (c.certificate) return h('div', { class: 'block' }, h('h3', {}, '结业证书'), h('p', {}, `${c.certificate.name}，学完 ${c.certificate.lessons} 课`), c.certificate.withdrawn ? h('p', { class: 'muted' }, '已被撤销') : h('a', { class: 'btn wide', href: new URL(new URL(c.certificate.url, phone.config.service).pathname, phone.config.service).href, target: '_blank', rel: 'noopener', test: 'certificate-proof' }, '看查证页'));
  const said = h('p', { class: 'tag red', role: 'alert', test: 'certificate-error', hidden: true });
  return h('form', { class: 'block form', test: 'certificate', onsubmit: async (e) => {
    e.preventDefault();
    const button = e.target.querySelector('button');
    button.disabled = true;
    said.hidden = true;
    try {
      await mini('POST', `/courses/${c.id}/certificate`, { name: new FormData(e.target).get('name') });
      toast('已领取');
      go(`/mini/course/${c.id}`);
    } catch (x) { said.textContent = x.message; said.hidden = false; button.disabled = false; }
  } }, h('h3', {}, '学完了，领结业证书'), h('label', { class: 'lab', for: 'certificate-name' }, '证书上的姓名（领了不能改）'), h('input', { class: 'field', id: 'certificate-name', name: 'name', required: true, maxlength: 20, autocomplete: 'name', test: 'certificate-name' }), said, h('button', { class: 'btn wide', test: 'certificate-take' }, '领取'));
}

// redeemBox takes a code; one that opened its course leads there.
function redeemBox() {
  const said = h('p', { class: 'tag red', role: 'alert', test: 'redeem-error', hidden: true });
  return h('form', { class: 'pad form', test: 'redeem', onsubmit: async (e) => {
    e.preventDefault();
    const button = e.target.querySelector('button');
    button.disabled = true;
    said.hidden = true;
    try {
      const r = await mini('POST', '/redeem', { code: new FormData(e.target).get('code').trim() });
      toast(r.again ? `《${r.title}》已经兑换过了` : `已兑换《${r.title}》`);
      go(`/mini/course/${r.course_id}`);
    } catch (x) { said.textContent = x.message; said.hidden = false; button.disabled = false; }
  } }, h('label', { class: 'lab', for: 'redeem-code' }, '有兑换码？'), h('input', { class: 'field', id: 'redeem-code', name: 'code', required: true, maxlength: 64, autocomplete: 'off', placeholder: 'ABCD-EFGH-JKMN', test: 'redeem-code' }), said, h('button', { class: 'btn wide', test: 'redeem-go' }, '兑换'));
}

page('/mini/mine', async () => {
  shown = null;
  await opened();
  const { items } = await mini('GET', '/me/courses');
  return frame({ title: '我的学习', left: h('span', {}), foot: tabbar('/mini/mine'), body: [items.length
    ? h('div', { class: 'courses', test: 'my-courses' }, items.map((c) => {
      const bar = h('i');
      bar.style.width = `${Math.round((c.progress || 0) * 100)}%`;
      return item(c, h('span', {}, h('span', { class: 'muted' }, `学完 ${c.finished_lessons || 0} 节，${Math.round((c.progress || 0) * 100)}%`), h('span', { class: 'progress', role: 'img', 'aria-label': `进度 ${Math.round((c.progress || 0) * 100)}%` }, bar)));
    }))
    : h('div', { class: 'empty', test: 'no-mine' }, h('strong', {}, '还没有课程'), h('p', {}, '买下的课会出现在这里。'), h('p', { class: 'pad' }, h('button', { class: 'btn blue', type: 'button', onclick: () => go('/mini') }, '去看看'))), redeemBox(), giftBox()] });
});
