// Package config reads what an operator can set: defaults, then loudou.yaml, then the environment. Every
// secret may come from NAME_FILE instead. All faults are listed at once; String never shows a secret.
package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Config is every setting. The tag env is the environment's name without LOUDOU_ (the YAML key is the
// same in lower case); secret hides the value and allows NAME_FILE.
type Config struct {
	Addr           string   `env:"ADDR" default:"127.0.0.1:8080" doc:"address the service listens on"`
	MetricsAddr    string   `env:"METRICS_ADDR" default:"127.0.0.1:9090" doc:"address of /metrics"`
	PublicURL      string   `env:"PUBLIC_URL" doc:"the https origin WeChat and browsers reach"`
	TrustedProxies []string `env:"TRUSTED_PROXIES" doc:"CIDRs whose X-Forwarded-For counts, comma separated"`
	Data           string   `env:"DATA" default:"./data" doc:"folder of uploads and of the push spool"`
	Database       string   `env:"DATABASE" default:"sqlite:./data/loudou.db" secret:"true" doc:"sqlite:PATH or mysql://user:pass@tcp(host:3306)/name"`
	Redis          string   `env:"REDIS" secret:"true" doc:"empty (in-process), redis://, rediss://, redis+cluster:// or redis+sentinel://"`

	OfficialAppID          string `env:"OFFICIAL_APPID" doc:"Official Account AppID"`
	OfficialSecret         string `env:"OFFICIAL_SECRET" secret:"true" doc:"Official Account AppSecret"`
	OfficialToken          string `env:"OFFICIAL_TOKEN" secret:"true" doc:"Official Account message token"`
	OfficialAESKey         string `env:"OFFICIAL_AES_KEY" secret:"true" doc:"Official Account EncodingAESKey, 43 characters"`
	OfficialAESKeyPrevious string `env:"OFFICIAL_AES_KEY_PREVIOUS" secret:"true" doc:"the key before, accepted while it is set"`
	OfficialMode           string `env:"OFFICIAL_MODE" doc:"plain, compatible or safe; default safe with an AES key, else plain"`

	MiniAppID          string `env:"MINI_APPID" doc:"Mini Program AppID"`
	MiniSecret         string `env:"MINI_SECRET" secret:"true" doc:"Mini Program AppSecret"`
	MiniToken          string `env:"MINI_TOKEN" secret:"true" doc:"Mini Program message token"`
	MiniAESKey         string `env:"MINI_AES_KEY" secret:"true" doc:"Mini Program EncodingAESKey, 43 characters"`
	MiniAESKeyPrevious string `env:"MINI_AES_KEY_PREVIOUS" secret:"true" doc:"the key before, accepted while it is set"`
	MiniMode           string `env:"MINI_MODE" doc:"plain, compatible or safe; default safe with an AES key, else plain"`

	PayMchID         string `env:"PAY_MCHID" doc:"WeChat Pay merchant number"`
	PaySerial        string `env:"PAY_SERIAL" doc:"serial number of the merchant certificate"`
	PayPrivateKey    string `env:"PAY_PRIVATE_KEY" secret:"true" doc:"merchant private key, PEM"`
	PayAPIv3Key      string `env:"PAY_APIV3_KEY" secret:"true" doc:"APIv3 key, 32 bytes"`
	PayPublicKeyID   string `env:"PAY_PUBLIC_KEY_ID" doc:"id of WeChat Pay's public key, PUB_KEY_ID_…; empty: platform certificates"`
	PayPublicKey     string `env:"PAY_PUBLIC_KEY" secret:"true" doc:"WeChat Pay's public key, PEM"`
	XPayOfferID      string `env:"XPAY_OFFER_ID" doc:"virtual payment OfferID"`
	XPayAppKey       string `env:"XPAY_APP_KEY" secret:"true" doc:"virtual payment live AppKey"`
	XPaySandboxKey   string `env:"XPAY_SANDBOX_APP_KEY" secret:"true" doc:"virtual payment sandbox AppKey"`
	XPayEnv          int    `env:"XPAY_ENV" default:"0" doc:"0 live, 1 sandbox"`
	S3URL            string `env:"S3_URL" doc:"origin of an S3-compatible storage for uploads; empty: the folder LOUDOU_DATA/media, which several instances must share"`
	S3Bucket         string `env:"S3_BUCKET" doc:"name of the bucket: it must be there, and not be readable without a signature"`
	S3Region         string `env:"S3_REGION" doc:"region as the storage calls it; default us-east-1"`
	S3AccessKey      string `env:"S3_ACCESS_KEY" doc:"id of the key that may read, write and delete in the bucket"`
	S3SecretKey      string `env:"S3_SECRET_KEY" secret:"true" doc:"the secret of that key"`
	S3Lookup         string `env:"S3_LOOKUP" doc:"path or dns: where the bucket's name stands in an address; default what the host is known to want"`
	PosterFont       string `env:"POSTER_FONT" doc:"font file with Chinese that posters are written with (ttf, otf, ttc); empty: one of the system's"`
	WeChatAPI        string `env:"WECHAT_API" default:"https://api.weixin.qq.com" doc:"base URL of WeChat's API"`
	PayAPI           string `env:"PAY_API" default:"https://api.mch.weixin.qq.com" doc:"base URL of WeChat Pay's API"`
	OperatorName     string `env:"OPERATOR_NAME" doc:"first operator, made once if there is none"`
	OperatorPassword string `env:"OPERATOR_PASSWORD" secret:"true" doc:"password of the first operator"`
	Secret           string `env:"SECRET" secret:"true" doc:"32 or more random bytes that sign tokens and encrypt session keys"`
	RefundLimit      int64  `env:"REFUND_LIMIT" default:"50000" doc:"fen; above it a second operator approves"`
	Limits           string `env:"LIMITS" default:"on" doc:"off lifts rate limits; only while LOUDOU_WECHAT_API is loopback"`
	Now              string `env:"NOW" doc:"RFC 3339: the business clock starts there; only while LOUDOU_WECHAT_API is loopback"`
	LogLevel         string `env:"LOG_LEVEL" default:"info" doc:"debug, info, warn or error"`

	exposed []string // settings whose file everybody can read
}

// Faults lists everything wrong with the settings, each as "LOUDOU_NAME: what".
type Faults []string

func (f Faults) Error() string { return "settings:\n  " + strings.Join(f, "\n  ") }

// Load reads the file (may be absent when path is the default) and then the environment given by lookup.
// The error is Faults: wrong types and unreadable files are already in it; Validate adds the rest.
func Load(path string, lookup func(string) (string, bool)) (Config, error) {
	var c Config
	var faults Faults
	file := map[string]any{}
	if b, err := os.ReadFile(path); err == nil { //nolint:gosec // the operator names the path
		if err := yaml.Unmarshal(b, &file); err != nil {
			faults = append(faults, path+": not readable as YAML")
		}
	} else if !os.IsNotExist(err) {
		faults = append(faults, path+": "+cause(err))
	}
	known := map[string]bool{}
	each(&c, func(f reflect.StructField, v reflect.Value) {
		name := f.Tag.Get("env")
		key := strings.ToLower(name)
		known[key] = true
		text, set := f.Tag.Get("default"), false
		if x, ok := file[key]; ok {
			text, set = fmt.Sprint(x), true
		}
		if x, ok := lookup("LOUDOU_" + name); ok {
			text, set = x, true
		}
		if f.Tag.Get("secret") != "" {
			known[key+"_file"] = true
			from, ok := lookup("LOUDOU_" + name + "_FILE")
			if x, in := file[key+"_file"]; !ok && in {
				from, ok = fmt.Sprint(x), true
			}
			if ok && from != "" {
				if set && text != "" {
					faults = append(faults, "LOUDOU_"+name+": set twice, here and as LOUDOU_"+name+"_FILE")
				}
				read, exposed, err := secretFile(from)
				if err != nil {
					faults = append(faults, "LOUDOU_"+name+"_FILE: "+err.Error())
				}
				if text = read; exposed {
					c.exposed = append(c.exposed, name)
				}
			}
		}
		switch v.Kind() {
		case reflect.String:
			v.SetString(text)
		case reflect.Slice:
			var list []string
			for _, p := range strings.Split(text, ",") {
				if p = strings.TrimSpace(p); p != "" {
					list = append(list, p)
				}
			}
			v.Set(reflect.ValueOf(list))
		default:
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				faults = append(faults, "LOUDOU_"+name+": must be a whole number")
			}
			v.SetInt(n)
		}
	})
	for k := range file {
		if !known[k] {
			faults = append(faults, path+": unknown setting "+k)
		}
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	c.S3URL = strings.TrimSuffix(c.S3URL, "/")
	c.WeChatAPI, c.PayAPI = strings.TrimSuffix(c.WeChatAPI, "/"), strings.TrimSuffix(c.PayAPI, "/")
	if len(faults) > 0 {
		return c, faults
	}
	return c, nil
}

// secretFile reads a secret; exposed tells that everybody on the machine can read it too.
func secretFile(path string) (text string, exposed bool, err error) {
	st, err := os.Stat(path)
	if err != nil {
		return "", false, fmt.Errorf("cannot be read: %s", cause(err))
	}
	b, err := os.ReadFile(path) //nolint:gosec // the operator names the path
	if err != nil {
		return "", false, fmt.Errorf("cannot be read: %s", cause(err))
	}
	return strings.TrimSpace(string(b)), st.Mode().Perm()&0o004 != 0, nil
}

func cause(err error) string {
	if os.IsNotExist(err) {
		return "no such file"
	}
	if os.IsPermission(err) {
		return "no permission"
	}
	return "not readable"
}

// Loopback tells whether WeChat's API is a fake on this machine; some settings are allowed only then.
func (c Config) Loopback() bool {
	u, err := url.Parse(c.WeChatAPI)
	if err != nil {
		return false
	}
	if u.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

// Start is the instant the business clock begins at; nil without LOUDOU_NOW.
func (c Config) Start() *time.Time {
	if c.Now == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, c.Now)
	if err != nil {
		return nil
	}
	return &t
}

// String prints every setting as NAME=value, a line each, with secrets hidden.
func (c Config) String() string {
	var b strings.Builder
	each(&c, func(f reflect.StructField, v reflect.Value) {
		text := fmt.Sprint(v.Interface())
		if v.Kind() == reflect.Slice {
			text = strings.Join(c.TrustedProxies, ",")
		}
		if f.Tag.Get("secret") != "" && text != "" && !strings.HasPrefix(text, "sqlite:") {
			text = "(set, hidden)"
		}
		fmt.Fprintf(&b, "LOUDOU_%s=%s\n", f.Tag.Get("env"), text)
	})
	return b.String()
}

// Table lists the settings for the documentation: name, default, meaning.
func Table() [][3]string {
	var out [][3]string
	each(&Config{}, func(f reflect.StructField, _ reflect.Value) {
		out = append(out, [3]string{"LOUDOU_" + f.Tag.Get("env"), f.Tag.Get("default"), f.Tag.Get("doc")})
	})
	return out
}

func each(c *Config, fn func(reflect.StructField, reflect.Value)) {
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			fn(f, v.Field(i))
		}
	}
}
