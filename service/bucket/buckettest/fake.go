// Package buckettest is a storage that speaks S3 over real HTTP: objects, ranges, multipart uploads, and Signature
// Version 4 in headers and in addresses, checked against the keys it was made with. It counts calls and can be told
// to fail.
package buckettest

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // an ETag is one
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The one account of the fake, and its bucket.
const (
	AccessKey = "TESTACCESSKEY"
	SecretKey = "test-secret-key-of-the-bucket"
	Region    = "us-east-1"
	Name      = "loudou"
)

// Fake is the storage.
type Fake struct {
	t      testing.TB
	server *httptest.Server

	mu      sync.Mutex
	objects map[string]object
	parts   map[string]map[int][]byte // by upload id
	uploads map[string]string         // upload id → name
	calls   []string
	fail    func(method, name string) int
	forbid  func(method, name string) bool
	open    bool
	ahead   time.Duration
	last    int
}

type object struct {
	body []byte
	mime string
	at   time.Time
}

// Start serves until the test ends.
func Start(t testing.TB) *Fake {
	t.Helper()
	f := &Fake{t: t, objects: map[string]object{}, parts: map[string]map[int][]byte{}, uploads: map[string]string{}}
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f
}

// URL is its origin.
func (f *Fake) URL() string { return f.server.URL }

// Fail answers with the status fn gives, where it is not 0.
func (f *Fake) Fail(fn func(method, name string) int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fn
}

// Forbid answers AccessDenied where fn says so: what a key without that right is told.
func (f *Fake) Forbid(fn func(method, name string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forbid = fn
}

// Open makes its objects anybody's to read, as a public bucket's are.
func (f *Fake) Open(open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = open
}

// Wait moves its clock, by which addresses run out.
func (f *Fake) Wait(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ahead += d
}

// Names lists what lies in it.
func (f *Fake) Names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []string{}
	for name := range f.objects {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// Spoil changes a byte of what lies under name.
func (f *Fake) Spoil(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.objects[name]
	o.body = slices.Clone(o.body)
	o.body[len(o.body)/2] ^= 1
	f.objects[name] = o
}

// Calls lists the calls so far, as "PUT name".
func (f *Fake) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/"+Name+"/")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, r.Method+" "+name)
	switch {
	case !ok:
		refuse(w, http.StatusNotFound, "NoSuchBucket")
		return
	case f.fail != nil && f.fail(r.Method, name) != 0:
		refuse(w, f.fail(r.Method, name), "InternalError")
		return
	}
	if f.forbid != nil && f.forbid(r.Method, name) {
		refuse(w, http.StatusForbidden, "AccessDenied")
		return
	}
	if code := f.signed(r, body); code != "" && !(f.open && r.Method == http.MethodGet && r.Header.Get("Authorization") == "" && r.URL.RawQuery == "") {
		refuse(w, http.StatusForbidden, code)
		return
	}
	if body, err = plain(r, body); err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && q.Has("uploads"):
		f.last++
		id := fmt.Sprint("upload-", f.last)
		f.parts[id], f.uploads[id] = map[int][]byte{}, name
		answer(w, struct {
			XMLName               xml.Name `xml:"InitiateMultipartUploadResult"`
			Bucket, Key, UploadId string
		}{Bucket: Name, Key: name, UploadId: id})
	case q.Get("uploadId") != "":
		f.multipart(w, r, name, q, body)
	case r.Method == http.MethodPut:
		f.objects[name] = object{body: body, mime: r.Header.Get("Content-Type"), at: time.Now()}
		w.Header().Set("ETag", etag(body))
	case r.Method == http.MethodDelete:
		delete(f.objects, name)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		o, had := f.objects[name]
		if !had {
			refuse(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		mime := o.mime
		if m := q.Get("response-content-type"); m != "" {
			mime = m
		}
		w.Header().Set("Content-Type", mime)
		w.Header().Set("ETag", etag(o.body))
		http.ServeContent(w, r, "", o.at, bytes.NewReader(o.body))
	default:
		refuse(w, http.StatusNotImplemented, "NotImplemented")
	}
}

func (f *Fake) multipart(w http.ResponseWriter, r *http.Request, name string, q url.Values, body []byte) {
	id := q.Get("uploadId")
	if f.uploads[id] != name {
		refuse(w, http.StatusNotFound, "NoSuchUpload")
		return
	}
	switch r.Method {
	case http.MethodPut:
		n, err := strconv.Atoi(q.Get("partNumber"))
		if err != nil || n < 1 || n > 10000 {
			refuse(w, http.StatusBadRequest, "InvalidArgument")
			return
		}
		f.parts[id][n] = body
		w.Header().Set("ETag", etag(body))
	case http.MethodDelete:
		delete(f.parts, id)
		delete(f.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		var in struct {
			Part []struct {
				PartNumber int
				ETag       string
			}
		}
		if xml.Unmarshal(body, &in) != nil {
			refuse(w, http.StatusBadRequest, "MalformedXML")
			return
		}
		whole := []byte{}
		for i, p := range in.Part {
			part, had := f.parts[id][p.PartNumber]
			switch {
			case !had, strings.Trim(p.ETag, `"`) != strings.Trim(etag(part), `"`):
				refuse(w, http.StatusBadRequest, "InvalidPart")
				return
			case i > 0 && p.PartNumber <= in.Part[i-1].PartNumber:
				refuse(w, http.StatusBadRequest, "InvalidPartOrder")
				return
			case i < len(in.Part)-1 && len(part) < 5<<20:
				refuse(w, http.StatusBadRequest, "EntityTooSmall")
				return
			}
			whole = append(whole, part...)
		}
		f.objects[name] = object{body: whole, mime: "application/octet-stream", at: time.Now()}
		delete(f.parts, id)
		delete(f.uploads, id)
		answer(w, struct {
			XMLName           xml.Name `xml:"CompleteMultipartUploadResult"`
			Bucket, Key, ETag string
		}{Bucket: Name, Key: name, ETag: etag(whole)})
	default:
		refuse(w, http.StatusNotImplemented, "NotImplemented")
	}
}

func etag(b []byte) string {
	sum := md5.Sum(b) //nolint:gosec // see above
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}{Code: code, Message: "told by the fake"})
}

// plain unwraps a body sent in signed chunks: "size;chunk-signature=…\r\n<bytes>\r\n", trailers behind the last.
func plain(r *http.Request, body []byte) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return body, nil
	}
	out := []byte{}
	for {
		line, rest, ok := bytes.Cut(body, []byte("\r\n"))
		if !ok {
			return nil, io.ErrUnexpectedEOF
		}
		size, _, _ := strings.Cut(string(line), ";")
		n, err := strconv.ParseInt(size, 16, 64)
		if err != nil || int64(len(rest)) < n {
			return nil, io.ErrUnexpectedEOF
		}
		if n == 0 {
			break
		}
		out, body = append(out, rest[:n]...), rest[n+2:]
	}
	if want := r.Header.Get("X-Amz-Decoded-Content-Length"); want != strconv.Itoa(len(out)) {
		return nil, io.ErrUnexpectedEOF
	}
	return out, nil
}

// signed checks the request as S3 does; "" when it is true.
func (f *Fake) signed(r *http.Request, body []byte) string {
	q := r.URL.Query()
	scope, want, headers, date, payload := "", "", "", "", ""
	if q.Has("X-Amz-Signature") {
		scope, want, headers, date, payload = q.Get("X-Amz-Credential"), q.Get("X-Amz-Signature"), q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Date"), "UNSIGNED-PAYLOAD"
		at, err := time.Parse("20060102T150405Z", date)
		life, err2 := strconv.Atoi(q.Get("X-Amz-Expires"))
		if err != nil || err2 != nil || life > 7*24*3600 || time.Now().Add(f.ahead).After(at.Add(time.Duration(life)*time.Second)) {
			return "AccessDenied"
		}
		q.Del("X-Amz-Signature")
	} else {
		rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
		if !ok {
			return "AccessDenied"
		}
		for _, p := range strings.Split(rest, ",") {
			k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
			switch k {
			case "Credential":
				scope = v
			case "SignedHeaders":
				headers = v
			case "Signature":
				want = v
			}
		}
		date, payload = r.Header.Get("X-Amz-Date"), r.Header.Get("X-Amz-Content-Sha256")
		if sum := sha256.Sum256(body); payload != "UNSIGNED-PAYLOAD" && !strings.HasPrefix(payload, "STREAMING-") && payload != hex.EncodeToString(sum[:]) {
			return "XAmzContentSHA256Mismatch"
		}
	}
	id, rest, _ := strings.Cut(scope, "/")
	if id != AccessKey {
		return "InvalidAccessKeyId"
	}
	if len(date) < 8 || rest != date[:8]+"/"+Region+"/s3/aws4_request" {
		return "AuthorizationHeaderMalformed"
	}
	var canonical strings.Builder
	for _, h := range strings.Split(headers, ";") {
		v := strings.Join(r.Header.Values(h), ",")
		switch h {
		case "host":
			v = r.Host
		case "content-length":
			v = strconv.FormatInt(r.ContentLength, 10)
		}
		canonical.WriteString(h + ":" + strings.Join(strings.Fields(v), " ") + "\n")
	}
	query := strings.ReplaceAll(q.Encode(), "+", "%20")
	request := strings.Join([]string{r.Method, r.URL.EscapedPath(), query, canonical.String(), headers, payload}, "\n")
	sum := sha256.Sum256([]byte(request))
	key := []byte("AWS4" + SecretKey)
	for _, part := range []string{date[:8], Region, "s3", "aws4_request"} {
		key = sign(key, part)
	}
	if hex.EncodeToString(sign(key, "AWS4-HMAC-SHA256\n"+date+"\n"+rest+"\n"+hex.EncodeToString(sum[:]))) != want {
		return "SignatureDoesNotMatch"
	}
	return ""
}

func sign(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
