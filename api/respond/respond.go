// Package respond is the one place where an error becomes a status and a body, and where a handler's
// failure is logged, once.
//
// A failed call answers {"error":{"code","message","fields"}}: code is stable English, message Chinese
// for a person. Only a model.Refusal's words leave the house; every other error is told by its kind.
package respond

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"loudou/model"
	"loudou/service/store"
)

// Error is the body of every failed call.
type Error struct {
	status int
	after  time.Duration // what Retry-After says; zero is a second
	Err    Failure       `json:"error"`
}

// Failure is what went wrong: a stable code, words for a person, and the fields at fault.
type Failure struct {
	Code    string             `json:"code" doc:"stable English name of the fault"`
	Message string             `json:"message" doc:"Chinese, for a person"`
	Fields  []model.FieldError `json:"fields,omitempty"`
}

// GetStatus is the HTTP status; huma asks for it.
func (e *Error) GetStatus() int { return e.status }

func (e *Error) Error() string { return e.Err.Code + ": " + e.Err.Message }

// Page is a list's answer. NextPageToken is empty on the last page; Items is never null.
type Page[T any] struct {
	Items         []T    `json:"items"`
	NextPageToken string `json:"next_page_token"`
}

// NewPage never leaves Items nil.
func NewPage[T any](items []T, next string) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{Items: items, NextPageToken: next}
}

var plain = map[int]Failure{
	http.StatusBadRequest:            {Code: model.CodeInvalid, Message: "请求内容有误"},
	http.StatusUnauthorized:          {Code: model.CodeUnauthorized, Message: "请先登录"},
	http.StatusForbidden:             {Code: model.CodeForbidden, Message: "没有权限"},
	http.StatusNotFound:              {Code: model.CodeNotFound, Message: "没有找到"},
	http.StatusMethodNotAllowed:      {Code: model.CodeInvalid, Message: "不支持这种请求方式"},
	http.StatusNotAcceptable:         {Code: model.CodeInvalid, Message: "请求内容有误"},
	http.StatusConflict:              {Code: model.CodeConflict, Message: "与现在的状态冲突，请刷新后再试"},
	http.StatusRequestEntityTooLarge: {Code: model.CodeTooLarge, Message: "内容太大"},
	http.StatusUnsupportedMediaType:  {Code: model.CodeInvalid, Message: "内容的格式不对"},
	http.StatusTooManyRequests:       {Code: model.CodeTooMany, Message: "操作太频繁，请稍后再试"},
	http.StatusServiceUnavailable:    {Code: model.CodeUnavailable, Message: "服务暂时不可用，请稍后再试"},
	http.StatusInternalServerError:   {Code: "internal", Message: "服务出错了，请稍后再试"},
}

// Status makes the failure a door itself decides: 401, 413, 429 and the like.
func Status(status int) *Error {
	f, ok := plain[status]
	if !ok {
		status, f = http.StatusInternalServerError, plain[http.StatusInternalServerError]
	}
	return &Error{status: status, Err: f}
}

// TooMany is 429, to be tried again after that long.
func TooMany(after time.Duration) *Error {
	e := Status(http.StatusTooManyRequests)
	e.after = after
	return e
}

// retryAfter is in whole seconds, never zero.
func (e *Error) retryAfter() string {
	return strconv.Itoa(max(1, int(math.Ceil(e.after.Seconds()))))
}

// From turns any error into what the caller may see.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, model.ErrInvalid):
		status = http.StatusBadRequest
	case errors.Is(err, model.ErrForbidden):
		status = http.StatusForbidden
	case errors.Is(err, model.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, model.ErrConflict):
		status = http.StatusConflict
	case errors.Is(err, model.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), store.Gone(err):
		status = http.StatusServiceUnavailable
	}
	out := Status(status)
	var r *model.Refusal
	if errors.As(err, &r) {
		out.Err = Failure{Code: r.Code, Message: r.Text, Fields: r.Fields}
	}
	return out
}

// Fail answers a plain gin request with err, logs it if it is ours, and ends the chain.
func Fail(c *gin.Context, err error) {
	e := From(err)
	note(c.Request.Context(), c.FullPath(), e, err)
	if e.status == http.StatusServiceUnavailable || e.status == http.StatusTooManyRequests {
		if c.Writer.Header().Get("Retry-After") == "" {
			c.Header("Retry-After", e.retryAfter())
		}
	}
	c.AbortWithStatusJSON(e.status, e)
}

// Verb registers a handler that may fail. The operation needs an OperationID.
func Verb[I, O any](api huma.API, op huma.Operation, fn func(context.Context, *I) (*O, error)) {
	if op.OperationID == "" {
		panic("respond.Verb: " + op.Path + " has no OperationID")
	}
	op.Errors = nil
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := fn(ctx, in)
		if err != nil {
			e := From(err)
			note(ctx, op.OperationID, e, err)
			if e.status == http.StatusServiceUnavailable || e.status == http.StatusTooManyRequests {
				return nil, huma.ErrorWithHeaders(e, http.Header{"Retry-After": {e.retryAfter()}})
			}
			return nil, e
		}
		return out, nil
	})
}

func note(ctx context.Context, what string, e *Error, err error) {
	if e.status >= 500 {
		slog.ErrorContext(ctx, "failed", "op", what, "status", e.status, "request_id", RequestID(ctx), "err", err)
	}
}

type requestIDKey struct{}

// WithRequestID keeps the request's id for logs.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is empty outside a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// NewAPI mounts huma on r with our wire format: no problem+json, no echo of what was sent, no $schema,
// no pages of its own.
func NewAPI(r *gin.Engine, version string) huma.API {
	cfg := huma.DefaultConfig("Loudou 漏斗", version)
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil
	cfg.Info.Description = "Mini Program and console API. Money is fen in integers, times RFC 3339 with an offset."
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"learner": {Type: "http", Scheme: "bearer", Description: "token of POST /mini/v1/session"},
		"session": {Type: "apiKey", In: "cookie", Name: "loudou", Description: "cookie of POST /console/v1/login; __Host-loudou over https"},
		"csrf":    {Type: "apiKey", In: "header", Name: "X-CSRF-Token", Description: "csrf_token of the session, on every write"},
	}
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", namer())
	return humagin.New(r, cfg)
}

// namer names schemas as huma does, except that two doors may each have a type of one name: the console,
// which registers first, keeps it, and the Mini Program's is told apart.
func namer() func(reflect.Type, string) string {
	taken := map[string]reflect.Type{}
	return func(t reflect.Type, hint string) string {
		name := huma.DefaultSchemaNamer(t, hint)
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return name
		}
		for {
			if other, ok := taken[name]; !ok || other == t {
				taken[name] = t
				return name
			}
			name = "Mini" + name
		}
	}
}
