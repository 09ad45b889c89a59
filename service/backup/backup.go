// Package backup writes the whole database and the uploaded files into one file while the service runs, and fills
// an empty database from such a file, on the same kind of database or on the other: this is also the way from
// SQLite to MySQL. It owns no table and knows none: what there is it reads from the schema.
//
// The file is a zip that anyone can open: backup.json says what it is, tables/NAME.jsonl holds a table (its first
// line the columns, then a row a line), files/ what was uploaded. Encrypted columns stay encrypted: without
// LOUDOU_SECRET nobody reads them. Sessions of operators are left out, so a stolen file opens no console.
//
// A backup is one snapshot: all tables are read in one transaction, and nobody waits for it. It becomes FILE only
// when it is whole. A restore reads the whole file and checks it before it touches anything, takes only a database
// without a row, and keeps a mark in it until the last row is there: the service refuses to start on a marked
// database, and a restore that was killed begins anew. What Redis had counted and remembered is taken away, for it
// may be younger than the rows; it is fed again from them.
package backup

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"archive/zip"

	"gorm.io/gorm"

	"loudou/model/migration"
)

// format is the number of this kind of file.
const format = 1

// Table is one table of a backup.
type Table struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// About is what a backup says of itself.
type About struct {
	Format  int       `json:"format"`
	MadeAt  time.Time `json:"made_at"`
	Version string    `json:"version"` // of the program that wrote it
	Kind    string    `json:"kind"`    // sqlite or mysql
	Changes []int     `json:"changes"` // of the schema, in order
	Tables  []Table   `json:"tables"`
	Files   int       `json:"files"`
	Bucket  string    `json:"bucket,omitempty"` // where uploads lie that are not in this file
	Secret  string    `json:"secret"`           // tells whether another LOUDOU_SECRET is the same, and no more
}

// Rows is the number of rows of all tables.
func (a About) Rows() (n int64) {
	for _, t := range a.Tables {
		n += t.Rows
	}
	return n
}

// Options say what is saved, or filled.
type Options struct {
	DB       *gorm.DB
	Folder   string // of the uploads; need not exist
	Bucket   string // name of the storage where uploads lie instead, which is only named; empty: none
	Secret   []byte
	Version  string
	Progress func(done, all int64) // rows; may be nil
}

func (o Options) report(done, all int64) {
	if o.Progress != nil {
		o.Progress(done, all)
	}
}

// mark is a word about secret that another can be compared with, and that nothing can be made of.
func mark(secret []byte) string {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("loudou backup: which secret"))
	return hex.EncodeToString(m.Sum(nil)[:8])
}

// left out: the schema's own tables, which a restore makes itself, and what would open the console.
var leftOut = map[string]bool{"schema_versions": true, "schema_lease": true, "operator_sessions": true}

// Write saves everything into a new file at path, readable by its owner alone. A file that is there already is left
// as it is: os.ErrExist.
func Write(ctx context.Context, o Options, path string) (About, error) {
	about := About{Format: format, MadeAt: time.Now().UTC().Truncate(time.Second), Version: o.Version, Kind: o.DB.Name(), Bucket: o.Bucket, Secret: mark(o.Secret)}
	if _, err := os.Lstat(path); err == nil {
		return about, fmt.Errorf("%s: %w", path, os.ErrExist)
	}
	part, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // 0600, and nobody else's
	if err != nil {
		return about, err
	}
	defer func() {
		_ = part.Close()
		_ = os.Remove(part.Name())
	}()
	buffer := bufio.NewWriterSize(part, 1<<20)
	z := zip.NewWriter(buffer)
	if err := writeAll(ctx, o, &about, z); err != nil {
		return about, err
	}
	if err := errors.Join(z.Close(), buffer.Flush(), part.Sync()); err != nil {
		return about, fmt.Errorf("write %s: %w", path, err)
	}
	// Link refuses where meanwhile another has made the file, rename would write over it.
	if err := os.Link(part.Name(), path); err != nil {
		return about, err
	}
	return about, syncFolder(filepath.Dir(path))
}

func writeAll(ctx context.Context, o Options, about *About, z *zip.Writer) error {
	s, err := begin(ctx, o.DB)
	if err != nil {
		return err
	}
	defer s.end()
	if about.Changes, err = migration.Applied(ctx, o.DB); err != nil {
		return err
	}
	if about.Tables, err = s.tables(ctx); err != nil {
		return err
	}
	all, done := about.Rows(), int64(0)
	for _, t := range about.Tables {
		w, err := z.CreateHeader(&zip.FileHeader{Name: tableEntry(t.Name), Method: zip.Deflate, Modified: about.MadeAt})
		if err != nil {
			return err
		}
		if err := s.write(ctx, t, w, func(n int64) { done += n; o.report(done, all) }); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	// The files may take long: a snapshot held meanwhile would be in the way of a change of the schema.
	s.end()
	if about.Files, err = writeFiles(ctx, o.Folder, z); err != nil {
		return err
	}
	w, err := z.CreateHeader(&zip.FileHeader{Name: aboutEntry, Method: zip.Deflate, Modified: about.MadeAt})
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(about)
}

const aboutEntry = "backup.json"

func tableEntry(name string) string { return "tables/" + name + ".jsonl" }

// writeFiles copies the folder's files; what vanishes meanwhile was taken away by the service, and parts of uploads
// that are not whole yet (in folders of their own) are left out.
func writeFiles(ctx context.Context, folder string, z *zip.Writer) (int, error) {
	list, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || folder == "" {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n := 0
	for _, e := range list {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if !e.Type().IsRegular() {
			continue
		}
		file, err := os.Open(filepath.Join(folder, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return n, err
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: fileEntry + e.Name(), Method: zip.Store}) // pictures and films are packed already
		if err == nil {
			_, err = io.Copy(w, file)
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return n, fmt.Errorf("file %s: %w", e.Name(), err)
		}
		n++
	}
	return n, nil
}

const fileEntry = "files/"

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
