package media

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"loudou/model"
)

// addressLife is how long a signed address opens its file: longer than a lesson is watched in one go.
const addressLife = 4 * time.Hour

// Public turns a stored address (/media/… or https://…) into one a phone can load.
func (s *Service) Public(address string) string {
	if model.MediaName(address) != "" {
		return s.o.PublicURL + address
	}
	return address
}

// Sign gives an address that opens the file for a few hours. Addresses that are not ours are returned as
// they are. Within a quarter of an hour the same file has the same address, so that a phone's cache helps.
func (s *Service) Sign(address string) string {
	name := model.MediaName(address)
	if name == "" {
		return address
	}
	expires := s.clock().Add(addressLife).Truncate(15 * time.Minute).Unix()
	return s.o.PublicURL + address + "?" + url.Values{"e": {strconv.FormatInt(expires, 10)}, "s": {s.mac(name, expires)}}.Encode()
}

var ownPicture = regexp.MustCompile(`src="(/media/[0-9a-f]{32}\.[a-z0-9]{3,4})"`)

// SignHTML signs the pictures of ours inside cleaned HTML.
func (s *Service) SignHTML(html string) string {
	return ownPicture.ReplaceAllStringFunc(html, func(m string) string {
		return `src="` + escapeAmp(s.Sign(m[len(`src="`):len(m)-1])) + `"`
	})
}

// Pictures gives the signed addresses of the pictures of ours inside cleaned HTML, by the address that stands there.
func (s *Service) Pictures(html string) map[string]string {
	out := map[string]string{}
	for _, m := range ownPicture.FindAllStringSubmatch(html, -1) {
		out[m[1]] = s.Sign(m[1])
	}
	return out
}

func escapeAmp(s string) string { return strings.ReplaceAll(s, "&", "&amp;") }

// Admit decides whether name may be read at an address with these parameters: public files always, others
// only with a true signature that has not run out. ErrNotFound or ErrForbidden.
func (s *Service) Admit(ctx context.Context, name, expires, signature string) (model.Media, error) {
	if signature != "" || expires != "" {
		until, err := strconv.ParseInt(expires, 10, 64)
		if err != nil || !hmac.Equal([]byte(signature), []byte(s.mac(name, until))) {
			return model.Media{}, forbidden()
		}
		if s.clock().Unix() >= until {
			return model.Media{}, forbidden()
		}
		return s.Find(ctx, name)
	}
	m, err := s.Find(ctx, name)
	if err != nil && !errors.Is(err, model.ErrNotFound) {
		return model.Media{}, fmt.Errorf("media %s: %w", name, err)
	}
	if err != nil || !m.Public {
		// A private file and none at all answer alike: a guessed name teaches nothing.
		return model.Media{}, forbidden()
	}
	return m, nil
}

func forbidden() error {
	return model.Refuse(model.ErrForbidden, model.CodeForbidden, "文件地址无效或已过期")
}

func (s *Service) mac(name string, expires int64) string {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(name + "\x00" + strconv.FormatInt(expires, 10)))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
