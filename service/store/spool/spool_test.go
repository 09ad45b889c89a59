package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func open(t *testing.T, dir string, limit int64) *Spool {
	t.Helper()
	s, err := Open(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func drained(t *testing.T, s *Spool) []string {
	t.Helper()
	var out []string
	if err := s.Drain(func(rs [][]byte) error {
		for _, r := range rs {
			out = append(out, string(r))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAppendAndDrain(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "spool")
	s := open(t, dir, 1<<20)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if err := s.Append(fmt.Appendf(nil, "r%03d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s.Waiting() != 200 || s.Bytes() != 200*12 {
		t.Errorf("waiting %d, bytes %d", s.Waiting(), s.Bytes())
	}
	for _, f := range s.segments() {
		if info, _ := os.Stat(f); info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v", f, info.Mode())
		}
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("folder is %v", info.Mode())
	}
	if got := drained(t, s); len(got) != 200 {
		t.Errorf("drained %d", len(got))
	}
	if got := drained(t, s); len(got) != 0 || s.Waiting() != 0 || s.Bytes() != 0 || len(s.segments()) != 0 {
		t.Errorf("again: %d, waiting %d, bytes %d", len(got), s.Waiting(), s.Bytes())
	}
}

func TestStopsAndHandsAgain(t *testing.T) {
	s := open(t, t.TempDir(), 1<<20)
	for _, r := range []string{"a", "b", "c"} {
		if err := s.Append([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	gone := errors.New("gone")
	if err := s.Drain(func([][]byte) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("Drain = %v", err)
	}
	if err := s.Append([]byte("d")); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(drained(t, s), ""); got != "abcd" {
		t.Errorf("drained %s", got)
	}
}

func TestAfterAKill(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1<<20)
	if err := s.Append([]byte("whole")); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	f, err := os.OpenFile(s.segments()[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte{0, 0, 0, 9, 1, 2, 3, 4, 'h', 'a', 'l', 'f'}); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	next := open(t, dir, 1<<20)
	if next.Waiting() != 1 {
		t.Errorf("waiting %d", next.Waiting())
	}
	if got := drained(t, next); len(got) != 1 || got[0] != "whole" {
		t.Errorf("drained %q", got)
	}
}

func TestTwoShareAFolder(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir, 1<<20), open(t, dir, 1<<20)
	if err := a.Append([]byte("a")); err != nil {
		t.Fatal(err)
	}
	if err := b.Append([]byte("b")); err != nil {
		t.Fatal(err)
	}
	// a's segment is still a's: b drains its own alone.
	if got := strings.Join(drained(t, b), ""); got != "b" {
		t.Errorf("b drained %s", got)
	}
	if got := strings.Join(drained(t, a), ""); got != "a" {
		t.Errorf("a drained %s", got)
	}
}

func TestFull(t *testing.T) {
	s := open(t, t.TempDir(), 100)
	if err := s.Append(make([]byte, 80)); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(make([]byte, 80)); !errors.Is(err, ErrFull) {
		t.Errorf("Append = %v", err)
	}
	if got := drained(t, s); len(got) != 1 {
		t.Errorf("drained %d", len(got))
	}
	if err := s.Append(make([]byte, 80)); err != nil {
		t.Errorf("after the drain: %v", err)
	}
}
