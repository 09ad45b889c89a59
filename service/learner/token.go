package learner

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"loudou/model"
	"loudou/service/store/seal"
)

// tokenLife bounds how long a phone goes without wx.login; the session_key is renewed with it.
const tokenLife = 24 * time.Hour

// tokenPrefix names the format and its version. Nothing inside the token chooses how it is checked.
const tokenPrefix = "lm1."

// maxToken is more than any token of ours; longer ones are not even decoded.
const maxToken = 512

// claims are what a token says.
type claims struct {
	LearnerID, PersonID int64
	AppID               string
	Platform            model.Platform
	IssuedAt, ExpiresAt time.Time
}

// tokens signs and checks. The wire form is prefix + base64url(payload ‖ HMAC-SHA256), with the payload
//
//	key version 2 · learner 8 · person 8 · issued 8 · expires 8 · len 1 · appid · len 1 · platform
//
// in big endian. The key is derived for this one use, so that nothing else signed with the house's
// secret can pass as a token of the Mini Program.
type tokens struct {
	key     []byte
	version [2]byte // of the key: tells an old secret's tokens apart without trying
}

func newTokens(secret []byte) (tokens, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "loudou mini bearer v1", 32)
	if err != nil {
		return tokens{}, err
	}
	id, err := hkdf.Key(sha256.New, secret, nil, "loudou mini bearer key version", 2)
	if err != nil {
		return tokens{}, err
	}
	return tokens{key: key, version: [2]byte(id)}, nil
}

func (t tokens) mac(payload []byte) []byte {
	h := hmac.New(sha256.New, t.key)
	h.Write([]byte(tokenPrefix))
	h.Write(payload)
	return h.Sum(nil)
}

func (t tokens) sign(c claims) string {
	b := make([]byte, 0, 128)
	b = append(b, t.version[:]...)
	for _, n := range []int64{c.LearnerID, c.PersonID, c.IssuedAt.Unix(), c.ExpiresAt.Unix()} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // ids and times are positive
	}
	for _, s := range []string{c.AppID, string(c.Platform)} {
		b = append(b, byte(len(s)))
		b = append(b, s...)
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(append(b, t.mac(b)...))
}

// verify checks the signature in constant time and only then reads. Times are the caller's to judge.
func (t tokens) verify(token string) (claims, bool) {
	if len(token) > maxToken || !strings.HasPrefix(token, tokenPrefix) {
		return claims{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token[len(tokenPrefix):])
	if err != nil || len(raw) < 2+4*8+2+sha256.Size {
		return claims{}, false
	}
	b, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if !hmac.Equal(mac, t.mac(b)) || [2]byte(b[:2]) != t.version {
		return claims{}, false
	}
	b = b[2:]
	var n [4]int64
	for i := range n {
		n[i] = int64(binary.BigEndian.Uint64(b)) //nolint:gosec // signed by us
		b = b[8:]
	}
	var s [2]string
	for i := range s {
		if len(b) < 1 || len(b) < 1+int(b[0]) {
			return claims{}, false
		}
		s[i], b = string(b[1:1+int(b[0])]), b[1+int(b[0]):]
	}
	if len(b) != 0 {
		return claims{}, false
	}
	return claims{LearnerID: n[0], PersonID: n[1], IssuedAt: time.Unix(n[2], 0), ExpiresAt: time.Unix(n[3], 0), AppID: s[0], Platform: model.Platform(s[1])}, true
}

// vault keeps session_keys and phone numbers, each bound to the row it belongs to.
type vault struct{ box seal.Box }

func newVault(secret []byte) (vault, error) {
	box, err := seal.New(secret, "loudou session_key v1")
	return vault{box}, err
}

func owner(appid string, openid model.OpenID) string { return appid + "\x00" + string(openid) }

func (v vault) seal(plain, appid string, openid model.OpenID) ([]byte, error) {
	return v.box.Seal(plain, owner(appid, openid))
}

func (v vault) open(sealed []byte, appid string, openid model.OpenID) (string, error) {
	return v.box.Open(sealed, owner(appid, openid))
}

// fingerprint lets a code be remembered without keeping it.
func fingerprint(code string) string {
	h := sha256.Sum256([]byte(code))
	return hex.EncodeToString(h[:16])
}
