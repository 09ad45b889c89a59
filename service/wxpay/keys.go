package wxpay

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

// keyring holds what WeChat Pay signs with: one public key without an end, and platform certificates that are fetched
// when somebody needs one. It is the SDK's verifier for answers and ours for notifications.
type keyring struct {
	id       string         // PUB_KEY_ID_…, empty in certificate mode
	public   *rsa.PublicKey // nil in certificate mode
	apiV3Key string
	api      *core.Client // signs, does not verify: the first certificates cannot be verified by earlier ones
	now      func() time.Time

	fetching sync.Mutex // one download at a time
	mu       sync.RWMutex
	certs    map[string]*x509.Certificate
	fetched  time.Time // last success
	retry    time.Time // not asked again before
}

// Certificates live for years; twelve hours is WeChat's own advice. An unknown serial makes us ask again, but an
// attacker may do so once a minute only, and at a merchant without certificates (public key only) once an hour.
const (
	certFresh = 12 * time.Hour
	certRetry = time.Minute
	certNone  = time.Hour
)

var (
	errNoKey = errors.New("no key for this serial")
	certHex  = regexp.MustCompile(`^[0-9A-Fa-f]{8,64}$`)
)

// GetSerial names the key WeChat shall sign its answer with.
func (k *keyring) GetSerial(ctx context.Context) (string, error) {
	if k.public != nil {
		return k.id, nil
	}
	serial, old := k.newest()
	if !old {
		return serial, nil
	}
	err := k.download(ctx)
	if serial, _ = k.newest(); serial == "" {
		return "", err
	}
	return serial, nil
}

// Verify checks an RSA-SHA256 signature by the key that serial names.
func (k *keyring) Verify(ctx context.Context, serial, message, signature string) error {
	key, err := k.key(ctx, serial)
	if err != nil {
		return err
	}
	return verifyRSA(key, message, signature)
}

func verifyRSA(key *rsa.PublicKey, message, signature string) error {
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return errors.New("signature is not base64")
	}
	sum := sha256.Sum256([]byte(message))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig); err != nil {
		return errors.New("signature does not match")
	}
	return nil
}

func (k *keyring) key(ctx context.Context, serial string) (*rsa.PublicKey, error) {
	if k.public != nil && serial == k.id {
		return k.public, nil
	}
	if !certHex.MatchString(serial) {
		return nil, errNoKey
	}
	if key := k.cert(serial); key != nil {
		return key, nil
	}
	_ = k.download(ctx) // whoever was first may have fetched it for us: look, whatever came back
	if key := k.cert(serial); key != nil {
		return key, nil
	}
	return nil, errNoKey
}

func (k *keyring) cert(serial string) *rsa.PublicKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	cert := k.certs[serial]
	if cert == nil || k.now().Before(cert.NotBefore) || k.now().After(cert.NotAfter) {
		return nil
	}
	key, _ := cert.PublicKey.(*rsa.PublicKey)
	return key
}

// newest is the serial of the certificate that ends last; old asks for a download.
func (k *keyring) newest() (serial string, old bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var end time.Time
	for s, cert := range k.certs {
		if cert.NotAfter.After(end) {
			serial, end = s, cert.NotAfter
		}
	}
	return serial, k.now().Sub(k.fetched) > certFresh
}

// download fetches the platform certificates (GET /v3/certificates), opens them with the APIv3 key and then verifies
// the answer with the certificate it was signed with.
func (k *keyring) download(ctx context.Context) error {
	k.fetching.Lock()
	defer k.fetching.Unlock()
	k.mu.RLock()
	wait := k.now().Before(k.retry)
	k.mu.RUnlock()
	if wait {
		return errors.New("platform certificates: asked a moment ago")
	}
	certs, err := k.fetch(ctx)
	pause := certRetry
	if errors.Is(err, errNoCertificates) {
		pause = certNone
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.retry = k.now().Add(pause)
	if err != nil {
		return err
	}
	k.certs, k.fetched = certs, k.now()
	return nil
}

var errNoCertificates = errors.New("platform certificates: this merchant has none, it needs the WeChat Pay public key")

func (k *keyring) fetch(ctx context.Context) (map[string]*x509.Certificate, error) {
	const path = "/v3/certificates"
	res, err := k.api.Get(ctx, consts.WechatPayAPIServer+path)
	if err != nil {
		var e *core.APIError
		if errors.As(err, &e) && e.StatusCode == http.StatusNotFound {
			return nil, errNoCertificates
		}
		return nil, asCall(path, err)
	}
	defer func() { _ = res.Response.Body.Close() }()
	body, err := io.ReadAll(res.Response.Body)
	if err != nil {
		return nil, asCall(path, err)
	}
	certs, err := openCertificates(body, k.apiV3Key)
	if err != nil {
		return nil, err
	}
	h := res.Response.Header
	var key *rsa.PublicKey
	switch serial := h.Get(consts.WechatPaySerial); {
	case certs[serial] != nil:
		key, _ = certs[serial].PublicKey.(*rsa.PublicKey)
	case k.public != nil && serial == k.id:
		key = k.public
	case strings.HasPrefix(serial, "PUB_KEY_ID_"):
		// Signed with a public key we were not given. What we use of the answer is sealed with the APIv3 key.
		return certs, nil
	}
	if key == nil {
		return nil, errors.New("platform certificates: signed by one that is not among them")
	}
	if err := fresh(h.Get(consts.WechatPayTimestamp), k.now()); err != nil {
		return nil, fmt.Errorf("platform certificates: %w", err)
	}
	message := h.Get(consts.WechatPayTimestamp) + "\n" + h.Get(consts.WechatPayNonce) + "\n" + string(body) + "\n"
	if err := verifyRSA(key, message, h.Get(consts.WechatPaySignature)); err != nil {
		return nil, fmt.Errorf("platform certificates: %w", err)
	}
	return certs, nil
}

func openCertificates(body []byte, apiV3Key string) (map[string]*x509.Certificate, error) {
	var list struct {
		Data []struct {
			SerialNo           string   `json:"serial_no"`
			EncryptCertificate resource `json:"encrypt_certificate"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, errors.New("platform certificates: not JSON")
	}
	certs := make(map[string]*x509.Certificate, len(list.Data))
	for _, d := range list.Data {
		text, err := d.EncryptCertificate.open(apiV3Key)
		if err != nil {
			return nil, fmt.Errorf("platform certificate %s: %w", clip(d.SerialNo, 64), err)
		}
		cert, err := utils.LoadCertificate(string(text))
		if err != nil {
			return nil, fmt.Errorf("platform certificate %s: not a certificate", clip(d.SerialNo, 64))
		}
		certs[d.SerialNo] = cert
	}
	if len(certs) == 0 {
		return nil, errNoCertificates
	}
	return certs, nil
}

// fresh refuses a timestamp 300 seconds or more away from now.
func fresh(timestamp string, now time.Time) error {
	sec, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("no timestamp")
	}
	if d := now.Unix() - sec; d >= 300 || d <= -300 {
		return errors.New("stale")
	}
	return nil
}
