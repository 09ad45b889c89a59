package inbox

import (
	"testing"
	"time"

	"loudou/model"
)

// A push happened when WeChat says, on the business clock, whichever clock the teller lives by, and however late it
// comes out of the spool.
func TestWhen(t *testing.T) {
	real := time.Now().Truncate(time.Second)
	moved := real.Add(-4 * 24 * time.Hour)
	for name, c := range map[string]struct{ said, received, want time.Time }{
		"as it comes":                         {real.Add(-2 * time.Second), real, real.Add(-2 * time.Second)},
		"ten minutes in the spool":            {real.Add(-10 * time.Minute), real.Add(-10 * time.Minute), real.Add(-10 * time.Minute)},
		"three days in the spool":             {real.Add(-72 * time.Hour), real.Add(-72 * time.Hour), real.Add(-72 * time.Hour)},
		"a moved clock, told by the real one": {real.Add(-3 * time.Second), moved, moved.Add(-3 * time.Second)},
		"a moved clock, told by the same":     {moved.Add(-3 * time.Second), moved, moved.Add(-3 * time.Second)},
		"an hour ahead":                       {real.Add(2 * time.Hour), real, real},
		"last month":                          {real.Add(-30 * 24 * time.Hour), real, real},
	} {
		p := model.Push{CreateTime: c.said.Unix()}
		if got := (&Service{}).when(&p, c.received); got.Sub(c.want).Abs() > time.Second {
			t.Errorf("%s: %s, want %s", name, got.Sub(real), c.want.Sub(real))
		}
	}
}
