package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"loudou/service/bucket"
	"loudou/service/bucket/buckettest"
	"loudou/service/connection"
)

// The doctor tries the storage as uploads use it, leaves nothing behind, and says what to do about what it found.
func TestDoctorTriesTheBucket(t *testing.T) {
	f := buckettest.Start(t)
	try := func(change func(*bucket.Options)) connection.Check {
		t.Helper()
		o := bucket.Options{URL: f.URL(), Name: buckettest.Name, AccessKey: buckettest.AccessKey, SecretKey: buckettest.SecretKey, Lookup: "path", Timeout: time.Second}
		if change != nil {
			change(&o)
		}
		b, err := bucket.New(o)
		if err != nil {
			t.Fatal(err)
		}
		return tryBucket(context.Background(), b)
	}
	if c := try(nil); c.State != connection.OK {
		t.Errorf("a good one: %+v", c)
	}
	if left := f.Names(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if c := tryBucket(context.Background(), nil); c.State != connection.Off {
		t.Errorf("none: %+v", c)
	}
	for _, bad := range []struct {
		name, fix string
		change    func(*bucket.Options)
		fail      string // method that may not be
		open      bool
	}{
		{name: "no such bucket", change: func(o *bucket.Options) { o.Name = "another" }, fix: "LOUDOU_S3_BUCKET"},
		{name: "wrong secret", change: func(o *bucket.Options) { o.SecretKey = "wrong" }, fix: "LOUDOU_S3_SECRET_KEY"},
		{name: "not there", change: func(o *bucket.Options) { o.URL = "http://127.0.0.1:1" }, fix: "LOUDOU_S3_URL"},
		{name: "may not write", fail: "PUT", fix: "PutObject"},
		{name: "may not read", fail: "GET", fix: "GetObject"},
		{name: "anybody may read", open: true, fix: "私有"},
		{name: "may not delete", fail: "DELETE", fix: "DeleteObject"},
	} {
		f.Forbid(func(method, _ string) bool { return method == bad.fail })
		f.Open(bad.open)
		c := try(bad.change)
		if c.State != connection.Bad || !strings.Contains(c.Fix, bad.fix) || strings.Contains(c.Text+c.Fix, buckettest.AccessKey) {
			t.Errorf("%s: %+v", bad.name, c)
		}
		f.Forbid(nil)
		f.Open(false)
		if left := f.Names(); len(left) > 0 != (bad.fail == "DELETE") {
			t.Errorf("%s: left behind %v", bad.name, left)
		}
	}
}
