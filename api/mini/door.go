// Package mini is the door for the Mini Program: JSON under /mini/v1, with the bearer token that login
// gave. One file per business registers its operations through verb, which asks for the token, or
// through open, which does not.
//
// What a phone sends beyond the known fields is ignored: an old phone must not break on a new server, nor
// the other way round.
package mini

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/article"
	"loudou/service/certificate"
	"loudou/service/coupon"
	"loudou/service/course"
	"loudou/service/event"
	"loudou/service/gift"
	"loudou/service/homework"
	"loudou/service/learner"
	"loudou/service/limit"
	"loudou/service/media"
	"loudou/service/order"
	"loudou/service/progress"
	"loudou/service/quiz"
	"loudou/service/redeem"
	"loudou/service/remark"
	"loudou/service/signup"
)

// Door holds the services its files speak to.
type Door struct {
	Learners     *learner.Service
	Courses      *course.Service
	Coupons      *coupon.Service
	Redeems      *redeem.Service
	Gifts        *gift.Service
	Progress     *progress.Service
	Certificates *certificate.Service
	Quizzes      *quiz.Service
	Remarks      *remark.Service
	Signups      *signup.Service
	Homework     *homework.Service
	Media        *media.Service
	Articles     *article.Service
	Events       *event.Service
	Orders       *order.Service
	Limits       *limit.Limiter
}

// Mount adds every operation of the Mini Program, and the files a phone loads by address.
func (d *Door) Mount(r *gin.Engine, api huma.API) {
	d.registerSession(api)
	d.registerCourse(api)
	d.registerLesson(api)
	d.registerMe(api)
	d.registerArticle(api)
	d.registerEvents(r, api)
	d.registerOrder(api)
	d.registerCoupon(api)
	d.registerRedeem(api)
	d.registerGift(api)
	d.registerCertificate(api)
	d.registerQuiz(api)
	d.registerRemark(api)
	d.registerSignup(api)
	d.registerHomework(r, api)
	r.GET("/media/:name", d.file)
	r.HEAD("/media/:name", d.file)
}

// maxBody is enough for everything a phone sends but events.
const maxBody = 16 << 10

// bearer names, in the document, what a learner shows.
const bearer = "learner"

// verb registers an operation of a learner. OperationIDs begin with mini, as the console's do not.
func verb[I, O any](d *Door, api huma.API, op huma.Operation, fn func(context.Context, *I) (*O, error)) {
	op.Security = []map[string][]string{{bearer: {}}}
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		c := humagin.Unwrap(ctx)
		if !d.admit(c) {
			return
		}
		next(huma.WithContext(ctx, c.Request.Context()))
	})
	open(api, op, fn)
}

// open registers an operation that needs no token.
func open[I, O any](api huma.API, op huma.Operation, fn func(context.Context, *I) (*O, error)) {
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody
	}
	op.Tags = append(op.Tags, "mini")
	op.Middlewares = append(huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		c := humagin.Unwrap(ctx)
		h := c.Writer.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next(ctx)
	}}, op.Middlewares...)
	respond.Verb(api, op, fn)
}

// perLearner bounds what one token may ask: twenty calls a second, with room for a page that opens.
var perLearner = limit.Rate{N: 1200, Per: time.Minute, Burst: 600}

// admit lets a learner in, or answers: 401 for whatever is wrong with the token, 429.
func (d *Door) admit(c *gin.Context) bool {
	token, ok := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	if !ok {
		c.Header("WWW-Authenticate", "Bearer")
		respond.Fail(c, respond.Status(http.StatusUnauthorized))
		return false
	}
	who, err := d.Learners.Authenticate(c.Request.Context(), token)
	if err == learner.ErrToken { //nolint:errorlint // returned as it is
		c.Header("WWW-Authenticate", `Bearer error="invalid_token"`)
		respond.Fail(c, respond.Status(http.StatusUnauthorized))
		return false
	}
	if err != nil {
		respond.Fail(c, err)
		return false
	}
	if wait, ok := d.Limits.Here("learner:"+strconv.FormatInt(who.LearnerID, 10), perLearner); !ok {
		tooMany(c, wait)
		return false
	}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), callerKey{}, who))
	return true
}

func tooMany(c *gin.Context, wait time.Duration) {
	c.Header("Retry-After", strconv.Itoa(1+int(wait/time.Second)))
	respond.Fail(c, respond.Status(http.StatusTooManyRequests))
}

type callerKey struct{}

// CallerFrom is the learner at the door; operations registered by verb always have one.
func CallerFrom(ctx context.Context) model.Caller {
	c, _ := ctx.Value(callerKey{}).(model.Caller)
	return c
}
