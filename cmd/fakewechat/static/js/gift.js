// A course for a friend: sending it on, and opening it. The code is the gift: whoever comes first has it.
import { cover, h, toast, when } from './ui.js';
import { asset, mini, now } from './api.js';
import { go, page } from './router.js';
import { frame, opened } from './mini.js';

const words = { waiting: ['待领取', 'red'], frozen: ['退款中，暂停领取', 'grey'], opened: ['已领取', 'green'], void: ['已作废', 'grey'] };
const tag = (s) => h('span', { class: `tag ${words[s][1]}`, test: 'gift-status', 'data-status': s }, words[s][0]);

page('/mini/give/([^/]+)', async ({ ids: [no] }) => {
  await opened();
  const g = await mini('GET', `/orders/${no}/gift`);
  const c = await mini('GET', `/courses/${g.course_id}`).catch(() => ({ title: '课程' }));
  return frame({ title: '送好友', up: `/mini/order/${no}`, body: h('div', { class: 'pad form' },
    h('div', { class: 'course' }, cover(asset(c.cover), c.title), h('span', { class: 'grow' }, h('strong', {}, c.title), h('span', {}, tag(g.status)), g.opened_at && h('span', { class: 'muted' }, `${g.mine ? '自己留下了' : '朋友领走了'}，${when(g.opened_at, now())}`))),
    g.code && h('div', { class: 'block' }, h('p', { class: 'lab' }, '礼物码'), h('p', { test: 'gift-code', 'data-path': g.path }, h('strong', {}, g.code.replace(/(.{4})(?=.)/g, '$1-'))), h('p', { class: 'muted' }, '谁先打开就归谁，没有期限。真的手机上是一张转发给朋友的卡片；在这里，换一个人再领。')),
    g.status === 'waiting' && h('button', { class: 'btn blue wide', type: 'button', test: 'gift-send', onclick: () => toast('已转发给朋友') }, '转发给朋友'),
    g.status === 'waiting' && h('button', { class: 'btn wide', type: 'button', test: 'gift-keep', onclick: () => go(`/mini/gift/${g.code}`) }, '留给自己')) });
});

page('/mini/gift/([^/]+)', async ({ ids: [code] }) => {
  await opened();
  const g = await mini('POST', '/gifts/look', { code });
  const can = (a) => g.actions.includes(a);
  const said = h('p', { class: 'tag red', role: 'alert', test: 'gift-error', hidden: true });
  const take = async (e) => {
    e.target.disabled = true;
    try {
      const r = await mini('POST', '/gifts/open', { code });
      toast(r.again ? '已经领过了' : `已领取《${r.title}》`);
      go(`/mini/course/${r.course_id}`);
    } catch (x) { said.textContent = x.message; said.hidden = false; e.target.disabled = false; }
  };
  return frame({ title: '朋友送你一门课', up: '/mini/mine', body: h('div', { class: 'pad form', test: 'gift' },
    h('div', { class: 'course' }, cover(asset(g.cover), g.title), h('span', { class: 'grow' }, h('strong', { test: 'gift-title' }, g.title), h('span', {}, tag(g.status)))),
    g.status === 'opened' && !g.mine && h('p', { class: 'muted', test: 'gift-gone' }, '这份礼物已经被领走了。'),
    g.owned && !g.mine && g.status === 'waiting' && h('p', { class: 'muted' }, '你已经有这门课了，可以把它转给别人。'),
    said,
    can('open') && h('button', { class: 'btn buy wide', type: 'button', test: 'gift-open', onclick: take }, g.given ? '留给自己' : '领取'),
    can('learn') && h('button', { class: 'btn blue wide', type: 'button', test: 'gift-learn', onclick: () => go(`/mini/course/${g.course_id}`) }, '去学习')) });
});

// giftBox takes the code of a gift that was not sent as a card.
export const giftBox = () => h('form', { class: 'pad form', onsubmit: (e) => { e.preventDefault(); go(`/mini/gift/${encodeURIComponent(new FormData(e.target).get('gift').trim())}`); } },
  h('label', { class: 'lab', for: 'gift-code' }, '朋友送了课？'), h('input', { class: 'field', id: 'gift-code', name: 'gift', required: true, maxlength: 64, autocomplete: 'off', placeholder: '礼物码', test: 'gift-input' }), h('button', { class: 'btn wide', test: 'gift-look' }, '看看'));
