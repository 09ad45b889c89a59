package connection

import (
	"context"
	"time"

	"loudou/service/store"
)

// Watched is what came to an app's door since somebody began to wait for it.
type Watched struct {
	Echo, Push *time.Time // the last good ones; nil: none yet
	Strangers  int64      // requests that are not WeChat's
	Check      Check      // whether Token and key are right, from these alone
}

// Watch tells what all instances saw at the door of the app with this key since an instant.
func (s *Service) Watch(ctx context.Context, key string, since time.Time) (Watched, error) {
	var out Watched
	if err := s.Flush(ctx); err != nil && !store.Gone(err) {
		return out, err
	}
	for _, a := range s.o.Apps {
		if a.Key != key {
			continue
		}
		seen, err := s.sights(ctx, a.AppID, since)
		if err != nil {
			return out, err
		}
		for _, what := range []string{sawPush, sawEcho} {
			if seen[what].Times == 0 {
				delete(seen, what) // from before
			}
		}
		last := func(what string) *time.Time {
			if seen[what].Times == 0 {
				return nil
			}
			at := seen[what].Last
			return &at
		}
		out = Watched{Echo: last(sawEcho), Push: last(sawPush), Strangers: seen[sawStranger].Times, Check: secret(a, seen)}
	}
	return out, nil
}
