package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"loudou/service/wechat/wechattest"
	"loudou/service/wxpay/wxpaytest"
	"loudou/service/xpay/xpaytest"
)

// keys are the ids and secrets that the service and this fake share: fake.env in the keys folder, with the names the
// service reads, and the RSA keys as files beside it.
type keys struct {
	env      map[string]string
	pay      wxpaytest.Keys
	dir      string
	loopback string
}

func letters(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	const set = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	for i := range b {
		b[i] = set[int(b[i])%len(set)]
	}
	return string(b)
}

func hexes(n int) string {
	b := make([]byte, (n+1)/2)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)[:n]
}

// loadKeys reads the folder and makes what is missing. The environment goes over the file, name by name. base is the
// address this fake is reached at; it is written anew at every start.
func loadKeys(dir, base string) (*keys, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	k := &keys{env: map[string]string{}, dir: dir, loopback: base}
	file := filepath.Join(dir, "fake.env")
	if b, err := os.ReadFile(file); err == nil {
		for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
			if name, value, found := strings.Cut(strings.TrimSpace(s.Text()), "="); found && !strings.HasPrefix(name, "#") {
				k.env[name] = value
			}
		}
	} else if !os.IsNotExist(err) {
		return nil, err
	}
	fresh := map[string]string{
		"LOUDOU_OFFICIAL_APPID": "wx" + hexes(16), "LOUDOU_OFFICIAL_SECRET": hexes(32), "LOUDOU_OFFICIAL_TOKEN": letters(24), "LOUDOU_OFFICIAL_AES_KEY": letters(43),
		"LOUDOU_MINI_APPID": "wx" + hexes(16), "LOUDOU_MINI_SECRET": hexes(32), "LOUDOU_MINI_TOKEN": letters(24), "LOUDOU_MINI_AES_KEY": letters(43),
		"LOUDOU_PAY_MCHID": "1900000109", "LOUDOU_PAY_SERIAL": strings.ToUpper(hexes(40)), "LOUDOU_PAY_APIV3_KEY": letters(32), "LOUDOU_PAY_PUBLIC_KEY_ID": "PUB_KEY_ID_0119000001092024111100000000000001",
		"LOUDOU_XPAY_OFFER_ID": "1450012345", "LOUDOU_XPAY_APP_KEY": letters(32), "LOUDOU_XPAY_SANDBOX_APP_KEY": letters(32), "LOUDOU_XPAY_ENV": "0",
	}
	for name, v := range fresh {
		if k.env[name] == "" {
			k.env[name] = v
		}
		if v := os.Getenv(name); v != "" {
			k.env[name] = v
		}
	}
	k.env["LOUDOU_WECHAT_API"], k.env["LOUDOU_PAY_API"] = base, base
	k.env["LOUDOU_PAY_PRIVATE_KEY_FILE"], k.env["LOUDOU_PAY_PUBLIC_KEY_FILE"] = filepath.Join(dir, "merchant.pem"), filepath.Join(dir, "wechatpay_public.pem")
	for name, into := range map[string]**rsa.PrivateKey{"merchant.pem": &k.pay.Merchant, "wechatpay_private.pem": &k.pay.Platform, "certificate_private.pem": &k.pay.Certificate} {
		if *into, err = rsaKey(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	k.pay.MchID, k.pay.Serial, k.pay.APIv3Key, k.pay.PublicKeyID = k.env["LOUDOU_PAY_MCHID"], k.env["LOUDOU_PAY_SERIAL"], k.env["LOUDOU_PAY_APIV3_KEY"], k.env["LOUDOU_PAY_PUBLIC_KEY_ID"]
	if err := writeFile(k.env["LOUDOU_PAY_PUBLIC_KEY_FILE"], k.pay.PublicKeyPEM()); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(k.env))
	for name := range k.env {
		names = append(names, name)
	}
	sort.Strings(names)
	var b bytes.Buffer
	b.WriteString("# Settings that make the service talk to the fake WeChat of this folder. Secret; made by fakewechat.\n")
	for _, name := range names {
		fmt.Fprintf(&b, "%s=%s\n", name, k.env[name])
	}
	return k, writeFile(file, b.Bytes())
}

func rsaKey(file string) (*rsa.PrivateKey, error) {
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		k := wxpaytest.NewKey()
		return k, writeFile(file, wxpaytest.PrivatePEM(k))
	}
	if err != nil {
		return nil, err
	}
	p, _ := pem.Decode(b)
	if p == nil {
		return nil, fmt.Errorf("%s holds no key", file)
	}
	any, err := x509.ParsePKCS8PrivateKey(p.Bytes)
	k, isRSA := any.(*rsa.PrivateKey)
	if err != nil || !isRSA {
		return nil, fmt.Errorf("%s holds no RSA key", file)
	}
	return k, nil
}

// writeFile replaces a file whole: 0600, synced, renamed into place.
func writeFile(file string, b []byte) error {
	t, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(t.Name()) }()
	_, err = t.Write(b)
	if err == nil {
		err = t.Sync()
	}
	if e := t.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(t.Name(), file)
}

func (k *keys) official(s settings) wechattest.App {
	e := k.env
	return wechattest.App{AppID: e["LOUDOU_OFFICIAL_APPID"], Secret: e["LOUDOU_OFFICIAL_SECRET"], Token: e["LOUDOU_OFFICIAL_TOKEN"], AESKey: e["LOUDOU_OFFICIAL_AES_KEY"], Hook: s.service + "/hook/official", Mode: wechattest.Mode(s.mode)}
}

func (k *keys) mini(s settings) wechattest.App {
	e := k.env
	return wechattest.App{AppID: e["LOUDOU_MINI_APPID"], Secret: e["LOUDOU_MINI_SECRET"], Token: e["LOUDOU_MINI_TOKEN"], AESKey: e["LOUDOU_MINI_AES_KEY"], Hook: s.service + "/hook/mini", Mode: wechattest.Mode(s.mode), JSON: s.push == "json"}
}

func (k *keys) xpay() xpaytest.Options {
	return xpaytest.Options{OfferID: k.env["LOUDOU_XPAY_OFFER_ID"], AppKey: k.env["LOUDOU_XPAY_APP_KEY"], SandboxAppKey: k.env["LOUDOU_XPAY_SANDBOX_APP_KEY"]}
}
