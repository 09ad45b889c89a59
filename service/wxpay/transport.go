package wxpay

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// WeChat Pay's two sites: the second is for when the first cannot be reached.
const (
	mainHost   = "api.mch.weixin.qq.com"
	backupHost = "api2.mch.weixin.qq.com"
)

const answerLimit = 1 << 20

// transport sends the SDK's requests, whose host is a constant, to base. Path and query stay, so our signature stays
// true. Without a base, a connection that cannot be made goes to the second site. Answers are cut at 1 MiB, since the SDK
// reads them whole; files are not.
type transport struct {
	base  *url.URL
	next  http.RoundTripper
	whole bool // files are as long as they are
}

var direct = &http.Transport{
	Proxy:               http.ProxyFromEnvironment,
	DialContext:         (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
	TLSHandshakeTimeout: 3 * time.Second,
	MaxIdleConnsPerHost: 32,
	IdleConnTimeout:     60 * time.Second,
	ForceAttemptHTTP2:   true,
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = direct
	}
	resp, err := next.RoundTrip(t.aim(r, ""))
	if err != nil && t.base == nil && notSent(err) && r.Context().Err() == nil {
		again := t.aim(r, backupHost)
		if r.GetBody != nil {
			if again.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
		}
		resp, err = next.RoundTrip(again)
	}
	if err != nil {
		return nil, err
	}
	if t.whole {
		return resp, nil
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, answerLimit), resp.Body}
	return resp, nil
}

func (t *transport) aim(r *http.Request, host string) *http.Request {
	out := r.Clone(r.Context())
	switch {
	case t.base != nil:
		out.URL.Scheme, out.URL.Host = t.base.Scheme, t.base.Host
	case host != "":
		out.URL.Host, out.Host = host, host
	}
	return out
}

// notSent tells whether err means that no byte of the request left: the name was not found or nobody took the call.
func notSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}
