// Package bucket keeps files in an S3-compatible storage. It is the only importer of minio-go, owns no table, and is
// what service/media keeps its files in where one is set up.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"loudou/model"
)

// Options name the bucket. It must be there already, and be nobody's to read without a signature.
type Options struct {
	URL       string // origin of the storage: https://host[:port]
	Name      string // of the bucket
	Region    string // as the storage calls it; empty: us-east-1
	AccessKey string
	SecretKey string
	Lookup    string        // path, dns, or empty: what the host is known to want
	Timeout   time.Duration // of a call without a body; default 10 s
}

// Bucket keeps files.
type Bucket struct {
	o      Options
	client *minio.Client
}

// partBytes is how a large file is sent: each part is held in memory.
const partBytes = 16 << 20

// transferTime bounds how long the largest file may take.
const transferTime = 15 * time.Minute

// New makes the client; nothing is reached yet.
func New(o Options) (*Bucket, error) {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("bucket: the address %q is no origin: %w", o.URL, model.ErrInvalid)
	}
	lookup := minio.BucketLookupAuto
	switch o.Lookup {
	case "path":
		lookup = minio.BucketLookupPath
	case "dns":
		lookup = minio.BucketLookupDNS
	}
	transport, err := minio.DefaultTransport(u.Scheme == "https")
	if err != nil {
		return nil, fmt.Errorf("bucket: %w", err)
	}
	transport.ResponseHeaderTimeout = 30 * time.Second
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Secure: u.Scheme == "https", Region: o.Region, BucketLookup: lookup, Transport: transport, MaxRetries: 3,
	})
	if err != nil {
		return nil, fmt.Errorf("bucket: %w", err)
	}
	return &Bucket{o: o, client: client}, nil
}

// Put sends the file at path under name. Source: PutObject, CreateMultipartUpload.
func (b *Bucket) Put(ctx context.Context, name, path, mime string) error {
	ctx, cancel := context.WithTimeout(ctx, transferTime)
	defer cancel()
	_, err := b.client.FPutObject(ctx, b.o.Name, name, path, minio.PutObjectOptions{ContentType: mime, PartSize: partBytes, NumThreads: 2})
	return b.told("keep", name, err)
}

// Open gives what lies under name; it is read in pieces as it is asked for. Source: GetObject, HeadObject.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadSeekCloser, error) {
	look, cancel := context.WithTimeout(ctx, b.o.Timeout)
	defer cancel()
	if _, err := b.client.StatObject(look, b.o.Name, name, minio.StatObjectOptions{}); err != nil {
		return nil, b.told("open", name, err)
	}
	o, err := b.client.GetObject(ctx, b.o.Name, name, minio.GetObjectOptions{})
	if err != nil {
		return nil, b.told("open", name, err)
	}
	return o, nil
}

// Remove takes name away; one that is not there is no error. Source: DeleteObject.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, b.o.Timeout)
	defer cancel()
	err := b.told("remove", name, b.client.RemoveObject(ctx, b.o.Name, name, minio.RemoveObjectOptions{}))
	if errors.Is(err, model.ErrNotFound) {
		return nil
	}
	return err
}

// Address is a signed address that opens name for a while, served as mime. Nothing is asked for. Source: Signature
// Version 4, query parameters.
func (b *Bucket) Address(ctx context.Context, name, mime string, life time.Duration) (string, error) {
	u, err := b.client.PresignedGetObject(ctx, b.o.Name, name, life, url.Values{"response-content-type": {mime}})
	if err != nil {
		return "", b.told("address of", name, err)
	}
	return u.String(), nil
}

// told turns what the storage answers into our kinds. Its own words name the bucket and the key id, so only its code
// is kept.
func (b *Bucket) told(what, name string, err error) error {
	if err == nil {
		return nil
	}
	kind, word := model.ErrUnavailable, "not reached"
	if r := minio.ToErrorResponse(err); r.Code != "" {
		word = r.Code
		if r.StatusCode == http.StatusNotFound {
			kind = model.ErrNotFound
		}
	}
	return fmt.Errorf("bucket: %s %s: %w: %s", what, name, kind, word)
}
