// The homework of a lesson: the task, handing in words and pictures until it is marked, what the teacher says, good ones.
import { h, toast, when } from './ui.js';
import { asset, mini, now, uuid7 } from './api.js';
import { track } from './events.js';

const states = { waiting: '待批改', marked: '已批改', returned: '退回重交', replaced: '已重交' };
const mark = (s) => (s.state === 'marked' ? (s.score === undefined ? '通过' : `${s.score} 分`) : states[s.state]);

export function homeworkBox(l) {
  const box = h('section', { class: 'block form', test: 'homework' });
  const path = `/lessons/${l.id}/homework`;
  const shots = (urls) => h('div', { class: 'thumbs' }, urls.map((u) => h('img', { src: asset(u), alt: '作业图片', width: 72, height: 72 })));
  const one = (s, test) => h('div', { class: 'question', test, 'data-state': s.state }, h('span', { class: 'muted' }, `${s.mine ? '我' : '学员'} · ${when(s.at, now())}${s.late ? ' · 迟交' : ''}`), h('span', { class: s.state === 'returned' ? 'tag red' : 'tag', test: 'homework-mark' }, mark(s)),
    s.content && h('p', {}, s.content), s.pictures.length > 0 && shots(s.pictures.map((p) => p.url)), s.words && h('p', { class: 'muted', test: 'homework-words' }, `老师：${s.words}`));
  let key = '', sent = '', pictures = [];
  async function show() {
    const w = await mini('GET', path);
    box.replaceChildren(...[h('h3', {}, `作业：${w.title}`), h('p', {}, w.task), w.due_at && h('p', { class: 'muted' }, `请在 ${when(w.due_at, now())} 前交`), w.counts && h('p', { class: 'muted' }, '作业通过才算学完这一课'),
      w.last && one(w.last, 'homework-mine'), w.actions.includes('hand_in') ? hand(w) : !w.last && h('p', { class: 'muted' }, w.reason), w.featured.length > 0 && h('h3', {}, '精选作业'), ...w.featured.map((s) => one(s, 'homework-good'))].filter(Boolean));
  }
  function hand(w) {
    const said = h('p', { class: 'tag red', role: 'alert', test: 'homework-error', hidden: true });
    const fail = (x) => { said.textContent = x.fields?.length ? x.fields.map((f) => f.message).join('；') : x.message; said.hidden = false; };
    const list = h('div', {}, shots(pictures.map((p) => p.url)));
    const choose = h('input', { class: 'field', type: 'file', accept: 'image/*', 'aria-label': '选图片', test: 'homework-file', onchange: async (e) => {
      const form = new FormData();
      form.append('file', e.target.files[0], 'picture.jpg');
      said.hidden = true;
      try { pictures.push(await mini('POST', `${path}/pictures`, form)); list.replaceChildren(shots(pictures.map((p) => p.url))); list.dataset.test = 'homework-sent'; } catch (x) { fail(x); }
      e.target.value = '';
    } });
    return h('form', { class: 'form', onsubmit: async (e) => {
      e.preventDefault();
      const button = e.target.querySelector('button');
      const body = { content: new FormData(e.target).get('content').trim(), pictures: pictures.map((p) => p.id) };
      if (!key || JSON.stringify(body) !== sent) { sent = JSON.stringify(body); key = uuid7(); }
      button.disabled = true;
      said.hidden = true;
      try {
        await mini('POST', `${path}/submissions`, body, { 'Idempotency-Key': key });
        key = ''; pictures = [];
        track('exercise', { lesson_id: l.id, course_id: l.course_id });
        toast('已提交，批改前可以重交');
        await show();
      } catch (x) { fail(x); button.disabled = false; }
    } }, h('textarea', { class: 'field', name: 'content', rows: 3, maxlength: 2000, placeholder: w.need_text ? '写在这里' : '可以写几句', 'aria-label': '作业文字', test: 'homework-text' }), list, choose, said, h('button', { class: 'btn blue', test: 'homework-hand' }, w.last ? '重交' : '提交'));
  }
  void show().catch((x) => box.replaceChildren(h('h3', {}, '作业'), h('p', { class: 'muted' }, x.message)));
  return box;
}
