package config

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

var (
	appid    = regexp.MustCompile(`^wx[0-9a-f]{16}$`)
	token    = regexp.MustCompile(`^[A-Za-z0-9]{3,32}$`)
	wantHTTP = regexp.MustCompile(`^https?://`)
)

// knownSecrets stand in documents, examples and other people's source; whoever uses one has no secret.
var knownSecrets = []string{"change-me", "changeme", "please-change", "your-secret", "example", "secret-secret", "0123456789abcdef0123456789abcdef", "loudou-demo"}

// Validate lists every fault of c at once; nil when there is none. serve says whether the service
// itself is to start: then the secret is needed.
func (c Config) Validate(serve bool) error {
	var f Faults
	bad := func(name, what string) { f = append(f, "LOUDOU_"+name+": "+what) }

	for _, name := range c.exposed {
		// A public key is no secret, and a fake's merchant key guards no money.
		if name != "PAY_PUBLIC_KEY" && !(name == "PAY_PRIVATE_KEY" && c.Loopback()) {
			bad(name+"_FILE", "readable by everybody; run chmod 600")
		}
	}
	if serve {
		switch {
		case c.Secret == "":
			bad("SECRET", "missing; set 32 or more random bytes (openssl rand -hex 32)")
		case len(c.Secret) < 32:
			bad("SECRET", "shorter than 32 bytes")
		default:
			for _, k := range knownSecrets {
				if strings.Contains(strings.ToLower(c.Secret), k) && len(c.Secret) < len(k)+32 {
					bad("SECRET", "a known value; make your own (openssl rand -hex 32)")
					break
				}
			}
		}
	}
	if !strings.HasPrefix(c.Database, "sqlite:") && !strings.HasPrefix(c.Database, "mysql://") {
		bad("DATABASE", "must begin with sqlite: or mysql://")
	}
	if scheme, _, _ := strings.Cut(c.Redis, "://"); c.Redis != "" {
		switch scheme {
		case "redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel":
		default:
			bad("REDIS", "must be empty, redis://, rediss://, redis+cluster:// or redis+sentinel://")
		}
	}
	for name, base := range map[string]string{"WECHAT_API": c.WeChatAPI, "PAY_API": c.PayAPI} {
		if u, err := url.Parse(base); err != nil || !wantHTTP.MatchString(base) || u.Host == "" || u.Path != "" {
			bad(name, "must be an origin, like https://host")
		}
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		switch {
		case err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || !wantHTTP.MatchString(c.PublicURL):
			bad("PUBLIC_URL", "must be an origin, like https://shop.example.com")
		case u.Scheme != "https" && !c.Loopback():
			bad("PUBLIC_URL", "must be https")
		}
	} else if serve && (c.PayMchID != "" || !c.Loopback()) {
		bad("PUBLIC_URL", "missing; WeChat needs it to reach us")
	}
	for _, p := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			if _, err := netip.ParseAddr(p); err != nil {
				bad("TRUSTED_PROXIES", "not an address or CIDR: "+p)
			}
		}
	}
	c.app(bad, "OFFICIAL", c.OfficialAppID, c.OfficialSecret, c.OfficialToken, c.OfficialAESKey, c.OfficialAESKeyPrevious, c.OfficialMode)
	c.app(bad, "MINI", c.MiniAppID, c.MiniSecret, c.MiniToken, c.MiniAESKey, c.MiniAESKeyPrevious, c.MiniMode)
	c.pay(bad)
	c.s3(bad)
	if c.XPayOfferID != "" {
		if c.XPayEnv == 0 && c.XPayAppKey == "" {
			bad("XPAY_APP_KEY", "missing beside LOUDOU_XPAY_OFFER_ID")
		}
		if c.XPayEnv == 1 && c.XPaySandboxKey == "" {
			bad("XPAY_SANDBOX_APP_KEY", "missing while LOUDOU_XPAY_ENV is 1")
		}
		if c.MiniAppID == "" {
			bad("MINI_APPID", "missing; virtual payment belongs to a Mini Program")
		}
	}
	if c.XPayEnv != 0 && c.XPayEnv != 1 {
		bad("XPAY_ENV", "must be 0 (live) or 1 (sandbox)")
	}
	if (c.OperatorName == "") != (c.OperatorPassword == "") {
		bad("OPERATOR_NAME", "needs LOUDOU_OPERATOR_PASSWORD beside it, and the other way round")
	}
	if c.OperatorPassword != "" && len(c.OperatorPassword) < 10 {
		bad("OPERATOR_PASSWORD", "shorter than 10 characters")
	}
	if c.RefundLimit < 0 {
		bad("REFUND_LIMIT", "must not be negative")
	}
	switch {
	case c.Limits != "on" && c.Limits != "off":
		bad("LIMITS", "must be on or off")
	case c.Limits == "off" && !c.Loopback():
		bad("LIMITS", "off is accepted only while LOUDOU_WECHAT_API is loopback")
	}
	if c.Now != "" {
		if _, err := time.Parse(time.RFC3339, c.Now); err != nil {
			bad("NOW", "must be RFC 3339, like 2026-01-31T08:00:00+08:00")
		} else if serve && !c.Loopback() { // a command that serves nobody misleads nobody
			bad("NOW", "accepted only while LOUDOU_WECHAT_API is loopback")
		}
	}
	switch c.LogLevel {
	case "debug", "info", "warn", "error":
	default:
		bad("LOG_LEVEL", "must be debug, info, warn or error")
	}
	if len(f) > 0 {
		return f
	}
	return nil
}

func (c Config) app(bad func(string, string), name, id, secret, tok, key, previous, mode string) {
	if id == "" {
		if secret != "" || tok != "" || key != "" {
			bad(name+"_APPID", "missing beside the other LOUDOU_"+name+" settings")
		}
		return
	}
	if !appid.MatchString(id) {
		bad(name+"_APPID", "must be wx and 16 hex digits")
	}
	if secret == "" {
		bad(name+"_SECRET", "missing")
	}
	if !token.MatchString(tok) {
		bad(name+"_TOKEN", "missing, or not 3 to 32 letters and digits")
	}
	for n, k := range map[string]string{name + "_AES_KEY": key, name + "_AES_KEY_PREVIOUS": previous} {
		if k == "" {
			continue
		}
		if _, err := base64.StdEncoding.DecodeString(k + "="); err != nil || len(k) != 43 {
			bad(n, "must be 43 letters and digits")
		}
	}
	switch mode {
	case "", "plain":
	case "safe", "compatible":
		if key == "" {
			bad(name+"_AES_KEY", "missing while the mode is "+mode)
		}
	default:
		bad(name+"_MODE", "must be plain, compatible or safe")
	}
}

func (c Config) pay(bad func(string, string)) {
	if c.PayMchID == "" {
		return
	}
	if c.MiniAppID == "" {
		bad("MINI_APPID", "missing; WeChat Pay is used inside the Mini Program")
	}
	if c.PaySerial == "" {
		bad("PAY_SERIAL", "missing")
	}
	if len(c.PayAPIv3Key) != 32 {
		bad("PAY_APIV3_KEY", "must be exactly 32 bytes")
	}
	if block, _ := pem.Decode([]byte(c.PayPrivateKey)); block == nil {
		bad("PAY_PRIVATE_KEY_FILE", "missing, or not a PEM private key")
	} else if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		bad("PAY_PRIVATE_KEY_FILE", "not a PKCS#8 private key")
	} else if _, ok := k.(*rsa.PrivateKey); !ok {
		bad("PAY_PRIVATE_KEY_FILE", "not an RSA key")
	}
	if (c.PayPublicKeyID == "") != (c.PayPublicKey == "") {
		bad("PAY_PUBLIC_KEY_ID", "needs LOUDOU_PAY_PUBLIC_KEY_FILE beside it, and the other way round")
	}
	if c.PayPublicKey != "" {
		block, _ := pem.Decode([]byte(c.PayPublicKey))
		if block == nil {
			bad("PAY_PUBLIC_KEY_FILE", "not a PEM public key")
		} else if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
			bad("PAY_PUBLIC_KEY_FILE", "not a public key; the merchant certificate does not serve here")
		}
	}
}

func (c Config) s3(bad func(string, string)) {
	if c.S3URL == "" {
		if c.S3Bucket != "" || c.S3AccessKey != "" || c.S3SecretKey != "" {
			bad("S3_URL", "missing beside the other LOUDOU_S3 settings")
		}
		return
	}
	if u, err := url.Parse(c.S3URL); err != nil || !wantHTTP.MatchString(c.S3URL) || u.Host == "" || u.Path != "" || u.RawQuery != "" {
		bad("S3_URL", "must be an origin, like https://s3.example.com")
	} else if u.Scheme != "https" && !c.Loopback() {
		bad("S3_URL", "must be https")
	}
	for name, v := range map[string]string{"S3_BUCKET": c.S3Bucket, "S3_ACCESS_KEY": c.S3AccessKey, "S3_SECRET_KEY": c.S3SecretKey} {
		if v == "" {
			bad(name, "missing beside LOUDOU_S3_URL")
		}
	}
	if c.S3Lookup != "" && c.S3Lookup != "path" && c.S3Lookup != "dns" {
		bad("S3_LOOKUP", "must be path or dns")
	}
}
