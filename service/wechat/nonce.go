package wechat

import (
	"context"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"
)

// seen is the replay guard: (timestamp, nonce) → hash of the message after decryption. The same pair
// with the same message is WeChat's own retry and passes; with another message it is an attack.
// This process remembers for itself; the shared Nonces, when there are any, add the other instances.
// While the shared ones fail, the process alone goes on and asks again after a second.
type seen struct {
	shared Nonces
	now    func() time.Time
	rest   atomic.Int64 // unix nanoseconds until which the shared ones are left alone

	mu    sync.Mutex
	young map[string]string
	old   map[string]string
	turn  time.Time
}

const (
	nonceKept    = 10 * time.Minute // twice the accepted age
	nonceMost    = 200_000          // a generation's bound, about 20 MB; beyond it the oldest go
	nonceTimeout = 100 * time.Millisecond
	nonceRest    = time.Second
)

func newSeen(shared Nonces, now func() time.Time) *seen {
	return &seen{shared: shared, now: now, young: map[string]string{}, turn: now()}
}

func (s *seen) first(ctx context.Context, appID, timestamp, nonce string, hash [32]byte) bool {
	key, value := appID+"\n"+timestamp+"\n"+nonce, string(hash[:16])
	if held := s.local(key, value); held != value {
		return false
	}
	if s.shared == nil || time.Now().UnixNano() < s.rest.Load() {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, nonceTimeout)
	defer cancel()
	text := hex.EncodeToString(hash[:16])
	held, err := s.shared.First(ctx, key, text)
	if err != nil {
		s.rest.Store(time.Now().Add(nonceRest).UnixNano())
		return true
	}
	return held == text
}

// local keeps two generations, so that forgetting costs nothing per push.
func (s *seen) local(key, value string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); now.Sub(s.turn) > nonceKept || len(s.young) >= nonceMost {
		s.old, s.young, s.turn = s.young, map[string]string{}, now
	}
	if held, ok := s.young[key]; ok {
		return held
	}
	if held, ok := s.old[key]; ok {
		return held
	}
	s.young[key] = value
	return value
}
