package bucket

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

// Tried is what Probe found: the step that failed and the storage's own code for it, both empty where all is well.
type Tried struct {
	Step string // write, read, delete, open (anybody could read it)
	Code string // as the storage names it: AccessDenied, NoSuchBucket …; empty: it was not reached
	Err  error
}

// Probe writes a small file, reads it back, makes sure that nobody can without a signature, and deletes it.
func (b *Bucket) Probe(ctx context.Context) Tried {
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		panic(err)
	}
	name, body := "loudou-probe-"+hex.EncodeToString(raw), []byte(hex.EncodeToString(raw))
	failed := func(step string, err error) Tried {
		return Tried{Step: step, Code: minio.ToErrorResponse(err).Code, Err: b.told(step, "probe", err)}
	}
	call, cancel := context.WithTimeout(ctx, b.o.Timeout)
	defer cancel()
	if _, err := b.client.PutObject(call, b.o.Name, name, bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{ContentType: "text/plain"}); err != nil {
		return failed("write", err)
	}
	out := b.readBack(call, name, body)
	// It goes whatever was found, and although the caller may have gone.
	call, cancel = context.WithTimeout(context.WithoutCancel(ctx), b.o.Timeout)
	defer cancel()
	if err := b.client.RemoveObject(call, b.o.Name, name, minio.RemoveObjectOptions{}); err != nil && out.Step == "" {
		return failed("delete", err)
	}
	return out
}

func (b *Bucket) readBack(ctx context.Context, name string, body []byte) Tried {
	failed := func(err error) Tried {
		return Tried{Step: "read", Code: minio.ToErrorResponse(err).Code, Err: b.told("read", "probe", err)}
	}
	o, err := b.client.GetObject(ctx, b.o.Name, name, minio.GetObjectOptions{})
	if err != nil {
		return failed(err)
	}
	defer func() { _ = o.Close() }()
	got, err := io.ReadAll(io.LimitReader(o, 1024))
	if err != nil {
		return failed(err)
	}
	if !bytes.Equal(got, body) {
		return failed(fmt.Errorf("other bytes came back"))
	}
	u, err := b.client.PresignedGetObject(ctx, b.o.Name, name, time.Minute, nil)
	if err != nil {
		return failed(err)
	}
	u.RawQuery = ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return failed(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return failed(err)
	}
	defer func() { _ = res.Body.Close() }()
	if seen, _ := io.ReadAll(io.LimitReader(res.Body, 1024)); res.StatusCode == http.StatusOK && bytes.Equal(seen, body) {
		return Tried{Step: "open"}
	}
	return Tried{}
}
