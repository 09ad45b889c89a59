package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"loudou/model"
)

// Tokens keeps one app's access_token: in memory, and in Redis where all instances find it. Whoever holds the lease
// in Redis asks WeChat (stable_token), everybody else waits for the result. Without Redis each instance asks for
// itself; stable_token then gives all of them the same token. Source: 获取稳定版接口调用凭据.
//
// WeChat is asked at most 18 times in any hour by all instances together, and at most 6 times by one that has no
// Redis; after failures the pauses grow to five minutes.
type Tokens struct {
	appid, secret string
	redis         redis.UniversalClient // nil: memory only
	send          func(ctx context.Context, path string, body []byte) ([]byte, error)
	now           func() time.Time // the real clock

	turn chan struct{} // one goroutine at a time goes beyond memory

	mu      sync.Mutex
	have    token
	from    TokenFrom
	calls   []time.Time // of the last hour, this instance's
	forced  []time.Time
	failed  int // in a row
	failure error
	wait    time.Time // no call before
}

// token is what WeChat gave. Gen orders tokens of all instances: the milliseconds of Redis' clock when it was asked for.
type token struct {
	Value   string
	Expires time.Time
	Born    time.Time
	Gen     int64
}

// usable leaves the last minutes alone: WeChat gives a new one five minutes before the end, and both are good then.
func (t token) usable(now time.Time) bool {
	margin := min(4*time.Minute, t.Expires.Sub(t.Born)/4)
	return t.Value != "" && now.Before(t.Expires.Add(-margin))
}

func (t token) alive(now time.Time) bool { return t.Value != "" && now.Before(t.Expires) }

const (
	tokenPath      = "/cgi-bin/stable_token"
	leaseTime      = 6 * time.Second // longer than one call may take
	sharedPerHour  = 18
	alonePerHour   = 6
	forcedPerHour  = 8
	forcedInterval = 5 * time.Second
)

// Token gives a token that should work now.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	t.mu.Lock()
	have := t.have
	t.mu.Unlock()
	if have.usable(t.now()) {
		return have.Value, nil
	}
	return t.next(ctx, "")
}

// Refresh is told that WeChat refused stale (40001, 40014, 42001). It gives a newer token if anybody has one, and
// else forces WeChat to make one.
func (t *Tokens) Refresh(ctx context.Context, stale string) (string, error) {
	if stale == "" {
		return t.Token(ctx)
	}
	return t.next(ctx, stale)
}

// next finds or fetches a token other than stale. The search goes on when the caller gives up: others wait for it.
func (t *Tokens) next(ctx context.Context, stale string) (string, error) {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return "", t.trouble(ctx.Err())
	}
	type result struct {
		value string
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-t.turn }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime+callTime)
		defer cancel()
		value, err := t.search(ctx, stale)
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return "", t.trouble(ctx.Err())
	}
}

func (t *Tokens) search(ctx context.Context, stale string) (string, error) {
	t.mu.Lock()
	have := t.have
	t.mu.Unlock()
	good := func(k token) bool {
		// Where ours was refused, only a younger one helps: Redis may have gone back in time.
		return k.usable(t.now()) && k.Value != stale && (have.Value != stale || stale == "" || k.Gen > have.Gen)
	}
	if have.usable(t.now()) && have.Value != stale {
		return have.Value, nil
	}
	for {
		shared, err := t.load(ctx)
		if err == nil && good(shared) {
			t.keep(shared, TokenFound)
			return shared.Value, nil
		}
		var gen int64
		var release func()
		if err == nil {
			gen, release, err = t.lease(ctx)
		}
		if err != nil { // no Redis: alone
			return t.fetch(ctx, stale, t.now().UnixMilli(), false, have)
		}
		if release != nil {
			defer release()
			// Another instance may have finished between our look and our lease.
			if shared, err := t.load(ctx); err == nil && good(shared) {
				t.keep(shared, TokenFound)
				return shared.Value, nil
			}
			return t.fetch(ctx, stale, gen, true, have)
		}
		if have.alive(t.now()) && have.Value != stale {
			return have.Value, nil // somebody is renewing it, and it is still good
		}
		select {
		case <-ctx.Done():
			return "", t.trouble(ctx.Err())
		case <-time.After(40 * time.Millisecond):
		}
	}
}

// fetch asks WeChat, and falls back on what we have while that lives.
func (t *Tokens) fetch(ctx context.Context, stale string, gen int64, shared bool, have token) (string, error) {
	// Alone we cannot know whether another instance has forced a token a moment ago, and forcing again would end
	// that one: so first ask for the current one, and force only if that is the refused one.
	force := stale != "" && shared
	k, err := t.ask(ctx, force, shared)
	if err == nil && k.Value == stale && !force {
		k, err = t.ask(ctx, true, shared)
	}
	if err != nil {
		if have.alive(t.now()) && have.Value != stale {
			return have.Value, nil
		}
		return "", err
	}
	k.Gen = gen
	t.keep(k, TokenAsked)
	if shared {
		t.store(ctx, k)
	}
	return k.Value, nil
}

// ask makes the call, if the hour's allowance lets it.
func (t *Tokens) ask(ctx context.Context, force, shared bool) (token, error) {
	if err := t.allow(ctx, force, shared); err != nil {
		return token{}, err
	}
	body, err := json.Marshal(map[string]any{
		"grant_type": "client_credential", "appid": t.appid, "secret": t.secret, "force_refresh": force,
	})
	if err != nil {
		return token{}, err
	}
	asked := t.now()
	raw, err := t.send(ctx, tokenPath, body)
	var out struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if err == nil && (json.Unmarshal(raw, &out) != nil || out.AccessToken == "" || out.ExpiresIn <= 0 || len(out.AccessToken) > 2048) {
		err = unreadable(tokenPath)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.failed++
		t.failure = err
		pause := time.Second << min(2*(t.failed-1), 10)
		t.wait = t.now().Add(min(pause, 5*time.Minute))
		return token{}, err
	}
	t.failed, t.failure, t.wait = 0, nil, time.Time{}
	return token{Value: out.AccessToken, Born: asked, Expires: asked.Add(time.Duration(out.ExpiresIn) * time.Second)}, nil
}

// allow counts a call that is about to be made, or says why it may not be made.
func (t *Tokens) allow(ctx context.Context, force, shared bool) error {
	now := t.now()
	refuse := func(said string) error {
		return &model.CallError{Call: tokenPath, Said: "not asked: " + said, Kind: model.ErrUnavailable,
			Text: "暂时拿不到微信的接口调用凭据，稍后会自动重试"}
	}
	t.mu.Lock()
	t.calls, t.forced = lastHour(t.calls, now), lastHour(t.forced, now)
	limit := sharedPerHour
	if !shared {
		limit = alonePerHour
	}
	switch {
	case now.Before(t.wait):
		err := t.failure
		t.mu.Unlock()
		return err
	case len(t.calls) >= limit:
		t.mu.Unlock()
		return refuse("the hour's calls are used up")
	case force && (len(t.forced) >= forcedPerHour || len(t.forced) > 0 && now.Sub(t.forced[len(t.forced)-1]) < forcedInterval):
		t.mu.Unlock()
		return refuse("it was refreshed a moment ago")
	}
	t.calls = append(t.calls, now)
	if force {
		t.forced = append(t.forced, now)
	}
	t.mu.Unlock()
	if shared && !t.allowShared(ctx, now) {
		return refuse("the hour's calls of all instances are used up")
	}
	return nil
}

func lastHour(list []time.Time, now time.Time) []time.Time {
	for len(list) > 0 && now.Sub(list[0]) >= time.Hour {
		list = list[1:]
	}
	return list
}

func (t *Tokens) keep(k token, from TokenFrom) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.have, t.from = k, from
}

func (t *Tokens) trouble(err error) error {
	return &model.CallError{Call: tokenPath, Said: "waiting for the token: " + err.Error(), Kind: model.ErrUnavailable,
		Text: "暂时拿不到微信的接口调用凭据，稍后会自动重试"}
}

// In Redis: a hash with the token, a lease, and the calls of the last hour. The braces keep them in one slot.
func (t *Tokens) key(what string) string { return "loudou:token:{" + t.appid + "}" + what }

var (
	// storeNewer writes only over an older generation. KEYS token; ARGV gen, value, expires ms, born ms, ttl ms.
	storeNewer = redis.NewScript(`
local old = tonumber(redis.call('HGET', KEYS[1], 'gen') or '0')
if old >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'gen', ARGV[1], 'value', ARGV[2], 'expires', ARGV[3], 'born', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1`)
	// releaseOwn deletes the lease if it is still ours. KEYS lease; ARGV owner.
	releaseOwn = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)
	errNoRedis = errors.New("no redis")
)

// redisTime bounds every talk with Redis here, which happens every two hours: a silent Redis must not cost a fan the
// answer, and a busy machine must not take Redis for silent.
const redisTime = 500 * time.Millisecond

func (t *Tokens) load(ctx context.Context) (token, error) {
	if t.redis == nil {
		return token{}, errNoRedis
	}
	ctx, cancel := context.WithTimeout(ctx, redisTime)
	defer cancel()
	h, err := t.redis.HGetAll(ctx, t.key("")).Result()
	if err != nil {
		return token{}, err
	}
	gen, _ := strconv.ParseInt(h["gen"], 10, 64)
	expires, _ := strconv.ParseInt(h["expires"], 10, 64)
	born, _ := strconv.ParseInt(h["born"], 10, 64)
	return token{Value: h["value"], Gen: gen, Expires: time.UnixMilli(expires), Born: time.UnixMilli(born)}, nil
}

func (t *Tokens) store(ctx context.Context, k token) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisTime)
	defer cancel()
	// An error is no harm: the next instance asks WeChat itself and gets the same token.
	_ = storeNewer.Run(ctx, t.redis, []string{t.key("")}, k.Gen, k.Value, k.Expires.UnixMilli(), k.Born.UnixMilli(),
		max(k.Expires.Sub(t.now()).Milliseconds(), 1)).Err()
}

// lease takes the right to ask WeChat. release is nil when another instance has it; err means Redis cannot be asked.
func (t *Tokens) lease(ctx context.Context) (gen int64, release func(), err error) {
	if t.redis == nil {
		return 0, nil, errNoRedis
	}
	call, cancel := context.WithTimeout(ctx, redisTime)
	defer cancel()
	owner := uuid.NewString()
	got, err := t.redis.SetNX(call, t.key(":lease"), owner, leaseTime).Result()
	if err != nil || !got {
		return 0, nil, err
	}
	now, err := t.redis.Time(call).Result()
	if err != nil {
		now = t.now()
	}
	return now.UnixMilli(), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisTime)
		defer cancel()
		_ = releaseOwn.Run(ctx, t.redis, []string{t.key(":lease")}, owner).Err() // it ends by itself
	}, nil
}

// allowShared counts this call among those of all instances in the last hour. Redis failing here is as no Redis.
func (t *Tokens) allowShared(ctx context.Context, now time.Time) bool {
	ctx, cancel := context.WithTimeout(ctx, redisTime)
	defer cancel()
	key := t.key(":calls")
	var count *redis.IntCmd
	_, err := t.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.ZRemRangeByScore(ctx, key, "-inf", fmt.Sprint(now.Add(-time.Hour).UnixMilli()))
		p.ZAdd(ctx, key, redis.Z{Score: float64(now.UnixMilli()), Member: uuid.NewString()})
		count = p.ZCard(ctx, key)
		p.Expire(ctx, key, time.Hour)
		return nil
	})
	if err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		return len(t.calls) <= alonePerHour
	}
	return count.Val() <= sharedPerHour
}

// TokenHealth is what the connection page shows of the token.
type TokenHealth struct {
	Age       time.Duration // zero: none yet
	Expires   time.Time
	From      TokenFrom
	CallsHour int // by all instances where Redis is shared, else by this one
	LastError string
	LastCode  string // WeChat's, of LastError
}

// TokenFrom is where this instance has its token from.
type TokenFrom string

// Asked for by this instance; found in Redis, where another instance or an earlier run of this one left it.
const (
	TokenAsked TokenFrom = "asked"
	TokenFound TokenFrom = "found"
)

// Health tells how the token does. An instance that has not needed one yet looks for the one all share.
func (t *Tokens) Health(ctx context.Context) TokenHealth {
	shared, err := t.load(ctx)
	now := t.now()
	all := int64(-1)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, redisTime)
		defer cancel()
		if n, err := t.redis.ZCount(ctx, t.key(":calls"), fmt.Sprint(now.Add(-time.Hour).UnixMilli()), "+inf").Result(); err == nil {
			all = n
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	have, from := t.have, t.from
	if err == nil && shared.alive(now) && shared.Value != have.Value && shared.Gen > have.Gen {
		have, from = shared, TokenFound
	}
	h := TokenHealth{CallsHour: len(lastHour(t.calls, now))}
	if have.Value != "" {
		h.Age, h.Expires, h.From = now.Sub(have.Born), have.Expires, from
	}
	if t.failure != nil {
		h.LastError, h.LastCode = said(t.failure), model.CallCode(t.failure)
	}
	if all >= 0 {
		h.CallsHour = int(all)
	}
	return h
}
