// Command fakewechat is WeChat on one machine: the Official Account and Mini Program API, WeChat Pay and virtual
// payment (the fakes of service/…test, composed on one port), with a phone page at / on which a person follows the
// account, talks to it, opens articles and the Mini Program, and buys; a panel of bad days; and a control door under
// /fake/v1 for tests and rehearsals. It reaches the service only as WeChat and a phone do.
//
// It is a tool for one's own machine: it has no login, so it listens on loopback unless told otherwise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type settings struct {
	listen, service, public, keys, state, now string
	init, anyGoods                            bool
	push, mode                                string
	retry, refundIn, goodsIn                  time.Duration
}

func main() {
	syscall.Umask(0o077)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fakewechat:", err)
		os.Exit(1)
	}
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var s settings
	f := flag.NewFlagSet("fakewechat", flag.ContinueOnError)
	f.StringVar(&s.listen, "listen", env("FAKEWECHAT_LISTEN", "127.0.0.1:8090"), "address to listen on")
	f.StringVar(&s.service, "service", env("FAKEWECHAT_SERVICE", "http://127.0.0.1:8080"), "base URL of the service")
	f.StringVar(&s.public, "public", env("LOUDOU_PUBLIC_URL", ""), "the service's public URL, whose pictures are fetched from -service")
	f.StringVar(&s.keys, "keys", env("FAKEWECHAT_KEYS", "./data/fake"), "folder of fake.env and the keys, made at the first start")
	f.StringVar(&s.state, "state", env("FAKEWECHAT_STATE", ""), "file that keeps followers, chats, menu and orders (default: state.json in -keys; \"-\" keeps nothing)")
	f.StringVar(&s.now, "now", env("LOUDOU_NOW", ""), "RFC 3339: the business clock starts there")
	f.StringVar(&s.mode, "mode", env("FAKEWECHAT_MODE", "safe"), "pushes: plain, compatible or safe")
	f.StringVar(&s.push, "mini-format", env("FAKEWECHAT_MINI_FORMAT", "json"), "Mini Program pushes: json or xml")
	f.DurationVar(&s.retry, "retry", 5*time.Second, "spacing of a push's deliveries")
	f.DurationVar(&s.goodsIn, "goods-in", 150*time.Millisecond, "from a batch of goods' acceptance to its end")
	f.DurationVar(&s.refundIn, "refund-in", time.Second, "from a refund's acceptance to its result")
	f.BoolVar(&s.anyGoods, "any-goods", true, "virtual payment sells goods that were never registered")
	f.BoolVar(&s.init, "init", false, "make the keys and fake.env, then end")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	s.service, s.public = strings.TrimRight(s.service, "/"), strings.TrimRight(s.public, "/")
	if s.state == "" {
		s.state = filepath.Join(s.keys, "state.json")
	}
	k, err := loadKeys(s.keys, "http://"+s.listen)
	if err != nil {
		return err
	}
	if s.init {
		fmt.Fprintln(out, "keys are in", s.keys)
		return nil
	}
	h, err := newHouse(s, k)
	if err != nil {
		return err
	}
	defer h.close()
	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() {
		<-ctx.Done()
		h.wc.Close() // lets hanging calls go, so that Shutdown can end
		shut, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if server.Shutdown(shut) != nil {
			_ = server.Close()
		}
	}()
	fmt.Fprintf(out, "phone: http://%s/\n", l.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
