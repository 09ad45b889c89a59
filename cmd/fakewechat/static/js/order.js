// Buying: the order, WeChat's payment sheet, what happens after it, cancelling, asking for a refund.
import { ask, cover, h, icon, layer, money, toast, when, yuan } from './ui.js';
import { asset, mini, now, phone, wx } from './api.js';
import { flush, visit } from './events.js';
import { go, page, render } from './router.js';
import { frame, opened, tabbar } from './mini.js';

const states = { pending: ['待付款', 'red'], closing: ['正在关闭', 'grey'], closed: ['已关闭', 'grey'], paid: ['已付款', 'green'], partly_refunded: ['部分退款', ''], refunded: ['已退款', 'grey'] };
const tag = (s) => h('span', { class: `tag ${(states[s] || ['', ''])[1]}`, test: 'order-status', 'data-status': s }, (states[s] || [s])[0]);
const giftWord = { waiting: '待领取', frozen: '退款中，暂停领取', opened: '已领取', void: '已作废' };
const viaName = { jsapi: '微信支付', xpay: '虚拟支付', manual: '人工登记', free: '免费' };

const place = (body, key) => mini('POST', '/orders', body, { 'Idempotency-Key': key });
const attribution = () => Object.fromEntries(['article_id', 'campaign_id', 'channel'].map((k) => [k, visit[k]]).filter(([, v]) => v !== undefined));

export async function claimFree(c) {
  try {
    await place({ course_id: c.id, ...attribution() }, crypto.randomUUID());
    toast('已领取');
    render();
  } catch (e) { toast(e.message); render(); }
}

page('/mini/buy/(\\d+)', async ({ ids: [id], query }) => {
  const gift = query.get('gift') === '1';
  await opened();
  const c = await mini('GET', `/courses/${id}`);
  if (c.owned && !gift) { go(`/mini/course/${id}`); return frame({ title: '', body: '' }); }
  const vias = c.vias && c.vias.length ? c.vias : [];
  const offers = (await mini('GET', `/courses/${id}/coupons`).catch(() => ({ items: [] }))).items || [];
  const chip = (o) => h('button', { class: 'btn', type: 'button', test: 'coupon-offer', 'data-code': o.code, disabled: !o.usable, title: o.why || '', onclick: (e) => { e.target.form.elements.coupon.value = o.code; } }, o.usable ? `${o.name}，减 ¥${yuan(o.off)}` : `${o.name}：${o.why}`);
  const error = h('p', { class: 'tag red', test: 'buy-error', role: 'alert', hidden: true });
  let key = crypto.randomUUID();
  const send = async (e) => {
    e.preventDefault();
    const data = new FormData(e.target), button = e.target.querySelector('[data-test="place-order"]');
    button.disabled = true;
    error.hidden = true;
    const code = (data.get('coupon') || '').trim();
    try {
      const o = await place({ course_id: c.id, ...(gift && { gift }), ...(data.get('via') && { via: data.get('via') }), ...(code && { coupon_code: code }), ...attribution() }, key);
      await pay(o);
    } catch (x) {
      if (x.code === 'owned') { toast('你已经买过这门课'); go(`/mini/course/${c.id}`); return; }
      if (x.status >= 400 && x.status < 500 && x.status !== 409) key = crypto.randomUUID();
      error.textContent = x.message;
      error.hidden = false;
      button.disabled = false;
    }
  };
  return frame({ title: gift ? '买来送好友' : '确认订单', up: `/mini/course/${id}`, body: h('form', { class: 'pad form', onsubmit: send },
    h('div', { class: 'course' }, cover(asset(c.cover), c.title), h('span', { class: 'grow' }, h('strong', {}, c.title), h('span', { class: 'muted' }, `${c.lesson_count ?? (c.lessons || []).length} 节课，${gift ? '朋友领取后可一直学习，没有领取期限' : '购买后可一直学习'}`), c.refund && h('span', { class: 'muted', test: 'refund-rule' }, c.refund), h('span', { class: 'foot' }, h('span', { class: 'price' }, money(c.price))))),
    h('div', { class: 'block' }, h('label', { class: 'lab', for: 'coupon' }, '优惠码（没有就空着）'), h('input', { class: 'field', id: 'coupon', name: 'coupon', maxlength: 64, autocomplete: 'off', test: 'coupon' }), offers.map(chip)),
    vias.length > 1 && h('div', { class: 'block' }, h('fieldset', { class: 'via' }, h('legend', { class: 'lab' }, '支付方式'), vias.map((v, n) => h('label', {}, h('input', { type: 'radio', name: 'via', value: v, checked: n === 0, test: `via-${v}` }), viaName[v] || v)))),
    error, h('button', { class: 'btn buy wide', test: 'place-order' }, '提交订单')) });
});

// pay opens WeChat's sheet for an order. The phone's own success proves nothing: the order is asked until it is paid.
export async function pay(o) {
  if (o.status !== 'pending' || !o.pay) { go(`/mini/order/${o.out_trade_no}`); return; }
  const virtual = o.pay.signData !== undefined;
  let sheet;
  try {
    ({ sheet } = await wx.post(virtual ? '/virtual-pay' : '/jsapi-pay', { person: phone.person.id, pay: o.pay }));
  } catch (e) {
    toast(e.message, 3500);
    go(`/mini/order/${o.out_trade_no}`);
    return;
  }
  const cancelled = async () => { await wx.post(`/sheets/${sheet.id}/cancel`).catch(() => {}); toast('已取消支付'); go(`/mini/order/${o.out_trade_no}`); };
  const close = layer(h('div', { class: 'paysheet', test: 'pay-sheet', 'data-via': sheet.via }, h('p', { class: 'muted' }, virtual ? '小程序虚拟支付' : '微信支付'), h('p', { class: 'payee' }, sheet.payee), h('p', { class: 'sum', test: 'pay-amount' }, h('small', {}, '¥'), (sheet.amount / 100).toFixed(2)),
    h('dl', {}, h('dt', {}, '商品'), h('dd', {}, sheet.description), h('dt', {}, '付款方式'), h('dd', {}, '零钱'), h('dt', {}, '付款人'), h('dd', {}, phone.person.name)),
    h('div', { class: 'two' }, h('button', { class: 'btn', type: 'button', test: 'pay-cancel', onclick: () => { close(); cancelled(); } }, '取消'), h('button', { class: 'btn main', type: 'button', test: 'pay-confirm', onclick: async (e) => {
      e.target.disabled = true;
      try { await wx.post(`/sheets/${sheet.id}/pay`); close(); go(`/mini/done/${o.out_trade_no}`); } catch (x) { close(); toast(x.message); go(`/mini/order/${o.out_trade_no}`); }
    } }, '支付'))), { onclose: cancelled });
}

page('/mini/done/([^/]+)', async ({ ids: [no] }) => {
  let o = await mini('GET', `/orders/${no}`);
  for (let i = 0; i < 12 && (o.status === 'pending' || o.status === 'closing'); i++) {
    await new Promise((r) => setTimeout(r, 700));
    o = await mini('GET', `/orders/${no}`);
  }
  flush();
  const paid = o.status === 'paid';
  return frame({ title: paid ? '支付成功' : '支付结果', up: '/mini', left: h('span', {}), body: h('div', { class: 'done', test: paid ? 'pay-done' : 'pay-waiting' }, h('span', { class: 'tick' }, icon(paid ? 'tick' : 'dots')), h('h2', {}, paid ? '支付成功' : '正在确认支付结果'), h('p', { class: 'sum' }, `¥${yuan(o.amount)}`), h('p', { class: 'muted' }, o.title || ''),
    paid && o.kind === 'gift' && h('button', { class: 'btn blue wide', type: 'button', test: 'send-gift', onclick: () => go(`/mini/give/${no}`) }, '送给朋友'),
    paid && o.kind !== 'gift' && o.course_id && h('button', { class: 'btn blue wide', type: 'button', test: 'start-learning', onclick: () => go(`/mini/course/${o.course_id}`) }, '开始学习'), h('button', { class: 'btn wide', type: 'button', test: 'see-order', onclick: () => go(`/mini/order/${no}`) }, '查看订单')) });
});

page('/mini/orders', async () => {
  await opened();
  const box = h('div', { class: 'courses', test: 'orders' });
  const add = (r) => {
    box.append(...r.items.map((o) => h('button', { class: 'order', type: 'button', test: 'order', 'data-no': o.out_trade_no, onclick: () => go(`/mini/order/${o.out_trade_no}`) }, h('span', { class: 'line' }, h('strong', {}, o.title || `订单 ${o.out_trade_no}`), o.kind === 'gift' && h('span', { class: 'tag' }, '送好友'), tag(o.status)), h('span', { class: 'line muted' }, h('span', {}, o.created_at ? when(o.created_at, now()) : o.out_trade_no), h('span', { class: 'price' }, money(o.amount))))));
    if (r.next_page_token) { const b = h('button', { class: 'btn', type: 'button', onclick: async () => { b.remove(); add(await mini('GET', `/orders?page_token=${encodeURIComponent(r.next_page_token)}`)); } }, '再看一些'); box.append(b); }
  };
  const first = await mini('GET', '/orders');
  add(first);
  return frame({ title: '我的订单', left: h('span', {}), foot: tabbar('/mini/orders'), body: first.items.length ? box : h('div', { class: 'empty', test: 'no-orders' }, h('strong', {}, '还没有订单'), h('p', {}, '买一门课，订单会出现在这里。')) });
});

page('/mini/order/([^/]+)', async ({ ids: [no] }) => {
  const o = await mini('GET', `/orders/${no}`);
  const can = (a, states) => (o.actions ? o.actions.includes(a) : states.includes(o.status));
  const act = (fn) => async (e) => { e.target.disabled = true; try { await fn(); } catch (x) { toast(x.message, 3000); } render(); };
  const buttons = [
    o.status === 'pending' && h('button', { class: 'btn buy wide', type: 'button', test: 'order-pay', onclick: async (e) => { e.target.disabled = true; await pay(o); } }, '继续支付'),
    o.status === 'pending' && h('button', { class: 'btn wide', type: 'button', test: 'order-cancel', onclick: async (e) => { if (await ask('取消这笔订单？', '取消后需要重新下单。', '取消订单', { danger: true })) await act(() => mini('POST', `/orders/${no}/cancel`, {}))(e); } }, '取消订单'),
    o.gift && o.gift !== 'void' && h('button', { class: 'btn blue wide', type: 'button', test: 'see-gift', onclick: () => go(`/mini/give/${no}`) }, can('give', []) ? '送给朋友' : '看这份礼物'),
    (o.status === 'paid' || o.status === 'partly_refunded') && o.kind !== 'gift' && o.course_id && h('button', { class: 'btn blue wide', type: 'button', test: 'order-learn', onclick: () => go(`/mini/course/${o.course_id}`) }, '去学习'),
    can('refund', ['paid', 'partly_refunded']) && h('button', { class: 'btn wide', type: 'button', test: 'order-refund', onclick: () => go(`/mini/refund/${no}`) }, '申请退款'),
    can('withdraw', []) && h('button', { class: 'btn wide', type: 'button', test: 'order-withdraw', onclick: act(() => mini('DELETE', `/orders/${no}/refund-requests`)) }, '撤回退款申请'),
    (o.status === 'closed' || o.status === 'refunded') && o.course_id && h('button', { class: 'btn wide', type: 'button', onclick: () => go(`/mini/course/${o.course_id}`) }, '再看看这门课')];
  let timer = 0;
  if (o.status === 'pending' || o.status === 'closing') timer = setTimeout(() => { if (!document.querySelector('#layer .sheetbox')) render(); }, 6000);
  return frame({ title: '订单', up: '/mini/orders', leave: () => clearTimeout(timer), body: h('div', { class: 'pad form' },
    h('div', { class: 'order' }, h('span', { class: 'line' }, h('strong', {}, o.title || '课程'), tag(o.status)), h('p', { class: 'sum' }, `¥${yuan(o.amount)}`), h('dl', { class: 'facts' }, [['订单号', o.out_trade_no], ['支付方式', viaName[o.via] || o.via], ['下单', o.created_at && when(o.created_at, now())], ['付款', o.paid_at && when(o.paid_at, now())], ['付款期限', o.status === 'pending' && o.expires_at && when(o.expires_at, now())], ['礼物', giftWord[o.gift]], ['已退', o.refunded > 0 && `¥${yuan(o.refunded)}`]].filter(([, v]) => v).map(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])), o.status === 'closing' && h('p', { class: 'muted' }, o.via === 'xpay' ? '正在等微信确认不会再收到付款。虚拟支付不能提前关单，要等最后一次打开付款页半小时后；在这之前不能重新下单，已付的款仍会开课。' : '正在和微信确认这笔订单不会再收到付款，确认后自动关闭。')), buttons) });
});

page('/mini/refund/([^/]+)', async ({ ids: [no] }) => {
  const offer = await mini('GET', `/orders/${no}/refund-offer`);
  const error = h('p', { class: 'tag red', role: 'alert', test: 'refund-error', hidden: true });
  return frame({ title: '申请退款', up: `/mini/order/${no}`, body: h('form', { class: 'pad form', onsubmit: async (e) => {
    e.preventDefault();
    const reason = new FormData(e.target).get('reason').trim(), button = e.target.querySelector('button');
    button.disabled = true;
    try { await mini('POST', `/orders/${no}/refund-requests`, { reason }); toast('已提交，等待处理'); go(`/mini/order/${no}`); } catch (x) { error.textContent = x.message; error.hidden = false; button.disabled = false; }
  } }, h('div', { class: 'block', test: 'refund-offer', 'data-verdict': offer.verdict }, h('p', {}, offer.words), h('p', { class: 'muted' }, `下单时的规则：${offer.rule}。`), offer.verdict !== 'refused' && h('p', { class: 'muted' }, `可退 ¥${yuan(offer.amount)}`)), h('div', {}, h('label', { class: 'lab', for: 'reason' }, '为什么想退款'), h('textarea', { class: 'field', id: 'reason', name: 'reason', required: true, maxlength: 80, test: 'refund-reason' })), error, h('button', { class: 'btn buy wide', test: 'refund-send', disabled: offer.verdict === 'refused' }, '提交申请'), h('p', { class: 'muted' }, '提交后由客服处理；处理期间这门课会先停用。')) });
});
