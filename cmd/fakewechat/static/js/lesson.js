// A lesson: text to read, sound or film to play. What was played is told to the service as progress and as events.
import { h, icon, mmss, rich, toast } from './ui.js';
import { asset, mini } from './api.js';
import { track } from './events.js';
import { go, page } from './router.js';
import { frame, opened } from './mini.js';
import { quizBox } from './quiz.js';
import { homeworkBox } from './homework.js';

page('/mini/lesson/(\\d+)', async ({ ids: [id] }) => {
  await opened();
  let l;
  try {
    l = await mini('GET', `/lessons/${id}`);
  } catch (e) {
    if (e.status !== 403) throw e;
    return frame({ title: '课', up: '/mini', body: h('div', { class: 'empty', test: 'locked' }, h('strong', {}, '这节课要购买后才能学'), h('p', {}, e.message), h('p', { class: 'pad' }, h('button', { class: 'btn blue', type: 'button', onclick: () => history.back() }, '返回'))) });
  }
  const total = l.seconds || 0;
  const type = l.owned ? 'lesson_play' : 'trial_play';
  let position = l.finished ? 0 : Math.min(l.position_seconds || 0, total || Infinity), told = position, played = 0, finished = Boolean(l.finished), sentFinish = finished, playing = false, speed = 1, timer = 0, last = 0;
  const mark = h('span', { class: 'tag green', test: 'finished', hidden: !finished }, '已学完');

  function tell() {
    const seconds = Math.floor(played);
    if (seconds > 0) { track(type, { lesson_id: l.id, course_id: l.course_id, seconds }); played -= seconds; }
  }
  async function report() {
    if (!l.owned) return;
    if (Math.floor(position) === Math.floor(told) && (!finished || sentFinish)) return;
    told = position;
    sentFinish = finished;
    try { const r = await mini('PUT', `/lessons/${l.id}/progress`, { position_seconds: Math.floor(position), finished }); if (r && r.finished) mark.hidden = false; } catch (e) { if (e.status !== 403) toast(e.message); }
  }
  function finish() {
    if (finished || l.quiz || l.homework_counts) return; // passing the quiz, or the homework, is what finishes it
    finished = true;
    mark.hidden = false;
    tell();
    report();
  }

  const head = h('div', { class: 'block' }, h('h3', { test: 'lesson-title' }, l.title, ' ', mark), h('p', { class: 'muted' }, l.owned ? '' : '试听课'));
  const text = l.content && h('div', { class: 'block' }, rich(l.content, asset));
  const src = asset(l.media);
  const timed = l.kind === 'audio' || l.kind === 'video';
  let stage = null;
  if (timed) {
    const fill = h('i'), at = h('span', { test: 'position' }), button = h('button', { class: 'play', type: 'button', test: 'play' });
    const media = src ? h(l.kind, { src, controls: true, preload: 'metadata', playsinline: true }) : null;
    const length = () => total || (media && Number.isFinite(media.duration) ? media.duration : 60);
    const draw = () => { fill.style.width = `${Math.min(100, position / length() * 100)}%`; at.textContent = `${mmss(position)} / ${mmss(length())}`; button.replaceChildren(icon(playing ? 'pause' : 'play')); button.setAttribute('aria-label', playing ? '暂停' : '播放'); };
    const advance = (dt, to) => { position = Math.min(length(), to); played += dt; if (played >= 15) { tell(); report(); } if (position >= length() - 0.5) { stop(); finish(); } draw(); };
    const tick = () => { const t = performance.now(), dt = (t - last) / 1000; last = t; advance(dt * speed, position + dt * speed); };
    const start = () => { if (position >= length() - 0.5) position = 0; playing = true; last = performance.now(); clearInterval(timer); timer = setInterval(tick, 250); track(type, { lesson_id: l.id, course_id: l.course_id }); draw(); };
    const stop = () => { playing = false; clearInterval(timer); tell(); report(); draw(); };
    button.addEventListener('click', () => (playing ? stop() : start()));
    const simulated = () => h('div', { class: 'player', test: 'player' }, h('div', { class: 'stage' }, l.title), h('div', { class: 'ctl' }, button, h('span', { class: 'bar' }, fill), at, h('select', { 'aria-label': '速度', test: 'speed', onchange: (e) => { speed = Number(e.target.value); } }, [1, 2, 10, 60].map((x) => h('option', { value: x }, `${x}×`)))));
    stage = h('div', {}, media ? h('div', { class: 'player', test: 'player' }, media) : simulated());
    if (media) {
      let from = 0;
      media.addEventListener('play', () => { from = media.currentTime; track(type, { lesson_id: l.id, course_id: l.course_id }); });
      media.addEventListener('timeupdate', () => { const dt = media.currentTime - from; from = media.currentTime; if (dt > 0 && dt < 5) advance(dt, media.currentTime); });
      media.addEventListener('pause', () => { tell(); report(); });
      media.addEventListener('ended', finish);
      media.addEventListener('loadedmetadata', () => { if (position > 0 && position < media.duration - 1) media.currentTime = position; });
      media.addEventListener('error', () => stage.replaceChildren(simulated()), { once: true }); // no film at hand: a clock that runs like one
    }
    draw();
  } else {
    track(type, { lesson_id: l.id, course_id: l.course_id });
    last = performance.now();
    timer = setInterval(() => { const t = performance.now(); if (document.visibilityState === 'visible') { played += (t - last) / 1000; position += (t - last) / 1000; } last = t; if (played >= 15) { tell(); report(); } }, 1000);
  }
  const foot = !timed && h('div', { class: 'buybar' }, h('span', { class: 'grow' }, l.kind === 'file' && src ? h('a', { class: 'btn small', href: src, target: '_blank', rel: 'noopener', download: true }, '下载资料') : ''), l.owned ? !l.quiz && !l.homework_counts && h('button', { class: 'btn blue', type: 'button', test: 'finish', onclick: (e) => { finish(); e.target.disabled = true; toast('学完一节'); } }, '学完了') : h('button', { class: 'btn buy', type: 'button', test: 'trial-buy', onclick: () => go(`/mini/course/${l.course_id}`) }, '看看整门课'));
  const quiz = l.quiz && await quizBox(l, () => { mark.hidden = false; });
  return frame({ title: '课', up: `/mini/course/${l.course_id}`, body: [stage, head, text, quiz, l.owned && l.homework && homeworkBox(l)], foot, leave: () => { clearInterval(timer); tell(); report(); } });
});
