// The comments of a course: the pinned first, one's own that others do not see, then the newest by pages; writing one.
import { h, toast, when } from './ui.js';
import { mini, now, uuid7 } from './api.js';
import { track } from './events.js';

const waits = { checking: '正在检查，暂时只有您看得到', waiting: '等待查看，暂时只有您看得到' };

export function remarkBox(c) {
  const box = h('section', { class: 'block form', test: 'remarks' });
  const path = `/courses/${c.id}/remarks`;
  const one = (r) => h('div', { class: 'question', test: 'remark', 'data-state': r.state }, h('span', { class: 'muted' }, `${r.mine ? '我' : '学员'} · ${when(r.at, now())}`), r.pinned && h('span', { class: 'tag' }, '置顶'), h('p', {}, r.content),
    r.state !== 'shown' && h('p', { class: r.state === 'refused' ? 'tag red' : 'muted', test: 'remark-own-state' }, r.state === 'refused' ? `没有显示：${r.why}` : waits[r.state]), r.answer && h('p', { class: 'muted', test: 'remark-answer' }, `老师回复：${r.answer}`),
    r.mine && h('button', { class: 'btn small', type: 'button', test: 'remark-remove', onclick: async (e) => { e.target.disabled = true; try { await mini('DELETE', `/remarks/${r.id}`); await show(); } catch (x) { toast(x.message); e.target.disabled = false; } } }, '删除'));
  let key = '', sent = '';
  async function show() {
    const r = await mini('GET', path);
    const list = h('div', { class: 'form' }, [...r.pinned, ...r.own, ...r.items].map(one));
    const more = (token) => { const b = h('button', { class: 'btn', type: 'button', test: 'more-remarks', onclick: async () => { try { const page = await mini('GET', `${path}?page_token=${encodeURIComponent(token)}`); b.remove(); list.append(...page.items.map(one)); if (page.next_page_token) more(page.next_page_token); } catch (x) { toast(x.message); } } }, '更早的评论'); list.append(b); };
    if (r.next_page_token) more(r.next_page_token);
    if (!list.childNodes.length) list.append(h('p', { class: 'muted' }, '还没有评论'));
    box.replaceChildren(h('h3', {}, '评论'), r.open && c.owned ? write() : h('p', { class: 'muted', test: 'remarks-closed' }, r.open ? '有了这门课才能写评论' : '评论现在没有开放'), list);
  }
  function write() {
    const said = h('p', { class: 'tag red', role: 'alert', test: 'remark-error', hidden: true });
    return h('form', { class: 'form', onsubmit: async (e) => {
      e.preventDefault();
      const button = e.target.querySelector('button');
      const content = new FormData(e.target).get('content').trim();
      if (!key || content !== sent) { sent = content; key = uuid7(); } // the same words again are the same comment
      button.disabled = true;
      said.hidden = true;
      try {
        await mini('POST', path, { content }, { 'Idempotency-Key': key });
        key = '';
        track('comment', { course_id: c.id });
        toast('已提交，检查后显示');
        await show();
      } catch (x) { said.textContent = x.fields?.length ? x.fields.map((f) => f.message).join('；') : x.message; said.hidden = false; button.disabled = false; }
    } }, h('textarea', { class: 'field', name: 'content', rows: 2, maxlength: 500, placeholder: '学了觉得怎么样', 'aria-label': '写评论', test: 'remark-text' }), said, h('button', { class: 'btn blue', test: 'remark-send' }, '提交'));
  }
  void show().catch((x) => box.replaceChildren(h('h3', {}, '评论'), h('p', { class: 'muted' }, x.message)));
  return box;
}
