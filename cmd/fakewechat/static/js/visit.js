// Opening the Mini Program from somewhere in WeChat: where it came from goes along, as scene and query do.
import { enter } from './events.js';
import { go } from './router.js';

// origin is where the capsule's close button leads back to.
export const origin = { path: '/discover' };

// openMini takes a pagepath as WeChat has it (pages/course/index?id=1&article_id=3) and a start.
export function openMini(pagepath, from = {}) {
  const [p, q] = String(pagepath || '').replace(/^\//, '').split('?');
  const query = new URLSearchParams(q || '');
  const pick = (k) => query.get(k) || undefined;
  const num = (k) => { const n = Number(query.get(k)); return Number.isInteger(n) && n > 0 ? n : undefined; };
  origin.path = location.hash.slice(1) || '/';
  enter({ article_id: num('article_id'), campaign_id: num('campaign_id'), channel: pick('channel'), code: pick('code'), share_id: pick('share_id'), ...from, fresh: 1 });
  const id = num('id') || num('course_id') || num('lesson_id');
  if (/gift/.test(p) && pick('gift')) go(`/mini/gift/${encodeURIComponent(pick('gift'))}`);
  else if (/signup/.test(p) && num('campaign_id')) go(`/mini/signup/${num('campaign_id')}`);
  else if (/lesson/.test(p) && id) go(`/mini/lesson/${id}`);
  else if (/order/.test(p)) go('/mini/orders');
  else if (/(mine|my|study)/.test(p)) go('/mini/mine');
  else if (id) go(`/mini/course/${id}`);
  else go('/mini');
}
