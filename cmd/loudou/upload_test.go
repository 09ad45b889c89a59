package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"loudou/service/bucket/buckettest"
)

// film is a whole MP4 of n bytes.
func film(n int) []byte {
	out := make([]byte, n)
	at := 0
	for _, box := range []struct {
		name string
		size int
	}{{"ftyp", 24}, {"moov", 64}, {"mdat", n - 88}} {
		binary.BigEndian.PutUint32(out[at:], uint32(box.size)) //nolint:gosec // small
		copy(out[at+4:], box.name)
		at += box.size
	}
	for i := 100; i < n; i += 5 {
		out[i] = byte(i)
	}
	return out
}

// An operator sends a film part by part, now to one instance and now to the other, the page loaded anew in between; a
// learner who bought the course is sent to the storage's own address, which runs out; a browser of ours gets it here.
func TestUploadOverTwoInstances(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		f := buckettest.Start(t)
		m := openMarket(t, dsn, "LOUDOU_S3_URL", f.URL(), "LOUDOU_S3_BUCKET", buckettest.Name, "LOUDOU_S3_ACCESS_KEY", buckettest.AccessKey, "LOUDOU_S3_SECRET_KEY", buckettest.SecretKey)
		whole := film(2*(4<<20) + 777)
		sum := func(b []byte) string { x := sha256.Sum256(b); return hex.EncodeToString(x[:]) }
		begin := func() said {
			return m.boss.want(200, "POST", "/uploads", map[string]any{"purpose": "lesson", "title": "第一课.mp4", "bytes": len(whole), "fingerprint": sum([]byte("the film"))})
		}
		part := func(instance int, id string, start int, b []byte, digest string) said {
			boss := m.boss
			boss.base = m.urls[instance] + "/console/v1"
			return boss.do("PUT", fmt.Sprintf("/uploads/%s/parts/%d", id, start), string(b), "Content-Type", "application/octet-stream", "X-Part-SHA256", digest)
		}
		u := begin()
		id, size := u.text("id"), int(u.json["part_bytes"].(float64))
		var done said
		for i, start := 0, 0; start < len(whole); i, start = i+1, start+size {
			b := whole[start:min(start+size, len(whole))]
			if r := part(i%2, id, start, b, sum([]byte("x"))); r.status != 400 || !strings.Contains(r.raw, "checksum") {
				t.Errorf("a spoiled part: %d %s", r.status, r.raw)
			}
			if done = part(i%2, id, start, b, sum(b)); done.status != 200 {
				t.Fatalf("part %d: %d %s", i, done.status, done.raw)
			}
			if done.text("status") == "open" {
				if again := begin(); again.text("id") != id || again.json["got"] != float64(start+len(b)) {
					t.Errorf("begun again: %s", again.raw)
				}
			}
		}
		if r := part(0, id, 0, bytes.Repeat([]byte("x"), size+1), ""); r.status != 413 {
			t.Errorf("a part too large: %d", r.status)
		}
		media, _ := done.json["media"].(map[string]any)
		address, _ := media["address"].(string)
		if done.text("status") != "done" || address == "" || len(f.Names()) != 1 {
			t.Fatalf("%s, the bucket holds %v", done.raw, f.Names())
		}
		m.boss.want(200, "PUT", fmt.Sprintf("/lessons/%d", m.paid), map[string]any{"kind": "video", "media": address})

		a := m.learner("oA", "android", 0)
		m.sheet(m.order(a, "jsapi", "k"))
		var signed string
		m.until("the course is open", func() bool {
			r := a.do("GET", fmt.Sprintf("/lessons/%d", m.paid), nil)
			signed = r.text("media")
			return r.status == 200 && signed != ""
		})
		_, path, _ := strings.Cut(signed, "127.0.0.1:8080")
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		get := func(url string, headers ...string) (*http.Response, []byte) {
			req, err := http.NewRequest("GET", url, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i+1 < len(headers); i += 2 {
				req.Header.Set(headers[i], headers[i+1])
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res, b
		}
		res, _ := get(m.urls[1] + path)
		if res.StatusCode != 302 || !strings.HasPrefix(res.Header.Get("Location"), f.URL()) {
			t.Fatalf("%d to %q", res.StatusCode, res.Header.Get("Location"))
		}
		if res, b := get(res.Header.Get("Location"), "Range", "bytes=100-199"); res.StatusCode != 206 || !bytes.Equal(b, whole[100:200]) || res.Header.Get("Content-Type") != "video/mp4" {
			t.Errorf("the storage: %d, %d bytes of %s", res.StatusCode, len(b), res.Header.Get("Content-Type"))
		}
		if res, b := get(m.urls[0]+path, "Sec-Fetch-Site", "same-origin"); res.StatusCode != 200 || !bytes.Equal(b, whole) {
			t.Errorf("here: %d, %d bytes", res.StatusCode, len(b))
		}
		if res, _ := get(m.urls[0] + address); res.StatusCode != 403 {
			t.Errorf("without a signature: %d", res.StatusCode)
		}
		if res, _ := get(f.URL() + "/" + buckettest.Name + "/" + strings.TrimPrefix(address, "/media/")); res.StatusCode != 403 {
			t.Errorf("the bucket without a signature: %d", res.StatusCode)
		}
		if audit := m.boss.want(200, "GET", "/audit?object=media", nil).raw; strings.Count(audit, `"media.upload"`) != 1 || !strings.Contains(audit, "第一课.mp4") {
			t.Error(audit)
		}
	})
}
