package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"loudou/config"
)

// demoCommand is what `make run` starts: the whole product without a WeChat account, MySQL or Redis.
func demoCommand() *cobra.Command {
	return &cobra.Command{Use: "demo", Short: "the whole product with sample data and a fake WeChat beside it, kept in ./data", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return demo(cmd.Context()) }}
}

// demo starts the program fakewechat found beside this one, takes the accounts and keys it made, and runs
// the service with them. Everything is kept in LOUDOU_DATA; an explicit LOUDOU_ setting still wins.
func demo(ctx context.Context) error {
	data := lookupOr("LOUDOU_DATA", "./data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("LOUDOU_DATA: %w", err)
	}
	addr := lookupOr("LOUDOU_ADDR", "127.0.0.1:8080")
	fakeAddr := lookupOr("LOUDOU_FAKE_ADDR", "127.0.0.1:8090")
	for name, a := range map[string]string{"LOUDOU_ADDR": addr, "LOUDOU_FAKE_ADDR": fakeAddr, "LOUDOU_METRICS_ADDR": lookupOr("LOUDOU_METRICS_ADDR", "127.0.0.1:9090")} {
		if err := free(a); err != nil {
			return config.Faults{name + ": " + a + " is in use; another one is running, or set " + name}
		}
	}
	secret, err := kept(filepath.Join(data, "secret"), func() string { return random(32) })
	if err != nil {
		return err
	}
	password, err := kept(filepath.Join(data, "operator-password"), func() string { return random(6) })
	if err != nil {
		return err
	}
	fake, err := startFake(ctx, fakeAddr, "http://"+addr, filepath.Join(data, "fake"))
	if err != nil {
		return err
	}
	defer fake.stop()
	given := map[string]string{
		"LOUDOU_DATA": data, "LOUDOU_DATABASE": "sqlite:" + filepath.Join(data, "loudou.db"), "LOUDOU_SECRET": secret,
		"LOUDOU_OPERATOR_NAME": "boss", "LOUDOU_OPERATOR_PASSWORD": password, "LOUDOU_PUBLIC_URL": "http://" + addr,
		"LOUDOU_WECHAT_API": fake.url, "LOUDOU_PAY_API": fake.url, "LOUDOU_LOG_LEVEL": "error",
	}
	for k, v := range fake.settings {
		given[k] = v
	}
	cfg, err := config.Load(settingsFile, func(name string) (string, bool) {
		if v, ok := os.LookupEnv(name); ok {
			return v, true
		}
		v, ok := given[name]
		return v, ok
	})
	if err != nil {
		return err
	}
	if err := cfg.Validate(true); err != nil {
		return err
	}
	setLog(cfg.LogLevel)
	if err := dropHalfHistory(cfg, data); err != nil {
		return err
	}
	return run(ctx, cfg, func(ctx context.Context, h *house) error {
		if err := h.sampleHistory(ctx, data, fake); err != nil {
			return fmt.Errorf("sample data: %w", err)
		}
		fmt.Printf("\n  Loudou 漏斗 is ready\n\n  控制台  console   http://%s/console/\n  账号    operator  %s\n  密码    password  %s\n  手机    phone     %s/\n\n  Ctrl-C 结束；数据保存在 %s\n\n",
			cfg.Addr, cfg.OperatorName, cfg.OperatorPassword, fake.url, data)
		return nil
	})
}

// fakeProcess is the fake WeChat as a program of its own; we speak to it over HTTP like to the real one.
type fakeProcess struct {
	url      string
	settings map[string]string // LOUDOU_… it made: appids, keys
	cmd      *exec.Cmd
	gone     chan struct{}
}

func startFake(ctx context.Context, addr, service, dir string) (*fakeProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(filepath.Dir(self), "fakewechat")
	if _, err := os.Stat(path); err != nil {
		return nil, errors.New("the program fakewechat is not beside loudou: run make run, or go build -o bin/fakewechat ./cmd/fakewechat")
	}
	f := &fakeProcess{url: "http://" + addr, gone: make(chan struct{})}
	f.cmd = exec.Command(path, "-listen", addr, "-service", service, "-keys", dir) //nolint:gosec // our own program beside us
	f.cmd.Stderr = os.Stderr
	// It must outlive a Ctrl-C of the terminal for as long as the service answers what is in hand.
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := f.cmd.Start(); err != nil {
		return nil, fmt.Errorf("fakewechat: %w", err)
	}
	go func() { _ = f.cmd.Wait(); close(f.gone) }()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); {
		select {
		case <-f.gone:
			return nil, errors.New("fakewechat ended at once; its words are above")
		case <-ctx.Done():
			f.stop()
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if res, err := http.Get(f.url + "/fake/v1/clock"); err == nil { //nolint:noctx // a local probe
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				if f.settings, err = readEnv(filepath.Join(dir, "fake.env")); err != nil {
					f.stop()
					return nil, err
				}
				return f, nil
			}
		}
	}
	f.stop()
	return nil, errors.New("fakewechat did not answer in 15 seconds")
}

func (f *fakeProcess) stop() {
	_ = f.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-f.gone:
	case <-time.After(5 * time.Second):
		_ = f.cmd.Process.Kill()
	}
}

// readEnv reads NAME=value lines.
func readEnv(path string) (map[string]string, error) {
	file, err := os.Open(path) //nolint:gosec // in our data folder
	if err != nil {
		return nil, fmt.Errorf("fakewechat's settings: %w", err)
	}
	defer func() { _ = file.Close() }()
	out := map[string]string{}
	for s := bufio.NewScanner(file); s.Scan(); {
		if name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(s.Text()), "export "), "="); ok && strings.HasPrefix(name, "LOUDOU_") {
			out[name] = strings.Trim(value, `"'`)
		}
	}
	return out, nil
}

// kept reads a small secret of the data folder, or makes and keeps it.
func kept(path string, fresh func() string) (string, error) {
	if b, err := os.ReadFile(path); err == nil && len(b) > 0 { //nolint:gosec // in our data folder
		return strings.TrimSpace(string(b)), nil
	}
	v := fresh()
	if err := os.WriteFile(path, []byte(v+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return v, nil
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func lookupOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func free(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return ln.Close()
}

// historyDone marks a finished sample history. A start that finds the database but no mark was
// interrupted: the history begins again from nothing.
const historyDone = "sample-history.done"

func dropHalfHistory(cfg config.Config, data string) error {
	path, ok := strings.CutPrefix(cfg.Database, "sqlite:")
	if _, err := os.Stat(filepath.Join(data, historyDone)); err == nil || !ok {
		return nil
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("half-made sample data: %w", err)
		}
	}
	slog.Debug("sample history begins")
	return nil
}
