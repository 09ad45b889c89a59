// Package billfile keeps a bill on disk between its download and its reading: no row of it counts before all of it
// is there, and it may be larger than memory. The file has no other owner and goes with Drop; one that a kill
// leaves behind lies in the system's temporary folder and is never read again.
package billfile

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
)

// most bytes of one unpacked bill; 100 000 rows are about 40 MB.
const most = 4 << 30

// ErrTooLarge: the bill is larger than any bill can be.
var ErrTooLarge = errors.New("bill too large")

// File is a bill on disk.
type File struct{ f *os.File }

// New makes an empty file.
func New() (*File, error) {
	f, err := os.CreateTemp("", "bill-*.csv")
	if err != nil {
		return nil, fmt.Errorf("room for the bill: %w", err)
	}
	return &File{f}, nil
}

// Fill copies body into the file, taken out of gzip where it is packed, and each unpacked byte into also. The error
// is ErrTooLarge, or the reading's or the writing's own.
func (b *File) Fill(body io.Reader, also ...io.Writer) error {
	in := bufio.NewReaderSize(body, 64<<10)
	var plain io.Reader = in
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		plain = z
	}
	n, err := io.Copy(io.MultiWriter(append(also, b.f)...), io.LimitReader(plain, most+1))
	if err == nil && n > most {
		err = ErrTooLarge
	}
	return err
}

// Rewind goes back to the beginning, where reading starts.
func (b *File) Rewind() error {
	_, err := b.f.Seek(0, io.SeekStart)
	return err
}

func (b *File) Read(p []byte) (int, error) { return b.f.Read(p) }

// Drop closes and removes the file.
func (b *File) Drop() {
	_ = b.f.Close()
	_ = os.Remove(b.f.Name())
}
