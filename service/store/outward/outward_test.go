package outward_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"loudou/service/store/outward"
)

func TestPublic(t *testing.T) {
	for ip, want := range map[string]bool{
		"8.8.8.8": true, "2400:3200::1": true, "127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "0.0.0.0": false, "0.1.2.3": false,
		"100.64.0.1": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": true, "fd00::1": false, "fe80::1": false, "fec0::1": false, "ff02::1": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "::": false,
	} {
		if got := outward.Public(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
}

// Whatever a name or a number is written like, the one that is dialled is judged; a trap on this machine sees nothing.
func TestJudgedWhenDialled(t *testing.T) {
	seen := 0
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen++ }))
	defer trap.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(trap.URL, "http://"), ":")
	c := outward.Client(2*time.Second, false)
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "[::ffff:7f00:1]", "[::1]", "169.254.169.254"} {
		res, err := c.Get("http://" + host + ":" + port + "/") //nolint:noctx // the client's limit counts
		if err == nil {
			_ = res.Body.Close()
		}
		if !errors.Is(err, outward.ErrInside) {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, bad := range []string{"http://2130706433:" + port, "http://0:" + port, "file:///etc/passwd", "gopher://127.0.0.1:" + port} {
		res, err := c.Get(bad) //nolint:noctx // the client's limit counts
		if err == nil {
			_ = res.Body.Close()
			t.Errorf("%s was reached", bad)
		}
	}
	if seen != 0 {
		t.Errorf("the trap was reached %d times", seen)
	}
	again := httptest.NewServer(http.RedirectHandler(trap.URL, http.StatusFound))
	defer again.Close()
	res, err := outward.Client(2*time.Second, true).Get(again.URL) //nolint:noctx // the client's limit counts
	if err != nil {
		t.Fatal(err)
	}
	if _ = res.Body.Close(); res.StatusCode != http.StatusFound || seen != 0 {
		t.Errorf("a redirection was followed: %d, %d", res.StatusCode, seen)
	}
}
