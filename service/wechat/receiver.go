package wechat

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"loudou/model"
)

// MaxPush bounds a push's body. Real ones stay below 10 KiB; compatible mode triples that.
const MaxPush = 256 << 10

// pushAge is how far a push's timestamp may lie from our clock, either way.
const pushAge = 300 * time.Second

// Refusal is why a push is not taken: a status for WeChat and a stable word for counters and logs.
// It never quotes what was sent.
type Refusal struct {
	Status int
	Reason string
	Why    string // a finer word for our own page, which the sender never hears; empty: Reason says it all
}

func (r *Refusal) Error() string { return "push refused: " + r.Reason }

func refuse(status int, reason string) error { return &Refusal{Status: status, Reason: reason} }

func refuseFor(status int, reason, why string) error {
	return &Refusal{Status: status, Reason: reason, Why: why}
}

// Mode is how pushes come and answers go.
type Mode string

// With a key the mode is Safe unless told otherwise: a sender must not be able to choose a weaker one.
const (
	Plain      Mode = "plain"
	Compatible Mode = "compatible" // encrypted and verified as Safe, answered in the clear
	Safe       Mode = "safe"
)

// Nonces remembers which message a (timestamp, nonce) pair carried.
type Nonces interface {
	// First keeps hash under key for ten minutes if the key is new, and returns the hash that holds now.
	First(ctx context.Context, key, hash string) (string, error)
}

// ReceiverOptions are one app's message push settings. Source: 消息推送, 开发者配置.
type ReceiverOptions struct {
	AppID          string
	Token          string
	AESKey         string // EncodingAESKey, 43 characters; empty: plain mode
	PreviousAESKey string // still accepted for a while after a change
	Mode           Mode   // empty: Safe with a key, Plain without
	Nonces         Nonces // shared by all instances; nil: this process alone
	Now            func() time.Time
}

// Receiver verifies and opens WeChat's pushes for one app and seals the answers. It is safe for
// concurrent use.
type Receiver struct {
	appID, token string
	mode         Mode
	keys         []*msgCipher // the current one first
	seen         *seen
	now          func() time.Time
}

// NewReceiver checks the options: a Receiver with a key that does not decode would refuse everything.
func NewReceiver(o ReceiverOptions) (*Receiver, error) {
	if o.Token == "" || o.AppID == "" {
		return nil, errors.New("receiver needs AppID and Token")
	}
	r := &Receiver{appID: o.AppID, token: o.Token, mode: o.Mode, now: o.Now}
	if r.now == nil {
		r.now = time.Now
	}
	for _, k := range []string{o.AESKey, o.PreviousAESKey} {
		if k == "" {
			continue
		}
		c, err := newMsgCipher(k, o.AppID)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, c)
	}
	switch {
	case o.AESKey == "" && (o.Mode == Safe || o.Mode == Compatible):
		return nil, fmt.Errorf("mode %s needs an AES key", o.Mode)
	case o.AESKey == "":
		r.mode, r.keys = Plain, nil
	case o.Mode == "":
		r.mode = Safe
	case o.Mode != Safe && o.Mode != Compatible && o.Mode != Plain:
		return nil, fmt.Errorf("unknown mode %q", o.Mode)
	}
	r.seen = newSeen(o.Nonces, r.now)
	return r, nil
}

// Envelope is one verified push with what its answer needs.
type Envelope struct {
	Push   model.Push
	sealed bool
	nonce  string
}

// pushQuery holds the fields of the query that matter; a field given twice makes it bad.
type pushQuery struct {
	signature, msgSignature, timestamp, nonce, encryptType, echostr string
}

func parsePushQuery(raw string) (q pushQuery, ok bool) {
	var given uint8
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		name, value, _ := strings.Cut(pair, "=")
		var to *string
		var bit uint8
		switch name {
		case "signature":
			to, bit = &q.signature, 1
		case "msg_signature":
			to, bit = &q.msgSignature, 2
		case "timestamp":
			to, bit = &q.timestamp, 4
		case "nonce":
			to, bit = &q.nonce, 8
		case "encrypt_type":
			to, bit = &q.encryptType, 16
		case "echostr":
			to, bit = &q.echostr, 32
		default:
			continue
		}
		if given&bit != 0 {
			return q, false
		}
		given |= bit
		if strings.ContainsAny(value, "%+") {
			var err error
			if value, err = url.QueryUnescape(value); err != nil {
				return q, false
			}
		}
		*to = value
	}
	return q, true
}

// Query checks what the query alone can prove: signature and age. A door calls it before it reads the
// body, so that a stranger's megabytes are never read. Open checks it again.
func (r *Receiver) Query(rawQuery string) error {
	_, err := r.query(rawQuery)
	return err
}

func (r *Receiver) query(rawQuery string) (pushQuery, error) {
	q, ok := parsePushQuery(rawQuery)
	if !ok || !plainNonce(q.nonce) || !signed(q.signature, []string{r.token, q.timestamp, q.nonce}) {
		if ok && plainNonce(q.nonce) && hexSignature(q.signature) && r.fresh(q.timestamp) {
			return q, refuse(http.StatusForbidden, "bad_signature")
		}
		return q, refuseFor(http.StatusForbidden, "bad_signature", "stranger") // WeChat does not write like this
	}
	if !r.fresh(q.timestamp) {
		return q, refuse(http.StatusForbidden, "stale")
	}
	return q, nil
}

// hexSignature tells whether s has the form of a signature, whoever made it.
func hexSignature(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}

// plainNonce holds for every nonce WeChat makes; ours goes back inside CDATA.
func plainNonce(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || strings.IndexByte(`<>&]"\`, s[i]) >= 0 {
			return false
		}
	}
	return true
}

func (r *Receiver) fresh(timestamp string) bool {
	if len(timestamp) > 12 || timestamp == "" || timestamp[0] < '0' || timestamp[0] > '9' {
		return false
	}
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return false
	}
	age := r.now().Unix() - at
	return age <= int64(pushAge/time.Second) && age >= -int64(pushAge/time.Second)
}

// Echo answers the GET with which WeChat tries the address: the echostr, byte for byte.
func (r *Receiver) Echo(rawQuery string) (string, error) {
	q, err := r.query(rawQuery)
	if err != nil {
		return "", err
	}
	if q.echostr == "" || len(q.echostr) > 1024 {
		return "", refuse(http.StatusForbidden, "bad_signature")
	}
	return q.echostr, nil
}

// Open verifies a push and takes it apart. Nothing of the body is believed before its signature is:
// with a key that is msg_signature, which alone covers the content. Errors are *Refusal.
func (r *Receiver) Open(ctx context.Context, rawQuery string, body []byte) (Envelope, error) {
	q, err := r.query(rawQuery)
	if err != nil {
		return Envelope{}, err
	}
	if len(body) > MaxPush {
		return Envelope{}, refuse(http.StatusRequestEntityTooLarge, "too_large")
	}
	text := string(body)
	outer, asJSON, err := scanPush(text)
	if err != nil {
		return Envelope{}, err
	}
	env := Envelope{nonce: q.nonce, sealed: r.mode == Safe}
	switch {
	case q.encryptType == "aes" && len(r.keys) > 0:
		encrypt, ok := one(outer, "Encrypt")
		if !ok || !signed(q.msgSignature, []string{r.token, q.timestamp, q.nonce, encrypt}) {
			return Envelope{}, refuse(http.StatusForbidden, "bad_msg_signature")
		}
		plain, err := r.decrypt(encrypt)
		if errors.Is(err, errOtherApp) {
			return Envelope{}, refuseFor(http.StatusForbidden, "bad_cipher", "other_app")
		}
		if err != nil {
			return Envelope{}, refuse(http.StatusForbidden, "bad_cipher")
		}
		text = string(plain)
		if outer, asJSON, err = scanPush(text); err != nil {
			return Envelope{}, err
		}
		env.sealed = r.mode != Compatible
	case q.encryptType == "aes":
		return Envelope{}, refuseFor(http.StatusForbidden, "bad_cipher", "no_key")
	case r.mode != Plain:
		return Envelope{}, refuse(http.StatusForbidden, "plain_refused")
	default:
		env.sealed = false
	}
	env.Push = takeApart(r.appID, outer)
	env.Push.JSON, env.Push.Raw = asJSON, []byte(text)
	if env.Push.MsgType == "" || env.Push.FromUserName == "" || len(env.Push.FromUserName) > 64 {
		return Envelope{}, refuse(http.StatusBadRequest, "bad_body")
	}
	if !r.seen.first(ctx, r.appID, q.timestamp, q.nonce, sha256.Sum256(env.Push.Raw)) {
		return Envelope{}, refuse(http.StatusForbidden, "replayed")
	}
	return env, nil
}

func (r *Receiver) decrypt(encrypt string) (plain []byte, err error) {
	for _, k := range r.keys {
		plain, one := k.open(encrypt)
		if one == nil {
			return plain, nil
		}
		if !errors.Is(err, errOtherApp) { // the key that opened it says more than the one that did not
			err = one
		}
	}
	return nil, err
}

// Seal puts an answer into the form this push's mode asks for. "success" and the empty answer go in
// the clear in every mode, as WeChat allows; use SealAlways where an encrypted one is asked for.
func (r *Receiver) Seal(env Envelope, answer []byte) []byte {
	if !env.sealed || len(answer) == 0 || string(answer) == "success" {
		return answer
	}
	return r.SealAlways(env, answer)
}

// SealAlways encrypts answer in safe mode whatever it says: the answers of xpay pushes.
func (r *Receiver) SealAlways(env Envelope, answer []byte) []byte {
	if !env.sealed {
		return answer
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails: the runtime ends the process instead
	return r.sealWith(random, r.now().Unix(), env, answer)
}

func (r *Receiver) sealWith(random [16]byte, at int64, env Envelope, answer []byte) []byte {
	encrypt := r.keys[0].seal(random, answer)
	stamp := strconv.FormatInt(at, 10)
	sign := signature([]string{r.token, stamp, env.nonce, encrypt})
	out := make([]byte, 0, len(encrypt)+256)
	if env.Push.JSON {
		out = append(append(out, `{"Encrypt":"`...), encrypt...)
		out = append(append(out, `","MsgSignature":"`...), sign[:]...)
		out = append(append(out, `","TimeStamp":`...), stamp...)
		return append(append(append(out, `,"Nonce":"`...), env.nonce...), `"}`...)
	}
	out = append(append(out, `<xml><Encrypt><![CDATA[`...), encrypt...)
	out = append(append(out, `]]></Encrypt><MsgSignature><![CDATA[`...), sign[:]...)
	out = append(append(out, `]]></MsgSignature><TimeStamp>`...), stamp...)
	return append(append(append(out, `</TimeStamp><Nonce><![CDATA[`...), env.nonce...), `]]></Nonce></xml>`...)
}
