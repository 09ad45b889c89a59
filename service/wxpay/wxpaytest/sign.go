package wxpaytest

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const scheme = "WECHATPAY2-SHA256-RSA2048"

// Signature is RSA PKCS#1 v1.5 over SHA-256, base64.
func Signature(k *rsa.PrivateKey, text string) string {
	sum := sha256.Sum256([]byte(text))
	b, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // only a key too small could fail
	}
	return base64.StdEncoding.EncodeToString(b)
}

// Verify says whether signature (base64) is k's over text.
func Verify(k *rsa.PublicKey, text, signature string) bool {
	b, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(text))
	return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], b) == nil
}

// Seal is AEAD_AES_256_GCM with the APIv3 key: base64 of ciphertext and tag.
func Seal(key, nonce, associated string, plain []byte) (string, error) {
	g, err := gcm(key)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(g.Seal(nil, []byte(nonce), plain, []byte(associated))), nil
}

// Open is the reverse of Seal.
func Open(key, nonce, associated, text string) ([]byte, error) {
	g, err := gcm(key)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	if len(nonce) != g.NonceSize() {
		return nil, fmt.Errorf("nonce of %d bytes", len(nonce))
	}
	return g.Open(nil, []byte(nonce), b, []byte(associated))
}

func gcm(key string) (cipher.AEAD, error) {
	b, err := aes.NewCipher([]byte(key))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

var field = regexp.MustCompile(`(\w+)="([^"]*)"`)

// authorised checks Authorization over METHOD, path with query, timestamp, nonce and the raw body.
func (f *Fake) authorised(r *http.Request, body []byte) error {
	kind, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if kind != scheme {
		return fmt.Errorf("认证类型 %q 不支持", kind)
	}
	v := map[string]string{}
	for _, m := range field.FindAllStringSubmatch(rest, -1) {
		v[m[1]] = m[2]
	}
	k := f.opt.Keys
	if v["mchid"] != k.MchID {
		return fmt.Errorf("商户号不正确")
	}
	if v["serial_no"] != k.Serial {
		return fmt.Errorf("商户证书序列号有误")
	}
	ts, err := strconv.ParseInt(v["timestamp"], 10, 64)
	if err != nil || time.Since(time.Unix(ts, 0)).Abs() >= 5*time.Minute {
		return fmt.Errorf("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
	}
	text := r.Method + "\n" + r.URL.RequestURI() + "\n" + v["timestamp"] + "\n" + v["nonce_str"] + "\n" + string(body) + "\n"
	if v["nonce_str"] == "" || !Verify(&k.Merchant.PublicKey, text, v["signature"]) {
		return fmt.Errorf("错误的签名，验签失败")
	}
	return nil
}

// sealHeaders signs body as WeChat Pay signs answers and notices; serial chooses the key.
func (f *Fake) sealHeaders(h http.Header, serial string, body []byte) {
	key, id := f.opt.Keys.Platform, f.opt.Keys.PublicKeyID
	if serial == f.certs.serial {
		key, id = f.opt.Keys.Certificate, f.certs.serial
	}
	ts, nonce := strconv.FormatInt(time.Now().Unix(), 10), strings.ReplaceAll(uuid(), "-", "")
	h.Set("Wechatpay-Timestamp", ts)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", id)
	h.Set("Wechatpay-Signature-Type", scheme)
	h.Set("Wechatpay-Signature", Signature(key, ts+"\n"+nonce+"\n"+string(body)+"\n"))
}

// reply sends a signed answer; v nil means an empty body.
func (f *Fake) reply(w http.ResponseWriter, r *http.Request, status int, v any) {
	var b []byte
	if v != nil {
		var buf bytes.Buffer
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			panic(err) // only our own values come here
		}
		b = bytes.TrimRight(buf.Bytes(), "\n")
	}
	serial := r.Header.Get("Wechatpay-Serial")
	if serial == "" && f.signer() == "certificate" {
		serial = f.certs.serial
	}
	f.sealHeaders(w.Header(), serial, b)
	w.Header().Set("Request-Id", uuid())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

func (f *Fake) signer() string { f.mu.Lock(); defer f.mu.Unlock(); return f.opt.SignWith }

// refuse sends an error; errors are not signed.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Request-Id", uuid())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "message": message})
}

// guard reads the body and lets a call through when it is signed by the merchant.
func (f *Fake) guard(h func(w http.ResponseWriter, r *http.Request, body []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			refuse(w, 400, "PARAM_ERROR", "读取请求失败")
			return
		}
		if err := f.authorised(r, body); err != nil {
			refuse(w, 401, "SIGN_ERROR", err.Error())
			return
		}
		if r.Header.Get("User-Agent") == "" || r.Header.Get("Accept") == "" {
			refuse(w, 400, "PARAM_ERROR", "Http头缺少Accept或User-Agent")
			return
		}
		if s := r.Header.Get("Wechatpay-Serial"); s != "" && s != f.opt.Keys.PublicKeyID && (s != f.certs.serial || f.opt.NoCerts) {
			refuse(w, 400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误")
			return
		}
		h(w, r, body)
	}
}

type certificate struct {
	serial string
	pem    []byte
	from   time.Time
	to     time.Time
}

func newCertificate(k *rsa.PrivateKey) *certificate {
	sum := sha256.Sum256(k.PublicKey.N.Bytes())
	n := new(big.Int).SetBytes(sum[:20])
	n.SetBit(n, 159, 0).SetBit(n, 158, 1) // positive, always 40 hex digits
	c := &certificate{from: time.Now().Add(-24 * time.Hour).Truncate(time.Second), to: time.Now().AddDate(5, 0, 0).Truncate(time.Second)}
	t := &x509.Certificate{SerialNumber: n, Subject: pkix.Name{CommonName: "Tenpay.com sign", Organization: []string{"Fake WeChat Pay"}}, NotBefore: c.from, NotAfter: c.to}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &k.PublicKey, k)
	if err != nil {
		panic(err) // our own template
	}
	c.serial = strings.ToUpper(fmt.Sprintf("%x", n))
	c.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return c
}

// CertificateSerial names the platform certificate.
func (f *Fake) CertificateSerial() string { return f.certs.serial }

// CertificatePEM is the platform certificate itself.
func (f *Fake) CertificatePEM() []byte { return f.certs.pem }

func (f *Fake) certificates(w http.ResponseWriter, r *http.Request, _ []byte) {
	if f.opt.NoCerts {
		refuse(w, 404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥")
		return
	}
	nonce := digits(12)
	enc, err := Seal(f.opt.Keys.APIv3Key, nonce, "certificate", f.certs.pem)
	if err != nil {
		refuse(w, 500, "SYSTEM_ERROR", "系统错误")
		return
	}
	f.reply(w, r, 200, map[string]any{"data": []any{map[string]any{"serial_no": f.certs.serial, "effective_time": stamp(f.certs.from), "expire_time": stamp(f.certs.to),
		"encrypt_certificate": map[string]string{"algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": "certificate", "ciphertext": enc}}}})
}
