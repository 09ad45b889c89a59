package wechat_test

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"loudou/service/wechat"
)

// Two instances share the guard: of many who ask at once, one hash holds for all of them.
func TestRedisNonces(t *testing.T) {
	address := os.Getenv("LOUDOU_TEST_REDIS")
	if address == "" {
		address = "redis://" + miniredis.RunT(t).Addr()
	}
	o, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(o)
	defer func() { _ = client.Close() }()
	one, two := wechat.NewRedisNonces(client), wechat.NewRedisNonces(client)
	prefix := uuid.NewString()
	for round := range 20 {
		key := prefix + strconv.Itoa(round)
		var mu sync.Mutex
		held := map[string]bool{}
		var wg sync.WaitGroup
		for i := range 64 {
			n := one
			if i%2 == 1 {
				n = two
			}
			wg.Go(func() {
				got, err := n.First(t.Context(), key, strconv.Itoa(i))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				held[got] = true
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(held) != 1 || held[""] {
			t.Fatalf("held %v, want one hash for all", held)
		}
		if ttl := client.TTL(t.Context(), "loudou:push:"+key).Val(); ttl < 9*time.Minute || ttl > 10*time.Minute {
			t.Fatalf("kept for %v, want ten minutes", ttl)
		}
	}
}

// A Redis that is away is an error within the time it may take, never a wait.
func TestRedisNoncesAway(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialTimeout: 50 * time.Millisecond, DialerRetries: 1})
	defer func() { _ = client.Close() }()
	n := wechat.NewRedisNonces(client)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for range 3 {
		if held, err := n.First(ctx, "k", "h"); err == nil || ctx.Err() != nil {
			t.Fatalf("held %q, %v; want an error at once", held, err)
		}
	}
}
