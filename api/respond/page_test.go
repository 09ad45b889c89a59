package respond

import (
	"errors"
	"testing"

	"loudou/model"
)

func TestPageToken(t *testing.T) {
	token := PageToken("courses\x00q", 42)
	if id, err := FromPageToken("courses\x00q", token); err != nil || id != 42 {
		t.Errorf("%d %v", id, err)
	}
	if id, err := FromPageToken("courses", ""); err != nil || id != 0 || PageToken("courses", 0) != "" {
		t.Errorf("first page: %d %v", id, err)
	}
	for name, bad := range map[string]string{"other list": PageToken("orders\x00q", 42), "cut": token[:len(token)-1], "longer": token + "A", "text": "42", "blank": " ", "negative": PageToken("courses\x00q", -1)} {
		if _, err := FromPageToken("courses\x00q", bad); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzPageToken: whatever is read is what PageToken wrote.
func FuzzPageToken(f *testing.F) {
	f.Add("courses", PageToken("courses", 42))
	f.Add("courses", "AAAAAAAAACo")
	f.Fuzz(func(t *testing.T, scope, token string) {
		if id, err := FromPageToken(scope, token); err == nil && PageToken(scope, id) != token {
			t.Fatalf("%q in %q read as %d", token, scope, id)
		}
	})
}
