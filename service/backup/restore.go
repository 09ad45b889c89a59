package backup

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/model/migration"
	"loudou/service/store"
)

// Target is what a restore fills.
type Target struct {
	Options
	Redis     redis.UniversalClient // what the service will use
	NewSecret bool                  // go on although LOUDOU_SECRET is another one
}

// Faults of a restore that a person must decide about. Nothing was changed.
var (
	ErrNotEmpty = errors.New("the database holds data already; restore takes an empty one")
	ErrSecret   = errors.New("LOUDOU_SECRET is not the one of this backup: what it encrypted could not be read again, and every learner would log in anew")
	ErrNewer    = errors.New("the backup was made by a newer version")
)

// Restore fills an empty database and the folder of uploads from the file at path, then brings the schema up to this
// program's. Killed, it is simply run again.
func Restore(ctx context.Context, t Target, path string) (About, error) {
	file, err := zip.OpenReader(path)
	if err != nil {
		return About{}, fmt.Errorf("%s is no backup, or not whole: %w", path, err)
	}
	defer func() { _ = file.Close() }()
	about, err := check(ctx, &file.Reader)
	if err != nil {
		return about, fmt.Errorf("%s: %w", path, err)
	}
	if about.Secret != mark(t.Secret) && !t.NewSecret {
		return about, ErrSecret
	}
	if t.Redis != nil {
		if err := t.Redis.Ping(ctx).Err(); err != nil {
			return about, fmt.Errorf("redis: %w", err)
		}
	}
	if err := prepare(ctx, t.DB, about); err != nil {
		return about, err
	}
	if err := fill(ctx, t, about, &file.Reader); err != nil {
		return about, err
	}
	if t.Redis != nil {
		if err := forget(ctx, t.Redis); err != nil {
			return about, fmt.Errorf("redis: %w", err)
		}
	}
	if err := migration.Filled(ctx, t.DB); err != nil {
		return about, err
	}
	return about, migration.Up(ctx, t.DB)
}

// check reads the whole file once: every entry's checksum, and that what it says of itself is what it holds.
func check(ctx context.Context, file *zip.Reader) (About, error) {
	var about About
	entry, err := file.Open(aboutEntry)
	if err != nil {
		return about, errors.New("it is no backup of loudou")
	}
	err = json.NewDecoder(io.LimitReader(entry, 1<<20)).Decode(&about)
	if err = errors.Join(err, entry.Close()); err != nil {
		return about, fmt.Errorf("%s: %w", aboutEntry, err)
	}
	if about.Format != format {
		return about, fmt.Errorf("format %d: %w", about.Format, ErrNewer)
	}
	has := map[string]bool{}
	for _, e := range file.File {
		if err := ctx.Err(); err != nil {
			return about, err
		}
		if has[e.Name] {
			return about, fmt.Errorf("entry %s is there twice", e.Name)
		}
		has[e.Name] = true
		if strings.HasPrefix(e.Name, fileEntry) && fileEntry+path.Base(e.Name) != e.Name {
			return about, fmt.Errorf("entry %q is no name of an upload", e.Name)
		}
		r, err := e.Open()
		if err != nil {
			return about, fmt.Errorf("entry %s: %w", e.Name, err)
		}
		_, err = io.Copy(io.Discard, r)
		if err = errors.Join(err, r.Close()); err != nil {
			return about, fmt.Errorf("entry %s is damaged: %w", e.Name, err)
		}
	}
	for _, t := range about.Tables {
		if !has[tableEntry(t.Name)] {
			return about, fmt.Errorf("table %s is missing", t.Name)
		}
	}
	return about, nil
}

// prepare makes the schema the backup was made with, in a database that is empty or holds what a killed restore left.
func prepare(ctx context.Context, db *gorm.DB, about About) error {
	unknown, err := migration.Unknown(db, about.Changes)
	if err != nil {
		return err
	}
	if len(unknown) > 0 {
		return fmt.Errorf("schema change %04d is not known here: %w", unknown[0], ErrNewer)
	}
	began, err := migration.Filling(ctx, db)
	if err != nil {
		return err
	}
	pool, err := db.DB()
	if err != nil {
		return err
	}
	list, err := names(ctx, pool, isMySQL(db))
	if err != nil {
		return err
	}
	for _, name := range list {
		if strings.HasPrefix(name, "schema_") || began {
			continue
		}
		var n int
		if err := db.WithContext(ctx).Raw("SELECT COUNT(*) FROM (SELECT 1 FROM " + quoted(name) + " LIMIT 1) t").Scan(&n).Error; err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("table %s: %w", name, ErrNotEmpty)
		}
	}
	return migration.Fill(ctx, db, about.Changes, list)
}

// fill puts the rows and the uploads in place.
func fill(ctx context.Context, t Target, about About, file *zip.Reader) error {
	all, done := about.Rows(), int64(0)
	for _, table := range about.Tables {
		r, err := file.Open(tableEntry(table.Name))
		if err != nil {
			return err
		}
		n, err := fillTable(ctx, t.DB, table.Name, r, func(n int64) { done += n; t.report(done, all) })
		if err = errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("table %s: %w", table.Name, err)
		}
		if n != table.Rows {
			return fmt.Errorf("table %s: %d rows instead of %d", table.Name, n, table.Rows)
		}
	}
	if err := leap(ctx, t.DB); err != nil {
		return fmt.Errorf("numbers: %w", err)
	}
	return fillFiles(ctx, t.Folder, file)
}

// leapBy is how far the numbers of new rows begin behind the restored ones. What was made after the backup is lost,
// and its numbers stay in people's hands: a learner's token of then must not open another's account now.
const leapBy = 100_000

func leap(ctx context.Context, db *gorm.DB) error {
	on := db.WithContext(ctx)
	list := "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
	if isMySQL(db) {
		list = "SELECT table_name FROM information_schema.columns WHERE table_schema = DATABASE() AND extra LIKE '%auto_increment%'"
	}
	var tables []string
	if err := on.Raw(list).Scan(&tables).Error; err != nil {
		return err
	}
	for _, name := range tables {
		var last int64
		if err := on.Raw("SELECT COALESCE(MAX(id), 0) FROM " + quoted(name)).Scan(&last).Error; err != nil {
			return err
		}
		next := last + leapBy
		if isMySQL(db) {
			if err := on.Exec(fmt.Sprintf("ALTER TABLE %s AUTO_INCREMENT = %d", quoted(name), next)).Error; err != nil {
				return err
			}
			continue
		}
		for _, q := range []string{"DELETE FROM sqlite_sequence WHERE name = ?", "INSERT INTO sqlite_sequence (name, seq) VALUES (?, " + fmt.Sprint(next) + ")"} {
			if err := on.Exec(q, name).Error; err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	rowsAtOnce   = 500
	valuesAtOnce = 30_000  // SQLite takes 32 766
	bytesAtOnce  = 1 << 20 // a MySQL server takes a statement of 16 MiB and more
)

func fillTable(ctx context.Context, db *gorm.DB, name string, r io.Reader, told func(int64)) (int64, error) {
	dec := json.NewDecoder(bufio.NewReaderSize(r, 1<<18))
	dec.UseNumber()
	var columns []column
	if err := dec.Decode(&columns); err != nil {
		return 0, fmt.Errorf("columns: %w", err)
	}
	if err := sameColumns(ctx, db, name, columns); err != nil {
		return 0, err
	}
	var (
		insert = "INSERT INTO " + quoted(name) + " (" + joined(columns) + ") VALUES "
		one    = "(" + strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",") + ")"
		limit  = max(1, min(rowsAtOnce, valuesAtOnce/len(columns)))
		values []any
		rows   int
		total  int64
	)
	put := func() error {
		if rows == 0 {
			return nil
		}
		q := insert + strings.TrimSuffix(strings.Repeat(one+",", rows), ",")
		if err := db.WithContext(ctx).Exec(q, values...).Error; err != nil {
			return err
		}
		total += int64(rows)
		told(int64(rows))
		values, rows = values[:0], 0
		return nil
	}
	size, at := int64(0), int64(0)
	for dec.More() {
		var row []any
		if err := dec.Decode(&row); err != nil {
			return total, err
		}
		if len(row) != len(columns) {
			return total, fmt.Errorf("row %d has %d values", total+int64(rows)+1, len(row))
		}
		for i, c := range columns {
			v, err := c.Kind.in(row[i])
			if err != nil {
				return total, fmt.Errorf("row %d, column %s: %w", total+int64(rows)+1, c.Name, err)
			}
			values = append(values, v)
		}
		rows++
		size += dec.InputOffset() - at
		at = dec.InputOffset()
		if rows == limit || size >= bytesAtOnce {
			if err := put(); err != nil {
				return total, err
			}
			size = 0
		}
	}
	if err := put(); err != nil {
		return total, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return total, errors.New("the table does not end where it should")
	}
	return total, nil
}

// sameColumns compares what the file holds with the table as it stands: names and kinds, in any order.
func sameColumns(ctx context.Context, db *gorm.DB, name string, columns []column) error {
	rows, err := db.WithContext(ctx).Raw("SELECT * FROM " + quoted(name) + " LIMIT 1").Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	here, err := columnsOf(rows)
	if err != nil {
		return err
	}
	byName := func(a, b column) int { return strings.Compare(a.Name, b.Name) }
	if a, b := slices.SortedFunc(slices.Values(columns), byName), slices.SortedFunc(slices.Values(here), byName); !slices.Equal(a, b) {
		return fmt.Errorf("its columns are not those of this schema")
	}
	return rows.Err()
}

func joined(columns []column) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = quoted(c.Name)
	}
	return strings.Join(out, ", ")
}

// fillFiles writes the uploads; each is whole or not there.
func fillFiles(ctx context.Context, folder string, file *zip.Reader) error {
	var dir *os.Root
	for _, e := range file.File {
		name, ok := strings.CutPrefix(e.Name, fileEntry)
		if !ok || name == "" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if dir == nil {
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return err
			}
			var err error
			if dir, err = os.OpenRoot(folder); err != nil { // no name leads out of the folder
				return err
			}
			defer func() { _ = dir.Close() }()
		}
		if err := fillFile(dir, name, e); err != nil {
			return fmt.Errorf("file %s: %w", name, err)
		}
	}
	if dir == nil {
		return nil
	}
	return syncFolder(folder)
}

func fillFile(dir *os.Root, name string, e *zip.File) error {
	r, err := e.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	w, err := dir.OpenFile(name+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	if err = errors.Join(err, w.Sync(), w.Close()); err != nil {
		return err
	}
	return dir.Rename(name+".part", name)
}

// forget takes away what Redis holds of ours: counters and seen pushes may be younger than the restored rows.
func forget(ctx context.Context, client redis.UniversalClient) error {
	clear := func(ctx context.Context, c redis.UniversalClient) error {
		keys := c.Scan(ctx, 0, store.KeyPrefix+"*", 1000).Iterator()
		for keys.Next(ctx) {
			if err := c.Unlink(ctx, keys.Val()).Err(); err != nil { // one by one: a cluster has no key lists over slots
				return err
			}
		}
		return keys.Err()
	}
	if cluster, ok := client.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return clear(ctx, c) })
	}
	return clear(ctx, client)
}
