package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loudou/config"
)

func load(t *testing.T, env map[string]string) (config.Config, error) {
	t.Helper()
	return config.Load(filepath.Join(t.TempDir(), "loudou.yaml"), func(k string) (string, bool) { v, ok := env[k]; return v, ok })
}

func TestEveryFaultAtOnce(t *testing.T) {
	c, err := load(t, map[string]string{
		"LOUDOU_SECRET": "short", "LOUDOU_DATABASE": "postgres://x", "LOUDOU_REDIS": "memcached://x", "LOUDOU_LIMITS": "off",
		"LOUDOU_NOW": "yesterday", "LOUDOU_OFFICIAL_APPID": "gh_1", "LOUDOU_PAY_MCHID": "1", "LOUDOU_TRUSTED_PROXIES": "anywhere",
	})
	if err != nil {
		t.Fatal(err)
	}
	var f config.Faults
	if !errors.As(c.Validate(true), &f) {
		t.Fatal("no faults")
	}
	all := f.Error()
	for _, name := range []string{"SECRET", "DATABASE", "REDIS", "LIMITS", "NOW", "OFFICIAL_APPID", "OFFICIAL_SECRET", "OFFICIAL_TOKEN", "PAY_SERIAL", "PAY_APIV3_KEY", "PAY_PRIVATE_KEY_FILE", "MINI_APPID", "PUBLIC_URL", "TRUSTED_PROXIES"} {
		if !strings.Contains(all, "LOUDOU_"+name+":") {
			t.Errorf("%s not named in:\n%s", name, all)
		}
	}
}

func TestSecretsHidden(t *testing.T) {
	const canary = "canary-0123456789abcdef0123456789abcdef-canary"
	c, err := load(t, map[string]string{"LOUDOU_SECRET": canary, "LOUDOU_DATABASE": "mysql://root:" + canary + "@tcp(x:3306)/y"})
	if err != nil {
		t.Fatal(err)
	}
	if s := c.String(); strings.Contains(s, canary) || !strings.Contains(s, "LOUDOU_SECRET=(set, hidden)") {
		t.Error(s)
	}
}

func TestSecretFromFileMustBePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(strings.Repeat("q7", 20)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, map[string]string{"LOUDOU_SECRET_FILE": path, "LOUDOU_PUBLIC_URL": "https://a.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(true); err == nil || !strings.Contains(err.Error(), "LOUDOU_SECRET_FILE: readable by everybody") {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err = load(t, map[string]string{"LOUDOU_SECRET_FILE": path, "LOUDOU_PUBLIC_URL": "https://a.example.com"})
	if err != nil || c.Validate(true) != nil || len(c.Secret) != 40 {
		t.Error(err, c.Validate(true))
	}
}

func TestYAMLUnderEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loudou.yaml")
	if err := os.WriteFile(path, []byte("addr: 127.0.0.1:1\nrefund_limit: 7\nadress: typo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path, func(string) (string, bool) { return "", false })
	if err == nil || !strings.Contains(err.Error(), "unknown setting adress") {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("addr: 127.0.0.1:1\nrefund_limit: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, func(k string) (string, bool) { return "127.0.0.1:2", k == "LOUDOU_ADDR" })
	if err != nil || c.Addr != "127.0.0.1:2" || c.RefundLimit != 7 {
		t.Errorf("%+v %v", c, err)
	}
}
