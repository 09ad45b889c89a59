package learner

import (
	"strings"
	"testing"
	"time"
)

// FuzzBearer: nothing but what was signed is believed, and nothing panics.
func FuzzBearer(f *testing.F) {
	t, err := newTokens(secret)
	if err != nil {
		f.Fatal(err)
	}
	good := t.sign(claims{LearnerID: 1, PersonID: 2, AppID: "wxmini", Platform: "ios", IssuedAt: time.Unix(1_800_000_000, 0), ExpiresAt: time.Unix(1_800_086_400, 0)})
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(tokenPrefix)
	f.Add(tokenPrefix + strings.Repeat("_", 200))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t2 *testing.T, token string) {
		if c, ok := t.verify(token); ok && (token != good || c.LearnerID != 1 || c.AppID != "wxmini") {
			t2.Fatalf("believed %q as %+v", token, c)
		}
	})
}
