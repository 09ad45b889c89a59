// The quiz at the end of a lesson: answered, handed in under one key, and what came of it. The phone knows no right
// answer before.
import { h, toast } from './ui.js';
import { mini, uuid7 } from './api.js';
import { track } from './events.js';

const kinds = { single: '单选', multiple: '多选', judge: '判断' };

export async function quizBox(l, passed) {
  const box = h('div', { class: 'block form', test: 'quiz' });
  let quiz = await mini('GET', `/lessons/${l.id}/quiz`);
  const line = () => h('p', { class: 'muted', test: 'quiz-line' }, `${quiz.questions.length} 道题，满分 ${quiz.total} 分，${quiz.pass} 分及格，${quiz.left < 0 ? '次数不限' : `还能答 ${quiz.left} 次`}`);

  function answer() {
    const said = h('p', { class: 'tag red', role: 'alert', test: 'quiz-error', hidden: true });
    let key = '', sent = '';
    box.replaceChildren(h('form', { class: 'form', onsubmit: async (e) => {
      e.preventDefault();
      const data = new FormData(e.target);
      const body = { hash: quiz.hash, answers: quiz.questions.map((_, n) => data.getAll(`q${n}`).map(Number)) };
      const open = body.answers.findIndex((a) => !a.length);
      if (open >= 0) { said.textContent = `第 ${open + 1} 题还没有答`; said.hidden = false; return; }
      if (JSON.stringify(body) !== sent) { sent = JSON.stringify(body); key = uuid7(); }
      const button = e.target.querySelector('button');
      button.disabled = true;
      said.hidden = true;
      try {
        quiz = await mini('POST', `/lessons/${l.id}/quiz`, body, { 'Idempotency-Key': key });
        track('exercise', { lesson_id: l.id, course_id: l.course_id });
        if (quiz.last.passed) passed();
        toast(quiz.last.passed ? '及格了，这一课学完了' : '没有及格');
        result();
      } catch (x) { said.textContent = x.message; said.hidden = false; button.disabled = false; }
    } }, h('h3', {}, '测验'), line(), quiz.questions.map((q, n) => h('fieldset', { class: 'question', test: `quiz-question-${n}` }, h('legend', {}, `${n + 1}. ${q.text}`), h('span', { class: 'muted' }, `${kinds[q.kind]} · ${q.points} 分`),
      q.options.map((text, o) => h('label', { class: 'option', test: `quiz-option-${n}-${o}` }, h('input', { type: q.kind === 'multiple' ? 'checkbox' : 'radio', name: `q${n}`, value: o }), text)))), said, h('button', { class: 'btn blue wide', test: 'quiz-hand' }, '交卷')));
  }
  function result() {
    const r = quiz.last;
    box.replaceChildren(h('h3', {}, '测验'), line(), h('p', { test: 'quiz-score' }, h('strong', {}, `${r.points} 分，${r.passed ? '及格了' : '没有及格'}`)),
      ...r.questions.map((q, n) => h('div', { class: 'question', test: `quiz-answered-${n}` }, h('strong', {}, `${n + 1}. ${q.text}`), h('span', { class: q.correct ? 'tag green' : 'tag red' }, q.correct ? `答对，${q.points} 分` : '答错'),
        h('p', {}, `您选：${q.picked.map((o) => q.options[o]).join('、')}`), h('p', {}, `正确答案：${q.right.map((o) => q.options[o]).join('、')}`), q.why && h('p', { class: 'muted' }, q.why))),
      ...(quiz.left !== 0 ? [h('button', { class: 'btn wide', type: 'button', test: 'quiz-again', onclick: async () => { try { quiz = await mini('GET', `/lessons/${l.id}/quiz`); answer(); } catch (x) { toast(x.message); } } }, '再答一次')] : []));
  }
  if (quiz.last) result(); else answer();
  return box;
}
