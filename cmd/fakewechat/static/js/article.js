// The account's articles, as on its history page, and one article with the card to its course.
import { account, cover, h, icon, rich, toast, when } from './ui.js';
import { asset, now, open, phone, wx } from './api.js';
import { go, page } from './router.js';
import { track } from './events.js';
import { openMini } from './visit.js';

page('/articles', async () => {
  const first = await open('/articles');
  const box = h('div', { class: 'thread', test: 'articles' });
  const add = (r) => {
    box.append(...(r.items || []).map(card));
    if (r.next_page_token) { const b = h('button', { class: 'btn', type: 'button', test: 'more-articles', onclick: async () => { b.remove(); add(await open(`/articles?page_token=${encodeURIComponent(r.next_page_token)}`)); } }, '更早的文章'); box.append(b); }
  };
  const card = (a) => h('button', { class: 'newsbox', type: 'button', test: 'article', 'data-id': a.id, onclick: () => go(`/article/${a.id}`) }, h('span', { class: 'lead' }, cover(asset(a.cover), a.title), h('span', { class: 'cap' }, h('strong', {}, a.title), a.digest && h('p', {}, a.digest), h('p', {}, a.published_at ? when(a.published_at, now()) : ''))));
  add(first);
  return { title: '文章', up: '/account', body: (first.items || []).length ? box : h('div', { class: 'empty', test: 'no-articles' }, h('strong', {}, '还没有文章'), h('p', {}, '在后台发布一篇文章，它就会出现在这里。')) };
});

// comments is what stands under an article that WeChat carries: what was picked, and one's own.
function comments(url) {
  const box = h('section', { class: 'comments', test: 'comments' });
  const path = () => `/people/${phone.person.id}/comments`;
  async function show() {
    const r = url && phone.person ? await wx.get(`${path()}?url=${encodeURIComponent(url)}`).catch(() => ({})) : {};
    if (!r.found) { box.replaceChildren(); return; }
    const text = h('textarea', { class: 'field', rows: 2, maxlength: 600, placeholder: '写留言', 'aria-label': '写留言', test: 'comment-text' });
    const send = async () => { try { await wx.post(path(), { url, text: text.value }); toast('留言已提交，被精选后公开显示'); await show(); } catch (e) { toast(e.message); } };
    box.replaceChildren(h('h3', {}, '留言'), ...(r.items.length ? r.items.map((c) => h('div', { class: 'comment', test: 'comment' }, h('strong', {}, c.name), !c.elected && h('span', { class: 'muted' }, '（只有自己可见）'), h('p', {}, c.content), c.reply && h('p', { class: 'answer', test: 'comment-reply' }, `作者回复：${c.reply}`))) : [h('p', { class: 'muted' }, '还没有精选留言')]),
      r.open ? h('div', {}, text, h('button', { class: 'btn', type: 'button', test: 'comment-send', onclick: send }, '提交')) : h('p', { class: 'muted', test: 'comments-closed' }, '没有开放留言'));
  }
  void show();
  return box;
}

page('/article/(\\d+)', async ({ ids: [id], query }) => {
  const a = await open(`/articles/${id}`);
  const course = a.course || (a.course_id ? { id: a.course_id } : null);
  const title = course && (course.title || `跟着这篇文章学：${a.title}`);
  const enterCourse = () => {
    track('article_click', { article_id: Number(id), course_id: course.id, code: query.get('code') });
    openMini(`pages/course/index?id=${course.id}&article_id=${id}`, { scene: 1058, code: query.get('code') || undefined });
  };
  return { title: phone.config.account.name, up: '/articles', body: h('article', { class: 'reader', test: 'reader' },
    h('h2', { test: 'article-title' }, a.title), h('p', { class: 'by' }, [a.author, phone.config.account.name, a.published_at && when(a.published_at, now())].filter(Boolean).join(' · ')),
    a.content ? rich(a.content, asset) : h('p', { class: 'rich' }, a.digest || ''),
    course && h('div', { class: 'gap' }, h('p', { class: 'pad' }), h('button', { class: 'minicard wide', type: 'button', test: 'course-card', 'data-course': course.id, onclick: enterCourse }, h('span', { class: 'app' }, h('span', { class: 'dot' }), phone.config.mini.name), h('span', { class: 'title' }, title), cover(asset(course.cover || a.cover), title), h('span', { class: 'foot' }, icon('mini'), '小程序'))),
    comments(a.url),
    h('p', { class: 'by gap' }), h('button', { class: 'row', type: 'button', onclick: () => go('/account') }, account('small'), h('span', { class: 'grow name' }, phone.config.account.name))) };
});
