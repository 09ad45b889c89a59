package operator

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// argon2id as OWASP gives it: 19 MiB, two passes, one lane; about 33 ms on a small machine.
const (
	argonMemory = 19 * 1024 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonKey    = 32
)

// errBusy: too many passwords are being checked at once.
var errBusy = errors.New("password gate is full")

// gate lets few passwords be hashed at once, so that a flood of logins costs neither memory nor the
// other callers' processor; a short line may wait before it.
type gate struct {
	run  chan struct{}
	line chan struct{}
	done atomic.Int64 // passwords hashed so far
}

func newGate(run, line int) *gate {
	return &gate{run: make(chan struct{}, run), line: make(chan struct{}, run+line)}
}

func (g *gate) hash(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case g.line <- struct{}{}:
		defer func() { <-g.line }()
	default:
		return nil, errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	select {
	case g.run <- struct{}{}:
		defer func() { <-g.run }()
	case <-ctx.Done():
		return nil, errBusy
	}
	g.done.Add(1)
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonKey), nil
}

// seal makes the PHC text of a new password.
func (g *gate) seal(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	key, err := g.hash(ctx, password, salt)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// check compares in constant time. A text that is no hash of ours costs the same work and is wrong.
func (g *gate) check(ctx context.Context, sealed, password string) (bool, error) {
	salt, want, ok := open(sealed)
	if !ok {
		salt, want = make([]byte, 16), make([]byte, argonKey)
	}
	key, err := g.hash(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, want) == 1 && ok, nil
}

func open(sealed string) (salt, key []byte, ok bool) {
	prefix := fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonLanes)
	rest, ok := strings.CutPrefix(sealed, prefix)
	if !ok {
		return nil, nil, false
	}
	s, k, ok := strings.Cut(rest, "$")
	if !ok {
		return nil, nil, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(s)
	key, err2 := base64.RawStdEncoding.DecodeString(k)
	return salt, key, err1 == nil && err2 == nil && len(salt) == 16 && len(key) == argonKey
}
