// Signing up for a campaign: filled in, changed, cancelled. The number comes by WeChat's button, not by typing.
import { h, toast, when } from './ui.js';
import { mini, now, phone, wx } from './api.js';
import { page } from './router.js';
import { frame, opened } from './mini.js';

const text = (s) => (s.mine?.state === 'joined' ? '已报名' : s.mine?.state === 'waiting' ? (s.mine.ahead ? `候补中，前面还有 ${s.mine.ahead} 位` : '候补中，下一个就是您') : '');
const room = (s) => (s.phase === 'before' ? `${when(s.from, now())} 开始报名` : s.phase === 'off' ? '报名暂停了' : s.phase !== 'open' ? '报名已经结束' : s.left === undefined ? '名额不限' : s.left > 0 ? `还有 ${s.left} 个名额` : '名额已满，现在报名进候补');

page('/mini/signup/(\\d+)', async ({ ids: [id] }) => {
  await opened();
  const path = `/campaigns/${id}/signup`;
  const box = h('div', { class: 'pad form', test: 'signup' });
  let s = await mini('GET', path);

  function field(q) {
    const had = (s.mine?.answers ?? []).find((a) => a.key === q.key)?.values ?? [];
    const name = `k${q.key}`, test = `signup-answer-${q.key}`;
    if (q.kind === 'text') return h('input', { class: 'field', name, test, maxlength: 100, value: had[0] ?? '', 'aria-label': q.label });
    if (q.kind === 'lines') return h('textarea', { class: 'field', name, test, rows: 3, maxlength: 500, 'aria-label': q.label }, had[0] ?? '');
    if (q.kind === 'phone') return h('div', { class: 'form' },
      s.phone && h('label', { class: 'option', test }, h('input', { type: 'checkbox', name, value: 'given', checked: had.length > 0 }), `用 ${s.phone}`),
      h('button', { class: 'btn wide', type: 'button', test: 'signup-phone', onclick: async (e) => {
        e.target.disabled = true;
        try {
          s = { ...s, phone: (await mini('POST', '/me/phone', await wx.fake('POST', '/login-code', { person: phone.person.id, phone: true }))).phone };
          const form = new FormData(e.target.closest('form'));
          s.mine = { ...(s.mine ?? { state: 'cancelled' }), answers: [...answers(form).filter((a) => a.key !== q.key), { key: q.key, values: ['given'] }] };
          fill();
        } catch (x) { toast(x.message); e.target.disabled = false; }
      } }, s.phone ? '换一个手机号' : '留手机号'));
    return q.options.map((o) => h('label', { class: 'option', test }, h('input', { type: q.kind === 'multiple' ? 'checkbox' : 'radio', name, value: o, checked: had.includes(o) }), o));
  }
  const answers = (form) => s.fields.map((q) => ({ key: q.key, values: form.getAll(`k${q.key}`).map((v) => v.trim()).filter(Boolean) })).filter((a) => a.values.length);
  const head = () => [h('h3', {}, s.title), h('p', { class: 'muted', test: 'signup-line' }, `${s.campaign} · ${room(s)}`), text(s) && h('p', { test: 'signup-state' }, h('strong', {}, text(s))), s.after_text && h('p', {}, s.after_text)];

  function fill() {
    const said = h('p', { class: 'tag red', role: 'alert', test: 'signup-error', hidden: true });
    box.replaceChildren(h('form', { class: 'form', onsubmit: async (e) => {
      e.preventDefault();
      const button = e.target.querySelector('button[data-test="signup-send"]');
      button.disabled = true;
      said.hidden = true;
      try {
        s = await mini('PUT', path, { answers: answers(new FormData(e.target)) });
        toast(s.mine.state === 'waiting' ? '名额已满，已进候补' : '报名成功');
        stand();
      } catch (x) { said.textContent = x.fields?.length ? x.fields.map((f) => f.message).join('；') : x.message; said.hidden = false; button.disabled = false; }
    } }, head(), s.fields.map((q) => h('fieldset', { class: 'question' }, h('legend', {}, q.label + (q.required ? '' : '（可不填）')), field(q))), said, h('p', { class: 'muted' }, '填的内容只给办活动的人看，用来联系您和到场点名。'), h('button', { class: 'btn blue wide', test: 'signup-send' }, text(s) ? '保存修改' : '报名')));
  }
  function stand() {
    const open = s.phase === 'open';
    if (open && !text(s)) { fill(); return; }
    box.replaceChildren(...[...head(), open && h('button', { class: 'btn wide', type: 'button', test: 'signup-change', onclick: fill }, '修改填的内容'),
      s.phase !== 'over' && text(s) && h('button', { class: 'btn wide', type: 'button', test: 'signup-cancel', onclick: async (e) => { e.target.disabled = true; try { s = await mini('DELETE', path); toast('已取消'); stand(); } catch (x) { toast(x.message); e.target.disabled = false; } } }, '取消报名')].filter(Boolean));
  }
  stand();
  return frame({ title: '报名', up: '/mini', body: box });
});
