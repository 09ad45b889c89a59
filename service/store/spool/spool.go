// Package spool keeps records on disk while the database cannot take them: appended and synced before
// Append returns, bounded, and drained later in the order they came. It owns no table but a folder of
// segment files, 0600 in 0700 whatever the umask.
//
// A record may be drained twice (a kill between the caller's commit and the segment's removal), so
// what the drain does must know a record again. Several processes may share the folder: a segment is
// locked by the one that writes or drains it, and one whose owner died is drained by another.
package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrFull says that the spool has reached its bound, or its disk: nothing was kept.
var ErrFull = errors.New("spool is full")

const (
	suffix     = ".spool"
	headLength = 8 // length and CRC-32 of a record
	maxRecord  = 4 << 20
	segment    = 4 << 20
)

// Spool is safe for concurrent use.
type Spool struct {
	dir   string
	limit int64

	in     chan appended
	closed chan struct{}
	done   chan struct{}
	once   sync.Once

	held  atomic.Int64 // bytes in the folder, as far as this process knows
	count atomic.Int64 // records appended here and not yet drained

	mu     sync.Mutex // guards active against the drain
	active *os.File
	size   int64
	drain  sync.Mutex
}

type appended struct {
	record []byte
	answer chan error
}

// Open makes the folder and finds what earlier runs left in it. limit bounds the folder in bytes.
func Open(dir string, limit int64) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs its x
		return nil, fmt.Errorf("spool: %w", err)
	}
	s := &Spool{dir: dir, limit: limit, in: make(chan appended, 256), closed: make(chan struct{}), done: make(chan struct{})}
	for _, name := range s.segments() {
		if info, err := os.Stat(name); err == nil {
			s.held.Add(info.Size())
		}
		if b, err := os.ReadFile(name); err == nil { //nolint:gosec // our own folder
			s.count.Add(int64(len(records(b))))
		}
	}
	go s.write()
	return s, nil
}

// Append returns after record is on disk and synced; several callers share one sync. Errors: ErrFull,
// or the disk's.
func (s *Spool) Append(record []byte) error {
	if len(record) == 0 || len(record) > maxRecord {
		return fmt.Errorf("spool: record of %d bytes", len(record))
	}
	a := appended{record, make(chan error, 1)}
	select {
	case s.in <- a:
	case <-s.closed:
		return errors.New("spool is closed")
	}
	select {
	case err := <-a.answer:
		return err
	case <-s.done:
		select {
		case err := <-a.answer:
			return err
		default:
			return errors.New("spool is closed")
		}
	}
}

// Waiting is the number of records not yet drained, as far as this process knows.
func (s *Spool) Waiting() int64 { return max(s.count.Load(), 0) }

// Bytes is what the folder holds.
func (s *Spool) Bytes() int64 { return max(s.held.Load(), 0) }

// Close ends the writer; what it holds stays on disk for the next run.
func (s *Spool) Close() error {
	s.once.Do(func() { close(s.closed) })
	<-s.done
	return nil
}

func (s *Spool) write() {
	defer close(s.done)
	defer s.seal()
	for {
		var batch []appended
		select {
		case a := <-s.in:
			batch = append(batch, a)
		case <-s.closed:
			return
		}
	more:
		for len(batch) < 256 {
			select {
			case a := <-s.in:
				batch = append(batch, a)
			default:
				break more
			}
		}
		err := s.commit(batch)
		for _, a := range batch {
			a.answer <- err
		}
	}
}

// commit writes a batch and syncs it. A batch that fails is cut off again, so that a disk which
// becomes free later does not find half a record before the next one.
func (s *Spool) commit(batch []appended) error {
	var buf bytes.Buffer
	for _, a := range batch {
		var head [headLength]byte
		binary.BigEndian.PutUint32(head[:], uint32(len(a.record)))
		binary.BigEndian.PutUint32(head[4:], crc32.ChecksumIEEE(a.record))
		buf.Write(head[:])
		buf.Write(a.record)
	}
	n := int64(buf.Len())
	if s.held.Load()+n > s.limit {
		return ErrFull
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active == nil {
		if err := s.begin(); err != nil {
			return err
		}
	}
	if _, err := s.active.WriteAt(buf.Bytes(), s.size); err != nil {
		_ = s.active.Truncate(s.size)
		return full(err)
	}
	if err := s.active.Sync(); err != nil {
		_ = s.active.Truncate(s.size)
		s.sealLocked() // after a failed sync the pages of this file cannot be trusted
		return full(err)
	}
	s.size += n
	s.held.Add(n)
	s.count.Add(int64(len(batch)))
	if s.size > segment {
		s.sealLocked()
	}
	return nil
}

func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ErrFull
	}
	return fmt.Errorf("spool: %w", err)
}

func (s *Spool) begin() error {
	f, err := os.CreateTemp(s.dir, fmt.Sprintf("%020d-*%s", time.Now().UnixNano(), suffix)) // 0600
	if err != nil {
		return full(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return fmt.Errorf("spool: %w", err)
	}
	if d, err := os.Open(s.dir); err == nil { // the file's name must survive too
		_ = d.Sync()
		_ = d.Close()
	}
	s.active, s.size = f, 0
	return nil
}

func (s *Spool) seal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealLocked()
}

// sealLocked ends the active segment; closing it lets go of its lock.
func (s *Spool) sealLocked() {
	if s.active != nil {
		_ = s.active.Close()
		s.active = nil
	}
}

func (s *Spool) segments() []string {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			out = append(out, filepath.Join(s.dir, e.Name()))
		}
	}
	slices.Sort(out) // names begin with the time
	return out
}

// drainBatch is how many records keep gets at once.
const drainBatch = 64

// Drain hands every record to keep, oldest first and several at once, and removes a segment when all of
// its records were kept. It stops at the first error and returns it; what is left is handed again next time.
func (s *Spool) Drain(keep func(records [][]byte) error) error {
	s.drain.Lock()
	defer s.drain.Unlock()
	if s.Waiting() == 0 && s.Bytes() == 0 {
		return nil
	}
	s.seal()
	for _, name := range s.segments() {
		if err := s.drainOne(name, keep); err != nil {
			return err
		}
	}
	return nil
}

func (s *Spool) drainOne(name string, keep func([][]byte) error) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0) //nolint:gosec // our own folder
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil // another process drained it
		}
		return fmt.Errorf("spool: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil // being written or drained by another
	}
	b, err := os.ReadFile(name) //nolint:gosec // our own folder
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("spool: %w", err)
	}
	rs := records(b)
	for part := range slices.Chunk(rs, drainBatch) {
		if err := keep(part); err != nil {
			return err
		}
	}
	if err := os.Remove(name); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	s.held.Add(-int64(len(b)))
	s.count.Add(-int64(len(rs)))
	return nil
}

// records cuts a segment apart and ends at the first torn record: a kill in the middle of a write
// leaves one, and it was never acknowledged.
func records(b []byte) [][]byte {
	var out [][]byte
	for len(b) >= headLength {
		n := binary.BigEndian.Uint32(b)
		if n == 0 || n > maxRecord || uint64(len(b)) < headLength+uint64(n) {
			return out
		}
		r := b[headLength : headLength+n]
		if crc32.ChecksumIEEE(r) != binary.BigEndian.Uint32(b[4:]) {
			return out
		}
		out = append(out, r)
		b = b[headLength+n:]
	}
	return out
}
