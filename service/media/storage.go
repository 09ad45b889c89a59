package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"loudou/model"
)

// Storage is where files lie: a folder of this machine, or service/bucket. Names are ours and hold nothing that
// could be a path. The bytes behind a name never change, so putting it again does no harm.
type Storage interface {
	// Put takes the file at path under name; it may move it away.
	Put(ctx context.Context, name, path, mime string) error
	// Open gives what lies under name. ErrNotFound.
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
	// Remove takes name away; one that is not there is no error.
	Remove(ctx context.Context, name string) error
	// Address is one of the storage's own that opens name for a while; "" where it has none.
	Address(ctx context.Context, name, mime string, life time.Duration) (string, error)
}

// folder is the storage of one machine, or of several that share it.
type folder struct{ dir string }

func (f folder) Put(_ context.Context, name, path, _ string) error {
	if err := os.Rename(path, filepath.Join(f.dir, name)); err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	return nil
}

func (f folder) Open(_ context.Context, name string) (io.ReadSeekCloser, error) {
	file, err := os.Open(filepath.Join(f.dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("file %s: %w", name, model.ErrNotFound)
	}
	return file, err
}

func (f folder) Remove(_ context.Context, name string) error {
	err := os.Remove(filepath.Join(f.dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (folder) Address(context.Context, string, string, time.Duration) (string, error) { return "", nil }

// Elsewhere gives an address of the storage's own for the file, good for as long as an address of ours; "" where
// the file is handed out here. Pictures are always handed out here: they are small, and one address serves a cache.
func (s *Service) Elsewhere(ctx context.Context, m model.Media) (string, error) {
	if m.Kind == model.MediaImage {
		return "", nil
	}
	return s.storage.Address(ctx, m.Name, m.MIME, addressLife)
}
