package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// pkg is a line of go list: what a package imports, its tests aside.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "loudou/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p pkg
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// isTest tells packages that are for tests alone: the fakes and their parts, modeltest.
func isTest(path string) bool {
	for _, part := range strings.Split(path, "/") {
		if strings.HasSuffix(part, "test") {
			return true
		}
	}
	return strings.HasPrefix(path, "loudou/cmd/fakewechat")
}

// TestImports keeps the directions cmd → api → service → model, each SDK behind its own gateway, and the
// fakes off the product's road.
func TestImports(t *testing.T) {
	rooms := map[string][]string{ // what a room may import of ours
		"model": {"model"}, "config": {}, "web": {},
		"service": {"model"}, "api": {"service", "model", "api"}, "cmd": {"model", "config", "web", "service", "api", "cmd"},
	}
	sdks := map[string]string{
		"github.com/silenceper/wechat": "loudou/service/wechat", "github.com/wechatpay-apiv3/wechatpay-go": "loudou/service/wxpay",
		"github.com/alicebob/miniredis": "loudou/service/store", "github.com/minio/minio-go": "loudou/service/bucket",
	}
	for _, p := range packages(t) {
		if isTest(p.ImportPath) {
			continue
		}
		room := strings.Split(p.ImportPath, "/")[1]
		for _, i := range p.Imports {
			for sdk, home := range sdks {
				if strings.HasPrefix(i, sdk) && p.ImportPath != home {
					t.Errorf("%s imports %s, which belongs to %s alone", p.ImportPath, i, home)
				}
			}
			if !strings.HasPrefix(i, "loudou/") {
				continue
			}
			if isTest(i) {
				t.Errorf("%s imports %s, which is for tests", p.ImportPath, i)
			}
			other := strings.Split(i, "/")[1]
			if room == "service" && other == "service" && !strings.HasPrefix(i, "loudou/service/store") {
				t.Errorf("%s imports %s: services meet in wire.go", p.ImportPath, i)
				continue
			}
			if other == room && room == "service" {
				continue
			}
			allowed := false
			for _, r := range rooms[room] {
				allowed = allowed || r == other
			}
			if !allowed {
				t.Errorf("%s imports %s: not this way round", p.ImportPath, i)
			}
		}
		if p.ImportPath == "loudou/cmd/loudou" {
			for _, d := range p.Deps {
				if strings.HasPrefix(d, "loudou/") && isTest(d) {
					t.Errorf("the product depends on %s, a fake", d)
				}
			}
		}
	}
}
