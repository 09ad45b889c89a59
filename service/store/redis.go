package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Redis is a client and what must be closed with it. Everything in it can be lost: counters are fed
// again from the database, and "only once" is never decided here alone.
type Redis struct {
	redis.UniversalClient
	// Embedded tells that the server is the in-process one.
	Embedded bool
	stop     func()
}

// Close ends the client, and the in-process server with it.
func (r *Redis) Close() error {
	err := r.UniversalClient.Close()
	if r.stop != nil {
		r.stop()
	}
	return err
}

// KeyPrefix begins every key of ours; the rates of service/limit, which forget by themselves, are the library's.
const KeyPrefix = "loudou:"

// OpenRedis opens the address of LOUDOU_REDIS: empty (in-process), redis://, rediss://,
// redis+cluster://h1:p,h2:p or redis+sentinel://h1:p,h2:p/mastername. It does not wait for the server.
func OpenRedis(address string) (*Redis, error) {
	if address == "" {
		return embedded()
	}
	o, err := redisOptions(address)
	if err != nil {
		return nil, err
	}
	// A deadline must end a read of a silent server, and a repeated INCR would count twice.
	o.ContextTimeoutEnabled = true
	o.MaxRetries = -1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = 500*time.Millisecond, time.Second, time.Second, time.Second
	o.DialerRetries = 1
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &Redis{UniversalClient: redis.NewUniversalClient(o)}, nil
}

var errRedisAddress = errors.New("LOUDOU_REDIS must be empty, redis://, rediss://, redis+cluster:// or redis+sentinel://")

func redisOptions(address string) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return nil, errRedisAddress
	}
	switch scheme {
	case "redis", "rediss":
		p, err := redis.ParseURL(address)
		if err != nil {
			return nil, errRedisAddress // the library's text may hold the password
		}
		return &redis.UniversalOptions{Addrs: []string{p.Addr}, Username: p.Username, Password: p.Password, DB: p.DB, TLSConfig: p.TLSConfig}, nil
	case "redis+cluster", "redis+sentinel", "rediss+cluster", "rediss+sentinel":
	default:
		return nil, errRedisAddress
	}
	user, hosts := "", rest
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		user, hosts = rest[:i+1], rest[i+1:]
	}
	hosts, path, _ := strings.Cut(hosts, "/")
	addrs := strings.Split(hosts, ",")
	u, err := url.Parse("redis://" + user + addrs[0])
	if err != nil || addrs[0] == "" {
		return nil, errRedisAddress
	}
	o := &redis.UniversalOptions{Addrs: addrs, Username: u.User.Username()}
	o.Password, _ = u.User.Password()
	if strings.HasPrefix(scheme, "rediss") {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if strings.HasSuffix(scheme, "+cluster") {
		o.IsClusterMode = true
		return o, nil
	}
	if path == "" {
		return nil, errors.New("LOUDOU_REDIS: redis+sentinel:// needs /mastername at its end")
	}
	o.MasterName = path
	return o, nil
}

// embedded starts the in-process server: the whole of Redis as far as we use it, lost at exit. It does
// not let keys expire by itself, so a ticker moves its clock.
func embedded() (*Redis, error) {
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		return nil, fmt.Errorf("in-process redis: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				m.FastForward(now.Sub(last))
				last = now
			}
		}
	}()
	c := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: []string{m.Addr()}, ContextTimeoutEnabled: true, MaxRetries: -1, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return &Redis{UniversalClient: c, Embedded: true, stop: func() { cancel(); <-done; m.Close() }}, nil
}
