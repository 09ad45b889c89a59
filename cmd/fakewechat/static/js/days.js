// The panel of bad days. Each switch stays until it is turned off, also over a restart.
import { h, toast } from './ui.js';
import { wx } from './api.js';

const off = () => ({ push: { times: 0, together: false, late: 0, forged: false }, notice: { times: 0, delay_seconds: 0, never: false, wrong_amount: false, forged: false, probe: false }, api: { down: false, slow_seconds: 0, errcode: 0 }, pay_api: { down: false, slow_seconds: 0, code: '' }, refund: '' });

const groups = [
  ['消息推送', [
    ['push.times', '同一条推送三次', { on: 3 }], ['push.together', '三次同时到', {}], ['push.late', '回答算迟到', { pick: [[0, '不'], [1, '第一次'], [2, '前两次'], [3, '三次都迟']] }], ['push.forged', '伪造签名', {}]]],
  ['支付和退款通知', [
    ['notice.times', '通知两次', { on: 2 }], ['notice.delay_seconds', '通知迟到', { pick: [[0, '不'], [10, '10 秒'], [60, '1 分钟'], [600, '10 分钟']] }], ['notice.never', '不来通知', {}], ['notice.wrong_amount', '通知里金额不对', {}], ['notice.forged', '伪造通知', {}], ['notice.probe', '先来一次签名探测', {}]]],
  ['微信接口', [
    ['api.down', '断线', {}], ['api.slow_seconds', '变慢', { pick: [[0, '不'], [3, '3 秒'], [6, '6 秒'], [20, '20 秒']] }], ['api.errcode', '返回错误码', { pick: [[0, '不'], [45009, '45009 超过日限额'], [40001, '40001 凭证无效'], [45011, '45011 太频繁'], [-1, '-1 系统繁忙'], [48001, '48001 未授权']] }]]],
  ['微信支付接口', [
    ['pay_api.down', '断线', {}], ['pay_api.slow_seconds', '变慢', { pick: [[0, '不'], [3, '3 秒'], [6, '6 秒'], [20, '20 秒']] }], ['pay_api.code', '返回错误', { pick: [['', '不'], ['SYSTEM_ERROR', 'SYSTEM_ERROR'], ['FREQUENCY_LIMITED', 'FREQUENCY_LIMITED']] }]]],
  ['退款结果', [['refund', '退款最后', { pick: [['', '成功'], ['ABNORMAL', '异常'], ['CLOSED', '关闭'], ['PROCESSING', '一直处理中']] }]]],
];

const get = (o, k) => k.split('.').reduce((a, x) => a[x], o);
const set = (o, k, v) => { const ks = k.split('.'), last = ks.pop(); ks.reduce((a, x) => a[x], o)[last] = v; };

// applePanel lets Apple ask about a payment on iOS, shows the service's answer, and gives the money back.
function applePanel() {
  const said = h('p', { class: 'muted', test: 'apple-answer', role: 'status' });
  const pick = h('select', { test: 'apple-order', 'aria-label': '哪一笔' });
  const field = h('fieldset', {}, h('legend', {}, 'Apple 退款（iOS 上的虚拟支付）'), h('label', {}, '哪一笔', pick));
  const act = (path, body, words) => async (e) => {
    e.target.disabled = true;
    try { said.textContent = words(await wx.fake('POST', `/xpay/orders/${pick.value}/${path}`, body)); } catch (x) { said.textContent = x.message; }
    e.target.disabled = false;
  };
  const ask = h('button', { class: 'btn small', type: 'button', test: 'apple-ask', onclick: act('ask-refund', { reason: '孩子误买' }, (a) => `商户${a.result_code === 0 ? '同意' : '不同意'}：${a.result_info}（${a.evidence}）`) }, '来问要不要退');
  const back = h('button', { class: 'btn small', type: 'button', test: 'apple-refund', onclick: act('apple-refund', {}, () => 'Apple 已退款') }, '直接退了');
  wx.fake('GET', '/orders').then((r) => {
    const paid = r.xpay.filter((o) => o.ios && o.left > 0).sort((a, b) => Date.parse(b.paid_at) - Date.parse(a.paid_at)).slice(0, 20); // they come in no order
    pick.append(...paid.map((o) => h('option', { value: o.order_id }, `…${o.order_id.slice(-8)}，¥${(o.price / 100).toFixed(2)}`)));
    if (!paid.length) { pick.disabled = ask.disabled = back.disabled = true; said.textContent = '还没有 iPhone 上付过的虚拟支付订单。'; }
  }).catch((x) => { said.textContent = x.message; });
  field.append(h('p', { class: 'two' }, ask, back), said);
  return field;
}

export async function dayPanel() {
  const box = h('div', { class: 'daypanel', test: 'day-panel' });
  let days = await wx.days();
  const bad = () => JSON.stringify(normal(days)) !== JSON.stringify(normal(off()));
  async function save() {
    try { days = await wx.setDays(days); } catch (e) { toast(e.message); }
    for (const other of document.querySelectorAll('[data-test="day-panel"]')) if (other !== box) other.dispatchEvent(new Event('reload'));
    draw();
  }
  function draw() {
    box.replaceChildren(h('h2', {}, '坏日子 ', h('span', { class: `badge ${bad() ? 'bad' : ''}`, test: 'day-state' }, bad() ? '正在演练' : '一切正常')), h('p', { class: 'muted' }, '开着就一直这样，直到关上。'),
      ...groups.map(([title, list]) => h('fieldset', {}, h('legend', {}, title), list.map(([key, text, o]) => {
        const v = get(days, key), test = `day-${key.replace('.', '-')}`;
        if (o.pick) {
          const s = h('select', { test, onchange: (e) => { const x = o.pick.find(([k]) => String(k) === e.target.value); set(days, key, x[0]); save(); } }, o.pick.map(([k, t]) => h('option', { value: String(k) }, t)));
          s.value = String(v ?? '');
          return h('label', {}, text, s);
        }
        return h('label', {}, text, h('input', { type: 'checkbox', role: 'switch', test, checked: o.on ? v > 1 : v, onchange: (e) => { set(days, key, o.on ? (e.target.checked ? o.on : 0) : e.target.checked); save(); } }));
      }))), applePanel(), h('button', { class: 'btn wide', type: 'button', test: 'days-off', onclick: () => { days = off(); save(); } }, '全部恢复正常'));
  }
  box.addEventListener('reload', async () => { days = await wx.days(); draw(); });
  draw();
  return box;
}

const normal = (d) => ({ ...d, push: { ...d.push, times: d.push.times > 1 ? d.push.times : 0 }, notice: { ...d.notice, times: d.notice.times > 1 ? d.notice.times : 0 } });
