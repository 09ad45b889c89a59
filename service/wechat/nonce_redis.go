package wechat

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// RedisNonces shares the replay guard among all instances. Pushes that come at the same time share one
// trip to Redis: who comes while a trip is under way waits for the next.
type RedisNonces struct {
	redis redis.UniversalClient

	mu      sync.Mutex
	waiting []*nonceAsk
	going   bool
}

// NewRedisNonces makes the guard.
func NewRedisNonces(r redis.UniversalClient) *RedisNonces { return &RedisNonces{redis: r} }

type nonceAsk struct {
	key, hash string
	done      chan struct{} // closed when held or err stands
	held      string
	err       error
}

const nonceTrip = 200 // pushes of one trip at most

// First keeps hash under key for ten minutes if the key is new, and returns the hash that holds now.
func (n *RedisNonces) First(ctx context.Context, key, hash string) (string, error) {
	ask := &nonceAsk{key: "loudou:push:" + key, hash: hash, done: make(chan struct{})}
	n.mu.Lock()
	n.waiting = append(n.waiting, ask)
	if !n.going {
		n.going = true
		go n.trips()
	}
	n.mu.Unlock()
	select {
	case <-ask.done:
		return ask.held, ask.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// trips asks Redis until nobody waits.
func (n *RedisNonces) trips() {
	for {
		n.mu.Lock()
		most := min(len(n.waiting), nonceTrip)
		asks := n.waiting[:most:most]
		n.waiting = n.waiting[most:]
		if most == 0 {
			n.waiting, n.going = nil, false
		}
		n.mu.Unlock()
		if most == 0 {
			return
		}
		n.ask(asks)
		for _, a := range asks {
			close(a.done)
		}
	}
}

// ask sets what is new and reads what holds, in one pipeline.
func (n *RedisNonces) ask(asks []*nonceAsk) {
	ctx, cancel := context.WithTimeout(context.Background(), nonceTimeout)
	defer cancel()
	p := n.redis.Pipeline()
	held := make([]*redis.StringCmd, len(asks))
	for i, a := range asks {
		p.SetArgs(ctx, a.key, a.hash, redis.SetArgs{Mode: "NX", TTL: nonceKept})
		held[i] = p.Get(ctx, a.key)
	}
	_, _ = p.Exec(ctx) // the first error is among the commands' own; a key that is there is one, too
	for i, a := range asks {
		a.held, a.err = held[i].Result()
	}
}

var _ Nonces = (*RedisNonces)(nil)
