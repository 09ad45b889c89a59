package backup_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/migration"
	"loudou/model/modeltest"
	"loudou/service/backup"
	"loudou/service/store"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

// empty gives databases nobody has touched, of each kind there is.
func empty(t *testing.T) map[string]*gorm.DB {
	t.Helper()
	dsns := map[string]string{"sqlite": modeltest.SQLiteDSN(t)}
	if os.Getenv("LOUDOU_TEST_MYSQL") != "" {
		dsns["mysql"] = modeltest.MySQLDSN(t)
	}
	out := map[string]*gorm.DB{}
	for kind, dsn := range dsns {
		db, err := store.OpenDB(dsn)
		if err != nil {
			t.Fatal(err)
		}
		pool, err := db.DB()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pool.Close() })
		out[kind] = db
	}
	return out
}

// hard are texts that a careless way through a file would change.
var hard = []string{"", "NULL", `\N`, "漏斗 👩🏽‍🏫 𠮷", "'\"`\\%_?", "a\r\nb\tc\x00d", " 前后 ", "<script>&amp;", "=1+1"}

// sow puts rows into every table there is: three each, of every kind of value.
func sow(t *testing.T, db *gorm.DB) {
	t.Helper()
	tables, err := db.Migrator().GetTables()
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if strings.HasPrefix(table, "schema_") {
			continue
		}
		q := "SELECT name, UPPER(type) AS type, \"notnull\" = 0 AND pk = 0 AS nullable FROM pragma_table_info(?)"
		if db.Name() == "mysql" {
			q = "SELECT column_name AS name, UPPER(data_type) AS type, is_nullable = 'YES' AS nullable FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?"
		}
		var columns []struct {
			Name, Type string
			Nullable   bool
		}
		if err := db.Raw(q, table).Scan(&columns).Error; err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 3; n++ {
			row := map[string]any{}
			for _, c := range columns {
				switch {
				case c.Nullable && n == 1:
					row[c.Name] = nil
				case strings.Contains(c.Type, "INT"), strings.Contains(c.Type, "BOOL"):
					row[c.Name] = n
				case strings.Contains(c.Type, "DATETIME"):
					row[c.Name] = time.Date(2026, 11, n, 23, 59, 59, 999e6, time.UTC)
				case strings.Contains(c.Type, "BLOB"), strings.Contains(c.Type, "BINARY"):
					row[c.Name] = append(bytes.Repeat([]byte{0}, 14), 0xff, byte(n))
				case strings.Contains(c.Type, "DOUBLE"), strings.Contains(c.Type, "REAL"):
					row[c.Name] = float64(n) / 3
				default:
					row[c.Name] = fmt.Sprint(n)
				}
			}
			if err := db.Table(table).Create(row).Error; err != nil {
				t.Fatalf("%s: %v", table, err)
			}
		}
	}
	for i, text := range hard {
		add := model.AuditEntry{AppID: "wx1", OperatorName: "甲", Action: "course.save", Object: "course", ObjectID: fmt.Sprint(i), Before: text, After: strings.Repeat(text, 300), CreatedAt: time.Unix(1, 0).UTC()}
		if err := db.Create(&add).Error; err != nil {
			t.Fatal(err)
		}
	}
}

// entries reads a backup: what each table holds, its lines in no order, and each upload.
func entries(t *testing.T, path string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	out := map[string]string{}
	for _, e := range z.File {
		r, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if e.Name == "backup.json" {
			continue
		}
		if strings.HasPrefix(e.Name, "tables/") {
			lines := strings.Split(strings.TrimSpace(string(b)), "\n")
			slices.Sort(lines)
			b = []byte(strings.Join(lines, "\n"))
		}
		out[e.Name] = string(b)
	}
	return out
}

// What is restored is what was saved, value for value, on the same kind of database and on the other.
func TestRestoredAsSaved(t *testing.T) {
	ctx := context.Background()
	for from := range empty(t) {
		for to, target := range empty(t) {
			t.Run(from+" to "+to, func(t *testing.T) {
				source := empty(t)[from]
				if err := migration.Up(ctx, source); err != nil {
					t.Fatal(err)
				}
				sow(t, source)
				dir := t.TempDir()
				media := filepath.Join(dir, "media")
				for name, body := range map[string]string{"a.png": "\x89PNG\x00", "b.mp4": strings.Repeat("film", 1e5)} {
					if err := os.MkdirAll(filepath.Join(media, "parts"), 0o700); err != nil {
						t.Fatal(err)
					}
					for _, at := range []string{media, filepath.Join(media, "parts")} { // a part is no upload yet
						if err := os.WriteFile(filepath.Join(at, name), []byte(body), 0o600); err != nil {
							t.Fatal(err)
						}
					}
				}
				first, second := filepath.Join(dir, "first.zip"), filepath.Join(dir, "second.zip")
				wrote, err := backup.Write(ctx, backup.Options{DB: source, Folder: media, Secret: secret, Version: "v1"}, first)
				if err != nil {
					t.Fatal(err)
				}
				if info, err := os.Stat(first); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("mode %v, %v", info.Mode(), err)
				}
				other := filepath.Join(dir, "other")
				var done, all int64
				o := backup.Options{DB: target, Folder: other, Secret: secret, Progress: func(d, a int64) { done, all = d, a }}
				read, err := backup.Restore(ctx, backup.Target{Options: o}, first)
				if err != nil {
					t.Fatal(err)
				}
				if read.Rows() != wrote.Rows() || read.Files != 2 || read.Version != "v1" || done != all || all != wrote.Rows() {
					t.Errorf("wrote %d, read %d rows, %d files, told %d of %d", wrote.Rows(), read.Rows(), read.Files, done, all)
				}
				if _, err := backup.Write(ctx, o, second); err != nil {
					t.Fatal(err)
				}
				a, b := entries(t, first), entries(t, second)
				if len(a) < 100 || !maps.Equal(a, b) {
					for name := range a {
						if a[name] != b[name] {
							t.Errorf("%s:\n%.600s\nbecame\n%.600s", name, a[name], b[name])
						}
					}
				}
				// New numbers begin far behind the restored ones, and the schema is this program's.
				if err := migration.Up(ctx, target); err != nil {
					t.Fatal(err)
				}
				next := model.AuditEntry{AppID: "wx1", Action: "x", Object: "y", CreatedAt: time.Unix(2, 0).UTC()}
				if err := target.Create(&next).Error; err != nil {
					t.Fatal(err)
				}
				if next.ID < 100_000 {
					t.Errorf("number %d may have been another's", next.ID)
				}
				if _, err := backup.Restore(ctx, backup.Target{Options: o}, first); !errors.Is(err, backup.ErrNotEmpty) {
					t.Errorf("over data: %v", err)
				}
			})
		}
	}
}

// Sessions of operators are not in the file.
func TestSessionsStayOut(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		sow(t, db)
		path := filepath.Join(t.TempDir(), "b.zip")
		if _, err := backup.Write(context.Background(), backup.Options{DB: db, Secret: secret}, path); err != nil {
			t.Fatal(err)
		}
		has := entries(t, path)
		if _, ok := has["tables/operator_sessions.jsonl"]; ok || has["tables/operators.jsonl"] == "" {
			t.Error("sessions are in the file, or operators are not")
		}
		if _, err := backup.Write(context.Background(), backup.Options{DB: db, Secret: secret}, path); !errors.Is(err, os.ErrExist) {
			t.Errorf("over a file: %v", err)
		}
	})
}

// One state is saved while others write, and nobody waits for it: rows that are committed together are there together.
func TestOneStateUnderLoad(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		ctx := context.Background()
		sow(t, db)
		var stop atomic.Bool
		ended := make(chan time.Duration)
		go func() {
			slowest := time.Duration(0)
			for i := 0; !stop.Load(); i++ {
				began := time.Now()
				err := store.Tx(ctx, db, func(tx *gorm.DB) error {
					day := fmt.Sprintf("2020-%05d", i)
					return errors.Join(
						tx.Exec("INSERT INTO settings (name, value, updated_by, updated_at) VALUES (?, 'x', 'pair', ?)", day, time.Now().UTC()).Error,
						tx.Exec("INSERT INTO audit_entries (appid, operator_id, operator_name, action, object, object_id, `before`, `after`, reason, created_at) VALUES ('pair', 0, '', 'x', 'y', ?, '', '', '', ?)", day, time.Now().UTC()).Error)
				})
				if err != nil {
					t.Error(err)
					break
				}
				slowest = max(slowest, time.Since(began))
			}
			ended <- slowest
		}()
		for i := range 3 {
			path := filepath.Join(t.TempDir(), fmt.Sprint(i))
			if _, err := backup.Write(ctx, backup.Options{DB: db, Secret: secret}, path); err != nil {
				t.Fatal(err)
			}
			has := entries(t, path)
			a, b := strings.Count(has["tables/settings.jsonl"], `"pair"`), strings.Count(has["tables/audit_entries.jsonl"], `"pair"`)
			if a != b {
				t.Errorf("%d settings and %d entries of one commit each", a, b)
			}
		}
		stop.Store(true)
		if slowest := <-ended; slowest > 4*time.Second {
			t.Errorf("a writer waited %v", slowest)
		}
	})
}

// A restore that was killed leaves a database no service starts on; run again it is whole.
func TestKilledRestore(t *testing.T) {
	for kind, target := range empty(t) {
		t.Run(kind, func(t *testing.T) {
			source := modeltest.Open(t)
			sow(t, source)
			path := filepath.Join(t.TempDir(), "b.zip")
			if _, err := backup.Write(context.Background(), backup.Options{DB: source, Secret: secret}, path); err != nil {
				t.Fatal(err)
			}
			for _, at := range []int64{1, 200} {
				ctx, kill := context.WithCancel(context.Background())
				_, err := backup.Restore(ctx, backup.Target{Options: backup.Options{DB: target, Secret: secret, Progress: func(done, _ int64) {
					if done >= at {
						kill()
					}
				}}}, path)
				kill()
				if err == nil {
					t.Fatal("not killed")
				}
				if err := migration.Up(context.Background(), target); !errors.Is(err, migration.ErrFilling) {
					t.Errorf("a start on half a restore: %v", err)
				}
			}
			if _, err := backup.Restore(context.Background(), backup.Target{Options: backup.Options{DB: target, Secret: secret}}, path); err != nil {
				t.Fatal(err)
			}
			if err := migration.Up(context.Background(), target); err != nil {
				t.Error(err)
			}
		})
	}
}

// What is wrong with a file is said before anything is touched.
func TestRefused(t *testing.T) {
	ctx := context.Background()
	source := modeltest.SQLite(t)
	sow(t, source)
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	if _, err := backup.Write(ctx, backup.Options{DB: source, Secret: secret}, good); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	about := func(change ...string) []byte { // the file with other words in backup.json
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range z.File {
			if e.Name != "backup.json" {
				if err := w.Copy(e); err != nil {
					t.Fatal(err)
				}
				continue
			}
			r, _ := e.Open()
			b, _ := io.ReadAll(r)
			changed := strings.NewReplacer(change...).Replace(string(b))
			if len(change) > 0 && changed == string(b) {
				t.Fatalf("nothing to change: %s", b)
			}
			f, _ := w.Create(e.Name)
			_, _ = io.WriteString(f, changed)
		}
		return append([]byte{}, closed(t, w, &out)...)
	}
	flipped := bytes.Clone(raw)
	whole, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	large := slices.MaxFunc(slices.DeleteFunc(slices.Clone(whole.File), func(e *zip.File) bool { return e.Name == "backup.json" }), func(a, b *zip.File) int { return cmp.Compare(a.CompressedSize64, b.CompressedSize64) })
	at, err := large.DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	flipped[at+int64(large.CompressedSize64)/2] ^= 1
	for name, x := range map[string]struct {
		body   []byte
		secret []byte
		want   error
		says   string
	}{
		"no zip":            {[]byte("hello"), secret, nil, "no backup"},
		"cut":               {raw[:len(raw)*2/3], secret, nil, "not whole"},
		"a bit flipped":     {flipped, secret, nil, "damaged"},
		"another zip":       {closedZip(t, "x.txt", "y"), secret, nil, "no backup of loudou"},
		"another secret":    {raw, []byte("another-secret-another-secret-12"), backup.ErrSecret, ""},
		"newer format":      {about(`"format": 1`, `"format": 2`), secret, backup.ErrNewer, ""},
		"newer schema":      {about(`"changes": [`, `"changes": [ 9999,`), secret, backup.ErrNewer, ""},
		"a table too many":  {about(`"tables": [`, `"tables": [ {"name":"nobody","rows":1},`), secret, nil, "nobody is missing"},
		"a name that leads": {append([]byte{}, withEntry(t, raw, "files/../evil")...), secret, nil, "no name of an upload"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "b.zip")
			if err := os.WriteFile(path, x.body, 0o600); err != nil {
				t.Fatal(err)
			}
			target := empty(t)["sqlite"]
			_, err := backup.Restore(ctx, backup.Target{Options: backup.Options{DB: target, Folder: t.TempDir(), Secret: x.secret}}, path)
			if err == nil || x.want != nil && !errors.Is(err, x.want) || !strings.Contains(err.Error(), x.says) {
				t.Errorf("%v", err)
			}
			if tables, err := target.Migrator().GetTables(); err != nil || slices.ContainsFunc(tables, func(n string) bool { return !strings.HasPrefix(n, "schema_") && !strings.HasPrefix(n, "sqlite_") }) {
				t.Errorf("the database was touched: %v, %v", tables, err)
			}
		})
	}
}

func closed(t *testing.T, w *zip.Writer, out *bytes.Buffer) []byte {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func closedZip(t *testing.T, name, body string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(f, body)
	return closed(t, w, &out)
}

// withEntry adds an entry to a backup.
func withEntry(t *testing.T, raw []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range z.File {
		if err := w.Copy(e); err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(f, "x")
	return closed(t, w, &out)
}
