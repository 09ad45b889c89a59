package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"time"
)

// doorClient knocks at a door of a running service as anybody would: over HTTP, with nothing but what the
// door itself gave it.
type doorClient struct {
	base   string
	bearer string
	csrf   string
	client *http.Client
}

func newDoorClient(base string) *doorClient {
	jar, _ := cookiejar.New(nil) // never fails without options
	return &doorClient{base: base, client: &http.Client{Timeout: 20 * time.Second, Jar: jar}}
}

// call sends in as JSON (nil: no body) and reads the answer into out (nil: not wanted). Any status of 300 or
// more is an error that quotes the service's own words.
func (d *doorClient) call(ctx context.Context, method, path string, in, out any, headers ...string) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	return d.send(ctx, method, path, body, "application/json", out, headers...)
}

func (d *doorClient) send(ctx context.Context, method, path string, body io.Reader, kind string, out any, headers ...string) error {
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, body)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if d.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+d.bearer)
	}
	if d.csrf != "" {
		req.Header.Set("X-CSRF-Token", d.csrf)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := d.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, bytes.TrimSpace(b[:min(len(b), 300)]))
	}
	if out == nil || len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, out)
}

// login opens a console session.
func (d *doorClient) login(ctx context.Context, name, password string) error {
	var out struct {
		CSRF string `json:"csrf_token"`
	}
	if err := d.call(ctx, http.MethodPost, "/console/v1/login", map[string]string{"name": name, "password": password}, &out); err != nil {
		return err
	}
	d.csrf = out.CSRF
	return nil
}

// upload sends a picture and gives its address.
func (d *doorClient) upload(ctx context.Context, name string, picture []byte) (string, error) {
	var out struct {
		URL string `json:"url"`
	}
	err := d.file(ctx, "/console/v1/media", name, picture, &out)
	return out.URL, err
}

// file sends one file to a path and reads the answer into out.
func (d *doorClient) file(ctx context.Context, path, name string, file []byte, out any) error {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		return err
	}
	if _, err := part.Write(file); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return d.send(ctx, http.MethodPost, path, &b, w.FormDataContentType(), out)
}
