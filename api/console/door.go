// Package console is the door for operators: a session cookie, JSON under /console/v1, and the console's
// own pages under /console/.
//
// One file per business registers that business's operations through verb, which cannot be called
// without naming the right the operation needs; what a role may do is model.Role.May. A test walks the
// document for every role.
package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/alert"
	"loudou/service/article"
	"loudou/service/broadcast"
	"loudou/service/campaign"
	"loudou/service/certificate"
	"loudou/service/comment"
	"loudou/service/connection"
	"loudou/service/coupon"
	"loudou/service/course"
	"loudou/service/draft"
	"loudou/service/event"
	"loudou/service/figure"
	"loudou/service/follower"
	"loudou/service/gift"
	"loudou/service/grant"
	"loudou/service/group"
	"loudou/service/homework"
	"loudou/service/inbox"
	"loudou/service/invite"
	"loudou/service/iteration"
	"loudou/service/job"
	"loudou/service/learner"
	"loudou/service/ledger"
	"loudou/service/material"
	"loudou/service/media"
	"loudou/service/menu"
	"loudou/service/notice"
	"loudou/service/operator"
	"loudou/service/order"
	"loudou/service/overlap"
	"loudou/service/partner"
	"loudou/service/person"
	"loudou/service/plan"
	"loudou/service/poster"
	"loudou/service/privacy"
	"loudou/service/question"
	"loudou/service/quiz"
	"loudou/service/reconcile"
	"loudou/service/redeem"
	"loudou/service/release"
	"loudou/service/remark"
	"loudou/service/reply"
	"loudou/service/report"
	"loudou/service/review"
	"loudou/service/scene"
	"loudou/service/search"
	"loudou/service/signup"
	"loudou/service/statistic"
	"loudou/service/takeover"
	"loudou/service/webhook"
)

// Door holds the services its files speak to.
type Door struct {
	Certificates *certificate.Service
	Quizzes      *quiz.Service
	Remarks      *remark.Service
	Signups      *signup.Service
	Homework     *homework.Service

	Operators *operator.Service
	Articles  *article.Service
	Drafts    *draft.Service
	Replies   *reply.Service
	Menus     *menu.Service
	Releases  *release.Service
	Followers *follower.Service
	Scenes    *scene.Service
	Campaigns *campaign.Service
	Invites   *invite.Service
	Alerts    *alert.Service
	Groups    *group.Service
	Partners  *partner.Service
	Posters   *poster.Service
	Inbox     *inbox.Service
	Jobs      *job.Service
	Orders    *order.Service
	Grants    *grant.Desk
	Ledger    *ledger.Service
	Reconcile *reconcile.Service
	Courses   *course.Service
	Coupons   *coupon.Service
	Gifts     *gift.Service
	Learners  *learner.Service
	Privacy   *privacy.Service
	Redeems   *redeem.Service
	Media     *media.Service
	Materials *material.Service
	Comments  *comment.Service
	Figures   *figure.Service
	Questions *question.Service
	Search    *search.Service
	// Events, Persons and Statistics tell how the figures' own sources stand; Statistics is nil without an Official
	// Account.
	Events     *event.Service
	Persons    *person.Service
	Statistics *statistic.Service
	// MiniStatistics tells how WeChat answered about the Mini Program; nil without one.
	MiniStatistics *statistic.Mini
	// Broadcasts is one message to many.
	Broadcasts *broadcast.Service
	// Notices are template messages and subscription notices to a group.
	Notices *notice.Service
	// Plan is the operators' day: tasks, times, what they took.
	Plan *plan.Service
	// Iterations are the next versions of courses.
	Iterations *iteration.Service
	// Reports are the work reports; Reviews the turns of PDCA.
	Reports *report.Service
	Reviews *review.Service
	// Overlap is what lessons and articles have in common.
	Overlap *overlap.Service
	// Webhooks tell the company's own programs.
	Webhooks *webhook.Service
	// Connection tells how we are connected; Todos and Guards are what the first page composes.
	Connection *connection.Service
	Todos      []Todo
	Guards     func(ctx context.Context) (Guards, error)
	// Guide tells which first steps of the account are done.
	Guide GuideFacts
	// Takeovers lead from WeChat's own console to here; Switching holds what has to be typed in there.
	Takeovers *takeover.Service
	Switching Switching
	// PublicURL is the origin browsers reach us at; https makes the cookie __Host- and Secure.
	PublicURL string
	// MiniAppID is our Mini Program's, for cards and menu buttons; empty where there is none.
	MiniAppID string

	cross *http.CrossOriginProtection
}

// Mount adds every operation of the console.
func (d *Door) Mount(r *gin.Engine, api huma.API) {
	d.cross = http.NewCrossOriginProtection()
	if u, err := url.Parse(d.PublicURL); err == nil && u.Host != "" && u.Scheme != "" {
		// A proxy may hand on another Host than the one the browser spoke to. A malformed URL adds nothing.
		_ = d.cross.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	}
	d.registerSession(api)
	d.registerHome(api)
	d.registerGuide(api)
	d.registerConnection(api)
	d.registerSwitchOn(api)
	d.registerPlan(api)
	d.registerCalendar(api)
	d.registerOperator(api)
	d.registerAudit(api)
	d.registerJob(api)
	d.registerArticle(api)
	d.registerDraft(api)
	d.registerBroadcast(api)
	d.registerNotice(api)
	d.registerOrder(api)
	d.registerMoney(r, api)
	d.registerBill(r, api)
	d.registerWebhook(api)
	d.registerAccess(api)
	d.registerCourse(api)
	d.registerCourseDraft(api)
	d.registerCertificate(api)
	d.registerLesson(api)
	d.registerQuiz(api)
	d.registerRemark(api)
	d.registerHomework(api)
	d.registerAbandoned(api)
	d.registerCoupon(api)
	d.registerRedeem(api)
	d.registerMedia(r, api)
	d.registerMaterial(r, api)
	d.registerUpload(r, api)
	d.registerComment(api)
	d.registerReply(api)
	d.registerMenu(api)
	d.registerRelease(api)
	d.registerFollower(api)
	d.registerMessage(api)
	d.registerScene(api)
	d.registerCampaign(api)
	d.registerInvite(api)
	d.registerSignup(api)
	d.registerAlert(api)
	d.registerGroup(api)
	d.registerPartner(api)
	d.registerPoster(api)
	d.registerFigure(api)
	d.registerDataHealth(api)
	d.registerMiniStatistics(api)
	d.registerQuestion(api)
	d.registerGrowth(api)
	d.registerQuality(api)
	d.registerReport(api)
	d.registerReview(api)
	d.registerHelps(api)
	d.registerOverlap(api)
	d.registerSearch(api)
}

// verb registers an operation that needs right. Every operation of the door goes through here.
func verb[I, O any](d *Door, api huma.API, right model.Right, op huma.Operation, fn func(context.Context, *I) (*O, error)) {
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		c := humagin.Unwrap(ctx)
		if !d.admit(c, right, "application/json") {
			return
		}
		next(huma.WithContext(ctx, c.Request.Context()))
	})
	if op.Extensions == nil {
		op.Extensions = map[string]any{}
	}
	op.Extensions["x-right"] = string(right)
	if right != model.RightNone {
		needs := map[string][]string{"session": {}}
		if op.Method != http.MethodGet {
			needs["csrf"] = []string{}
		}
		op.Security = []map[string][]string{needs}
	}
	respond.Verb(api, op, fn)
}

// Guard is the same lock for a plain gin route: uploads, downloads, live figures. accept lists the content
// types its body may have; none when it has no body.
func (d *Door) Guard(right model.Right, accept ...string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if d.admit(c, right, accept...) {
			c.Next()
		}
	}
}

type visitor struct {
	operator model.Operator
	token    string // the cookie's value
	address  string
}

type visitorKey struct{}

// OperatorFrom is who is at the door; the zero operator where nobody needs to be logged in.
func OperatorFrom(ctx context.Context) model.Operator { return visitorFrom(ctx).operator }

func visitorFrom(ctx context.Context) visitor {
	v, _ := ctx.Value(visitorKey{}).(visitor)
	return v
}

// admit lets the request in, or answers it: another site's request or a missing token 403 csrf, nobody
// logged in 401, not one's right 403.
func (d *Door) admit(c *gin.Context, right model.Right, accept ...string) bool {
	secure(c.Writer.Header())
	if err := d.cross.Check(c.Request); err != nil {
		respond.Fail(c, errCSRF())
		return false
	}
	v := visitor{address: c.ClientIP(), token: d.cookie(c.Request)}
	writes := c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead
	if right != model.RightNone {
		o, ok, err := d.Operators.Session(c.Request.Context(), v.token)
		if err != nil {
			respond.Fail(c, err)
			return false
		}
		if !ok {
			respond.Fail(c, respond.Status(http.StatusUnauthorized))
			return false
		}
		v.operator = o
		if writes && !operator.SameCSRF(v.token, c.GetHeader("X-CSRF-Token")) {
			respond.Fail(c, errCSRF())
			return false
		}
		if !o.Role.May(right) {
			respond.Fail(c, respond.Status(http.StatusForbidden))
			return false
		}
	}
	// A page of another site can post a form, but not JSON: the type is a lock of its own.
	if writes && c.Request.ContentLength != 0 && !typed(c.ContentType(), accept) {
		respond.Fail(c, errCSRF())
		return false
	}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), visitorKey{}, v))
	return true
}

func typed(got string, accept []string) bool {
	return slices.ContainsFunc(accept, func(a string) bool { return strings.EqualFold(got, a) })
}

func errCSRF() error {
	return model.Refuse(model.ErrForbidden, model.CodeCSRF, "这个请求不是从控制台发出的，请刷新页面后再试")
}

// secure sets the headers of every answer of the API: it is data, never a page, and never kept.
func secure(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
