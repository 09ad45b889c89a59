package wechat

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	miniconfig "github.com/silenceper/wechat/v2/miniprogram/config"
	minictx "github.com/silenceper/wechat/v2/miniprogram/context"
	offconfig "github.com/silenceper/wechat/v2/officialaccount/config"
	offctx "github.com/silenceper/wechat/v2/officialaccount/context"
	"github.com/silenceper/wechat/v2/util"

	"loudou/model"
)

// The SDK's HTTP client is one for the whole process, has no timeout, follows no context and prints tokens in its
// errors. So it gets ours, set before anything runs: what the SDK believes to be its access_token is the name of a
// call in flight, and seam sends that call through the Client that started it. So the SDK never holds a token, and
// every call of it has our deadline, retry, limits and counting. Only sub-packages of the SDK are imported: its root
// sets logrus to debug.
func init() { util.DefaultHTTPClient = &http.Client{Transport: seam{}} }

// sdkCall is one call in flight. err is what our own layer said of it; the SDK keeps only a text.
type sdkCall struct {
	client *Client
	ctx    context.Context
	err    error
}

var inFlight sync.Map // the name given as access_token → *sdkCall

const sdkName = "call-"

type seam struct{}

func (seam) RoundTrip(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	name := query.Get("access_token")
	found, ok := inFlight.Load(name)
	if !ok {
		return nil, errors.New("an SDK call outside of a client")
	}
	call := found.(*sdkCall)
	query.Del("access_token")
	out := request{method: r.Method, path: r.URL.Path, query: query, kind: r.Header.Get("Content-Type")}
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
		body, err := io.ReadAll(io.LimitReader(r.Body, uploadLimit+1<<16))
		if err != nil {
			return nil, err
		}
		out.body = body
	}
	if strings.HasPrefix(out.kind, "multipart/") {
		out.time = uploadTime
	}
	raw, err := call.client.exchange(call.ctx, out)
	call.err = err
	if raw == nil && err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(bytes.NewReader(raw)), ContentLength: int64(len(raw)),
	}, nil
}

// sdkToken hands the SDK the name of a call.
type sdkToken string

func (t sdkToken) GetAccessToken() (string, error)                       { return string(t), nil }
func (t sdkToken) GetAccessTokenContext(context.Context) (string, error) { return string(t), nil }

// sdk runs use, one SDK call, for this client and ctx. Our layer's error wins over the SDK's text.
func (c *Client) sdk(ctx context.Context, path string, use func(name sdkToken) error) error {
	call := &sdkCall{client: c, ctx: ctx}
	name := sdkToken(sdkName + rand.Text())
	inFlight.Store(string(name), call)
	defer inFlight.Delete(string(name))
	err := use(name)
	switch {
	case call.err != nil:
		return call.err
	case err != nil:
		return &model.CallError{Call: path, Said: "the SDK could not read the answer", Text: busy, Kind: model.ErrUnavailable, Unknown: true}
	}
	return nil
}

func (c *Client) official(ctx context.Context, path string, use func(*offctx.Context) error) error {
	return c.sdk(ctx, path, func(name sdkToken) error {
		return use(&offctx.Context{Config: &offconfig.Config{AppID: c.o.AppID}, AccessTokenHandle: name})
	})
}

func (c *Client) mini(ctx context.Context, path string, use func(*minictx.Context) error) error {
	return c.sdk(ctx, path, func(name sdkToken) error {
		return use(&minictx.Context{Config: &miniconfig.Config{AppID: c.o.AppID}, AccessTokenContextHandle: name})
	})
}
