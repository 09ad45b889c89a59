package bucket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/bucket"
	"loudou/service/bucket/buckettest"
)

func open(t *testing.T, f *buckettest.Fake, secret string) *bucket.Bucket {
	t.Helper()
	b, err := bucket.New(bucket.Options{URL: f.URL(), Name: buckettest.Name, AccessKey: buckettest.AccessKey, SecretKey: secret, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func file(t *testing.T, b []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32()) //nolint:gosec // content
	}
	return b
}

func TestKeepAndRead(t *testing.T) {
	f := buckettest.Start(t)
	b, ctx := open(t, f, buckettest.SecretKey), context.Background()
	for name, body := range map[string][]byte{"small.mp3": random(1000), "large.mp4": random(40 << 20)} { // the large one goes in parts
		for range 2 { // again is the same
			if err := b.Put(ctx, name, file(t, body), "video/mp4"); err != nil {
				t.Fatal(err)
			}
		}
		o, err := b.Open(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(o)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(body), err)
		}
		if _, err := o.Seek(500, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		piece := make([]byte, 100)
		if _, err := io.ReadFull(o, piece); err != nil || !bytes.Equal(piece, body[500:600]) {
			t.Errorf("%s: a piece: %v", name, err)
		}
		if end, err := o.Seek(0, io.SeekEnd); end != int64(len(body)) || err != nil {
			t.Errorf("%s: ends at %d, %v", name, end, err)
		}
		_ = o.Close()
		for range 2 {
			if err := b.Remove(ctx, name); err != nil {
				t.Error(err)
			}
		}
		if _, err := b.Open(ctx, name); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("removed: %v", err)
		}
	}
}

// An address of the storage's own opens one file, for a while, and nothing else.
func TestAddress(t *testing.T) {
	f := buckettest.Start(t)
	b, ctx := open(t, f, buckettest.SecretKey), context.Background()
	if err := b.Put(ctx, "a.mp4", file(t, []byte("film")), "video/mp4"); err != nil {
		t.Fatal(err)
	}
	address, err := b.Address(ctx, "a.mp4", "video/mp4", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	get := func(url string) (int, string, string) {
		res, err := http.Get(url) //nolint:gosec,noctx // the fake's
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(body), res.Header.Get("Content-Type")
	}
	if status, body, mime := get(address); status != 200 || body != "film" || mime != "video/mp4" {
		t.Errorf("%d %q %s", status, body, mime)
	}
	for name, bad := range map[string]string{
		"no signature": f.URL() + "/" + buckettest.Name + "/a.mp4", "another file": strings.Replace(address, "a.mp4", "b.mp4", 1), "longer": strings.Replace(address, "Expires=3600", "Expires=7200", 1),
		"another kind": strings.Replace(address, "video%2Fmp4", "text%2Fhtml", 1),
	} {
		if status, _, _ := get(bad); status != 403 {
			t.Errorf("%s: %d", name, status)
		}
	}
	f.Wait(61 * time.Minute)
	if status, _, _ := get(address); status != 403 {
		t.Errorf("after its time: %d", status)
	}
}

// What the storage says against us is a kind of ours, and names neither key nor bucket.
func TestRefused(t *testing.T) {
	f := buckettest.Start(t)
	ctx := context.Background()
	wrong := open(t, f, "another-secret")
	if err := wrong.Put(ctx, "x", file(t, []byte("x")), "text/plain"); !errors.Is(err, model.ErrUnavailable) || !strings.Contains(err.Error(), "SignatureDoesNotMatch") || strings.Contains(err.Error(), "another-secret") || strings.Contains(err.Error(), buckettest.AccessKey) {
		t.Errorf("wrong key: %v", err)
	}
	b := open(t, f, buckettest.SecretKey)
	fails := 2
	f.Fail(func(method, _ string) int {
		if method == http.MethodPut && fails > 0 {
			fails--
			return 503
		}
		return 0
	})
	if err := b.Put(ctx, "again", file(t, []byte("x")), "text/plain"); err != nil || len(f.Names()) != 1 {
		t.Errorf("a passing fault: %v %v", err, f.Names())
	}
	f.Fail(func(string, string) int { return 500 })
	if err := b.Remove(ctx, "again"); !errors.Is(err, model.ErrUnavailable) {
		t.Errorf("away: %v", err)
	}
	if _, err := bucket.New(bucket.Options{URL: "s3.example", Name: "x"}); err == nil {
		t.Error("an address without a scheme was taken")
	}
}
