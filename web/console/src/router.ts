import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { useSession } from './stores/session'
import { updated } from './lib/updated'

declare module 'vue-router' {
  // right: what the page is for; a role without it is told so instead of shown a form it cannot send.
  interface RouteMeta { title?: string; open?: boolean; right?: 'edit' | 'own' }
}

const pages: RouteRecordRaw[] = [
  { path: '', name: 'home', component: () => import('./views/home/HomePage.vue'), meta: { title: '首页' } },
  { path: 'plan', name: 'plan', component: () => import('./views/plan/PlanPage.vue'), meta: { title: '今日计划' } },
  { path: 'plan/review', name: 'plan-review', component: () => import('./views/plan/ReviewPage.vue'), meta: { title: '一周回顾' } },
  { path: 'calendar', name: 'calendar', component: () => import('./views/calendar/CalendarPage.vue'), meta: { title: '选题日历' } },
  { path: 'articles', name: 'articles', component: () => import('./views/article/ArticleList.vue'), meta: { title: '文章' } },
  { path: 'articles/new', name: 'article-new', component: () => import('./views/article/ArticleEdit.vue'), meta: { title: '新文章', right: 'edit' } },
  { path: 'articles/:id(\\d+)', name: 'article', component: () => import('./views/article/ArticlePage.vue'), meta: { title: '文章' } },
  { path: 'articles/:id(\\d+)/comments', name: 'comments', component: () => import('./views/article/CommentsPage.vue'), meta: { title: '留言' } },
  { path: 'articles/:id(\\d+)/edit', name: 'article-edit', component: () => import('./views/article/ArticleEdit.vue'), meta: { title: '编辑文章', right: 'edit' } },
  { path: 'overlaps', name: 'overlaps', component: () => import('./views/overlap/OverlapList.vue'), meta: { title: '重复度' } },
  { path: 'overlaps/:kind(lesson|article)/:id(\\d+)', name: 'overlap', component: () => import('./views/overlap/OverlapPage.vue'), meta: { title: '重复度' } },
  { path: 'overlaps/:kind(lesson|article)/:id(\\d+)/:other(lesson|article)/:otherId(\\d+)', name: 'overlap-side', component: () => import('./views/overlap/SidePage.vue'), meta: { title: '两篇对照' } },
  { path: 'broadcasts', name: 'broadcasts', component: () => import('./views/broadcast/BroadcastList.vue'), meta: { title: '群发' } },
  { path: 'broadcasts/new', name: 'broadcast-new', component: () => import('./views/broadcast/BroadcastEdit.vue'), meta: { title: '新群发', right: 'edit' } },
  { path: 'broadcasts/:id(\\d+)', name: 'broadcast', component: () => import('./views/broadcast/BroadcastPage.vue'), meta: { title: '群发' } },
  { path: 'broadcasts/:id(\\d+)/edit', name: 'broadcast-edit', component: () => import('./views/broadcast/BroadcastEdit.vue'), meta: { title: '修改群发', right: 'edit' } },
  { path: 'groups', name: 'groups', component: () => import('./views/group/GroupList.vue'), meta: { title: '社群' } },
  { path: 'groups/:id(\\d+)', name: 'group', component: () => import('./views/group/GroupPage.vue'), meta: { title: '社群' } },
  { path: 'alerts', name: 'alerts', component: () => import('./views/alert/AlertList.vue'), meta: { title: '提醒' } },
  { path: 'campaigns', name: 'campaigns', component: () => import('./views/campaign/CampaignList.vue'), meta: { title: '活动' } },
  { path: 'campaigns/new', name: 'campaign-new', component: () => import('./views/campaign/CampaignWizard.vue'), meta: { title: '新活动', right: 'edit' } },
  { path: 'campaigns/:id(\\d+)/invite', name: 'campaign-invite', component: () => import('./views/campaign/InvitePage.vue'), meta: { title: '裂变任务' } },
  { path: 'campaigns/:id(\\d+)/signup', name: 'campaign-signup', component: () => import('./views/campaign/SignupPage.vue'), meta: { title: '报名' } },
  { path: 'campaigns/:id(\\d+)', name: 'campaign', component: () => import('./views/campaign/CampaignPage.vue'), meta: { title: '活动' } },
  { path: 'partners', name: 'partners', component: () => import('./views/partner/PartnerList.vue'), meta: { title: '合作方' } },
  { path: 'partners/:id(\\d+)', name: 'partner', component: () => import('./views/partner/PartnerPage.vue'), meta: { title: '合作方' } },
  { path: 'replies', name: 'replies', component: () => import('./views/reply/ReplyList.vue'), meta: { title: '自动回复' } },
  { path: 'replies/new', name: 'reply-new', component: () => import('./views/reply/ReplyEdit.vue'), meta: { title: '新规则', right: 'edit' } },
  { path: 'replies/:id(\\d+)', name: 'reply', component: () => import('./views/reply/ReplyEdit.vue'), meta: { title: '编辑规则' } },
  { path: 'menu', name: 'menu', component: () => import('./views/menu/MenuPage.vue'), meta: { title: '自定义菜单' } },
  { path: 'release', name: 'release', component: () => import('./views/release/ReleasePage.vue'), meta: { title: '一起发布' } },
  { path: 'materials', name: 'materials', component: () => import('./views/material/MaterialPage.vue'), meta: { title: '素材库' } },
  { path: 'messages', name: 'messages', component: () => import('./views/message/MessageList.vue'), meta: { title: '粉丝消息' } },
  { path: 'notices', name: 'notices', component: () => import('./views/notice/NoticeList.vue'), meta: { title: '通知' } },
  { path: 'notices/new', name: 'notice-new', component: () => import('./views/notice/NoticeEdit.vue'), meta: { title: '新通知', right: 'edit' } },
  { path: 'notices/:id(\\d+)', name: 'notice', component: () => import('./views/notice/NoticePage.vue'), meta: { title: '通知' } },
  { path: 'notices/:id(\\d+)/edit', name: 'notice-edit', component: () => import('./views/notice/NoticeEdit.vue'), meta: { title: '修改通知', right: 'edit' } },
  { path: 'fans', name: 'fans', component: () => import('./views/fan/FanList.vue'), meta: { title: '粉丝' } },
  { path: 'fans/:id(\\d+)', name: 'fan', component: () => import('./views/fan/FanPage.vue'), meta: { title: '粉丝' } },
  { path: 'scenes', name: 'scenes', component: () => import('./views/scene/ScenePage.vue'), meta: { title: '二维码与链接' } },
  { path: 'scenes/batches/:id(\\d+)', name: 'scene-batch', component: () => import('./views/scene/BatchPage.vue'), meta: { title: '一批二维码' } },
  { path: 'scenes/:id(\\d+)', name: 'scene', component: () => import('./views/scene/CodePage.vue'), meta: { title: '二维码' } },
  { path: 'courses', name: 'courses', component: () => import('./views/course/CourseList.vue'), meta: { title: '课程' } },
  { path: 'courses/new', name: 'course-new', component: () => import('./views/course/CoursePage.vue'), meta: { title: '新课程', right: 'edit' } },
  { path: 'courses/:id(\\d+)/lessons/new', name: 'lesson-new', component: () => import('./views/course/LessonPage.vue'), meta: { title: '新课时', right: 'edit' } },
  { path: 'courses/:id(\\d+)/lessons/:lesson(\\d+)', name: 'lesson', component: () => import('./views/course/LessonPage.vue'), meta: { title: '编辑课时' } },
  { path: 'courses/:id(\\d+)', name: 'course', component: () => import('./views/course/CoursePage.vue'), meta: { title: '课程' } },
  { path: 'orders', name: 'orders', component: () => import('./views/order/OrderList.vue'), meta: { title: '订单' } },
  { path: 'orders/:no', name: 'order', component: () => import('./views/order/OrderPage.vue'), meta: { title: '订单' } },
  { path: 'abandoned', name: 'abandoned', component: () => import('./views/abandoned/AbandonedList.vue'), meta: { title: '没付成的订单' } },
  { path: 'coupons', name: 'coupons', component: () => import('./views/coupon/CouponList.vue'), meta: { title: '优惠券' } },
  { path: 'redeem', name: 'redeem', component: () => import('./views/redeem/RedeemList.vue'), meta: { title: '兑换码' } },
  { path: 'redeem/:id(\\d+)', name: 'redeem-batch', component: () => import('./views/redeem/RedeemBatch.vue'), meta: { title: '兑换码' } },
  { path: 'homework', name: 'homework', component: () => import('./views/homework/HomeworkList.vue'), meta: { title: '作业' } },
  { path: 'remarks', name: 'remarks', component: () => import('./views/remark/RemarkList.vue'), meta: { title: '评论' } },
  { path: 'inbox', name: 'inbox', component: () => import('./views/inbox/InboxPage.vue'), meta: { title: '钱款待办' } },
  { path: 'bills', name: 'bills', component: () => import('./views/bill/BillsPage.vue'), meta: { title: '对账' } },
  { path: 'bills/:via(jsapi|xpay)/:day(\\d{4}-\\d\\d-\\d\\d)', name: 'bill', component: () => import('./views/bill/BillPage.vue'), meta: { title: '对账' } },
  { path: 'access', name: 'suspects', component: () => import('./views/access/SuspectsPage.vue'), meta: { title: '开课核对' } },
  { path: 'access/:learner(\\d+)/:course(\\d+)', name: 'access', component: () => import('./views/access/AccessPage.vue'), meta: { title: '为什么能学' } },
  { path: 'learners/:id(\\d+)', name: 'learner', component: () => import('./views/access/LearnerPage.vue'), meta: { title: '学员' } },
  { path: 'data', name: 'data', component: () => import('./views/data/DataPage.vue'), meta: { title: '数据' } },
  { path: 'data/funnel', name: 'ask-funnel', component: () => import('./views/data/AskFunnel.vue'), meta: { title: '漏斗' } },
  { path: 'data/attribution', name: 'attribution', component: () => import('./views/data/AttributionPage.vue'), meta: { title: '归因' } },
  { path: 'data/retention', name: 'retention', component: () => import('./views/data/RetentionPage.vue'), meta: { title: '留存' } },
  { path: 'data/growth', name: 'growth', component: () => import('./views/data/GrowthPage.vue'), meta: { title: '增长' } },
  { path: 'data/mini', name: 'mini-statistics', component: () => import('./views/data/MiniPage.vue'), meta: { title: '小程序（微信统计）' } },
  { path: 'data/health', name: 'data-health', component: () => import('./views/data/HealthPage.vue'), meta: { title: '数据健康' } },
  { path: 'reports', name: 'reports', component: () => import('./views/report/ReportList.vue'), meta: { title: '工作汇报' } },
  { path: 'reports/:id(\\d+)', name: 'report', component: () => import('./views/report/ReportPage.vue'), meta: { title: '工作汇报' } },
  { path: 'reviews', name: 'reviews', component: () => import('./views/review/ReviewList.vue'), meta: { title: '复盘' } },
  { path: 'reviews/helps', name: 'helps', component: () => import('./views/review/HelpsPage.vue'), meta: { title: '用时与指标' } },
  { path: 'reviews/:id(\\d+)', name: 'review', component: () => import('./views/review/ReviewPage.vue'), meta: { title: '复盘' } },
  { path: 'operators', name: 'operators', component: () => import('./views/operator/OperatorList.vue'), meta: { title: '操作员', right: 'own' } },
  { path: 'connection', name: 'connection', component: () => import('./views/connection/ConnectionPage.vue'), meta: { title: '连接健康' } },
  { path: 'switchon', name: 'switchon', component: () => import('./views/switchon/SwitchOnPage.vue'), meta: { title: '接管向导' } },
  { path: 'webhooks', name: 'webhooks', component: () => import('./views/webhook/WebhookPage.vue'), meta: { title: '推送给自己的系统', right: 'own' } },
  { path: 'audit', name: 'audit', component: () => import('./views/audit/AuditPage.vue'), meta: { title: '操作记录', right: 'own' } },
  { path: 'guide', name: 'guide', component: () => import('./views/guide/GuidePage.vue'), meta: { title: '首次使用' } },
  { path: 'help', name: 'help', component: () => import('./views/help/HelpPage.vue'), meta: { title: '使用说明' } },
  { path: ':pathMatch(.*)*', name: 'nowhere', component: () => import('./views/NotFound.vue'), meta: { title: '没有这一页' } },
]

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    { path: '/login', name: 'login', component: () => import('./views/LoginPage.vue'), meta: { title: '登录', open: true } },
    { path: '/scenes/batches/:id(\\d+)/print', name: 'scene-print', component: () => import('./views/scene/PrintPage.vue'), meta: { title: '打印二维码' } },
    { path: '/', component: () => import('./layout/AppLayout.vue'), children: pages },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.hash ? { el: to.hash, top: 64 } : to.path === from.path ? false : { top: 0 }),
})

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  const session = useSession()
  try {
    await session.load()
  } catch {
    return { name: 'login', query: { next: to.fullPath } }
  }
  return session.inside ? true : { name: 'login', query: { next: to.fullPath } }
})

router.afterEach((to) => {
  document.title = to.meta.title ? `${to.meta.title} · 漏斗` : '漏斗'
})

// A tab older than the service asks for a file that is gone: say so instead of standing still.
router.onError((e: unknown) => {
  if (/dynamically imported module|module script|preload/i.test(String(e))) updated.value = true
})
