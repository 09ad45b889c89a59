package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/bucket"
	"loudou/service/bucket/buckettest"
)

// film is a whole MP4 of n bytes: ftyp, moov, and the rest as mdat.
func film(n int) []byte {
	box := func(name string, size int) []byte {
		b := make([]byte, size)
		binary.BigEndian.PutUint32(b, uint32(size)) //nolint:gosec // small
		copy(b[4:], name)
		return b
	}
	out := append(box("ftyp", 24), box("moov", 64)...)
	out = append(out, box("mdat", n-len(out))...)
	for i := 100; i < n; i += 7 {
		out[i] = byte(i)
	}
	return out
}

func hexOf(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

// send sends the part at where the upload stands.
func (s *Service) send(t *testing.T, u model.Upload, whole []byte) (model.Upload, error) {
	t.Helper()
	part := whole[u.Got:min(u.Got+PartBytes, int64(len(whole)))]
	return s.Part(context.Background(), boss, u.UKey, u.Got, hexOf(part), part)
}

// everywhere runs fn with two instances on one database and one storage: a shared folder, and a bucket.
func everywhere(t *testing.T, fn func(t *testing.T, a, b *Service, stored func() []string)) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		t.Run("folder", func(t *testing.T) {
			a, b := open(t, db), open(t, db)
			b.o.Dir, b.storage = a.o.Dir, a.storage
			fn(t, a, b, func() []string {
				names := []string{}
				list, err := filepath.Glob(filepath.Join(a.o.Dir, "*"))
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range list {
					names = append(names, filepath.Base(n))
				}
				return names
			})
		})
		t.Run("bucket", func(t *testing.T) {
			f := buckettest.Start(t)
			kept, err := bucket.New(bucket.Options{URL: f.URL(), Name: buckettest.Name, AccessKey: buckettest.AccessKey, SecretKey: buckettest.SecretKey})
			if err != nil {
				t.Fatal(err)
			}
			a, b := open(t, db), open(t, db) // each has a folder of its own: nothing that counts lies there
			a.storage, b.storage = kept, kept
			fn(t, a, b, f.Names)
		})
	})
}

// Part by part over two instances, begun again in between, and one file at the end.
func TestUploadInParts(t *testing.T) {
	everywhere(t, func(t *testing.T, a, b *Service, stored func() []string) {
		ctx := context.Background()
		whole := film(2*PartBytes + 1000)
		u, err := a.Begin(ctx, boss, PurposeLesson, "第一课.mp4", hexOf([]byte("a film")), int64(len(whole)))
		if err != nil || u.Got != 0 || len(u.UKey) != 32 {
			t.Fatalf("%+v %v", u, err)
		}
		if u, err = a.send(t, u, whole); err != nil || u.Got != PartBytes {
			t.Fatalf("%+v %v", u, err)
		}
		// The page is loaded again: another instance knows where to go on.
		u, err = b.Begin(ctx, boss, PurposeLesson, "第一课.mp4", hexOf([]byte("a film")), int64(len(whole)))
		if err != nil || u.Got != PartBytes {
			t.Fatalf("begun again: %+v %v", u, err)
		}
		if again, err := b.Part(ctx, boss, u.UKey, 0, hexOf(whole[:PartBytes]), whole[:PartBytes]); err != nil || again.Got != PartBytes {
			t.Errorf("a part sent twice: %+v %v", again, err)
		}
		if _, err := b.Part(ctx, boss, u.UKey, PartBytes, hexOf([]byte("x")), whole[PartBytes:2*PartBytes]); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("a spoiled part: %v", err)
		}
		if _, err := b.Part(ctx, boss, u.UKey, PartBytes, hexOf(whole[:10]), whole[:10]); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("a short part: %v", err)
		}
		if _, err := b.Part(ctx, model.Operator{ID: 2}, u.UKey, PartBytes, "", nil); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("another operator's: %v", err)
		}
		if u, err = b.send(t, u, whole); err != nil || u.Got != 2*PartBytes {
			t.Fatalf("%+v %v", u, err)
		}
		// The last part comes to both at once, many times.
		last := whole[u.Got:]
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				s := a
				if i%2 == 1 {
					s = b
				}
				if _, err := s.Part(ctx, boss, u.UKey, u.Got, hexOf(last), last); err != nil && !errors.Is(err, model.ErrUnavailable) {
					t.Errorf("the last part: %v", err)
				}
			})
		}
		wg.Wait()
		done, err := a.Uploading(ctx, boss, u.UKey)
		if err != nil || done.Status != model.UploadDone {
			t.Fatalf("%+v %v", done, err)
		}
		m, err := b.Uploaded(ctx, done)
		if err != nil || m.Bytes != int64(len(whole)) || m.SHA256 != hexOf(whole) || m.Kind != model.MediaVideo || m.Public || m.Title != "第一课.mp4" {
			t.Fatalf("%+v %v", m, err)
		}
		f, err := b.File(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		_ = f.Close()
		if err != nil || !bytes.Equal(got, whole) {
			t.Errorf("%d bytes came back, %v", len(got), err)
		}
		var files int64
		if err := a.db.Model(&model.Media{}).Where("name LIKE ?", u.UKey+"%").Count(&files).Error; err != nil || files != 1 {
			t.Errorf("%d files, %v", files, err)
		}
		if _, err := a.Uploading(ctx, boss, u.UKey); err != nil {
			t.Fatal(err)
		}
		a.dropParts(ctx, u.ID)
		if names := stored(); len(names) != 1 || names[0] != m.Name {
			t.Errorf("the storage holds %v", names)
		}
		if next, err := a.Begin(ctx, boss, PurposeLesson, "第一课.mp4", hexOf([]byte("a film")), int64(len(whole))); err != nil || next.UKey == u.UKey || next.Got != 0 {
			t.Errorf("the same file once more: %+v %v", next, err)
		}
	})
}

// The program dies when all parts are here and no file is made of them: whoever asks next makes it.
func TestUploadFinishedAfterADeath(t *testing.T) {
	everywhere(t, func(t *testing.T, a, b *Service, _ func() []string) {
		ctx := context.Background()
		whole := film(1000)
		u, err := a.Begin(ctx, boss, PurposeLesson, "x.mp4", hexOf([]byte("x")), 1000)
		if err != nil {
			t.Fatal(err)
		}
		p := model.UploadPart{UploadID: u.ID, Bytes: 1000, SHA256: hexOf(whole), Name: u.UKey + "-0-dead.chunk"}
		if err := a.putBytes(ctx, p.Name, whole); err != nil {
			t.Fatal(err)
		}
		if err := a.db.Create(&p).Error; err != nil {
			t.Fatal(err)
		}
		if err := a.db.Model(&model.Upload{}).Where("id = ?", u.ID).Update("got", 1000).Error; err != nil {
			t.Fatal(err)
		}
		if u, err = b.Begin(ctx, boss, PurposeLesson, "x.mp4", hexOf([]byte("x")), 1000); err != nil || u.Status != model.UploadDone || u.MediaID == 0 {
			t.Errorf("%+v %v", u, err)
		}
	})
}

// What is none of our kinds is refused by its first bytes, the rest by its whole; limits count before anything is sent.
func TestUploadRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, a, _ *Service, stored func() []string) {
		ctx := context.Background()
		begin := func(purpose Purpose, n int64) (model.Upload, error) {
			return a.Begin(ctx, boss, purpose, "x", hexOf([]byte(fmt.Sprint(purpose, n))), n)
		}
		for name, bad := range map[string]func() error{
			"too large":   func() error { _, err := begin(PurposeLesson, MaxUpload+1); return err },
			"empty":       func() error { _, err := begin(PurposeLesson, 0); return err },
			"no purpose":  func() error { _, err := begin("x", 5); return err },
			"fingerprint": func() error { _, err := a.Begin(ctx, boss, PurposeLesson, "x", "../x", 5); return err },
		} {
			if err := bad(); !errors.Is(err, model.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		page := bytes.Repeat([]byte("<script>"), PartBytes/8)
		u, err := begin(PurposeLesson, 2*PartBytes)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = a.Part(ctx, boss, u.UKey, 0, hexOf(page), page); !errors.Is(err, model.ErrInvalid) || !strings.Contains(fmt.Sprint(err), "文件不能使用") {
			t.Errorf("a page: %v", err)
		}
		if u, err = a.Uploading(ctx, boss, u.UKey); err != nil || u.Status != model.UploadRefused || u.Why == "" {
			t.Errorf("%+v %v", u, err)
		}
		whole := film(PartBytes + 500)
		if u, err = begin(PurposeCover, int64(len(whole))); err != nil {
			t.Fatal(err)
		}
		if _, err = a.send(t, u, whole); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("a film as a cover: %v", err)
		}
		broken := film(PartBytes + 500)
		binary.BigEndian.PutUint32(broken[88:], 1<<30) // mdat longer than the file
		if u, err = begin(PurposeLesson, int64(len(broken))); err != nil {
			t.Fatal(err)
		}
		if u, err = a.send(t, u, broken); err != nil {
			t.Fatal(err)
		}
		if _, err = a.send(t, u, broken); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("a broken film: %v", err)
		}
		if names := stored(); len(names) != 0 {
			t.Errorf("the storage still holds %v", names)
		}
	})
}

func TestUploadsAreSwept(t *testing.T) {
	everywhere(t, func(t *testing.T, a, b *Service, stored func() []string) {
		ctx := context.Background()
		whole := film(2 * PartBytes)
		u, err := a.Begin(ctx, boss, PurposeLesson, "x", hexOf([]byte("x")), int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = a.send(t, u, whole); err != nil || len(stored()) != 1 {
			t.Fatal(err, stored())
		}
		if err := b.SweepUploads(ctx); err != nil || len(stored()) != 1 {
			t.Errorf("swept too early: %v %v", err, stored())
		}
		b.clock = func() time.Time { return time.Now().Add(uploadLife + time.Hour) }
		for range 2 {
			if err := b.SweepUploads(ctx); err != nil {
				t.Error(err)
			}
		}
		var rows, parts int64
		a.db.Model(&model.Upload{}).Count(&rows)
		a.db.Model(&model.UploadPart{}).Count(&parts)
		if rows+parts != 0 || len(stored()) != 0 {
			t.Errorf("%d uploads, %d parts, %v", rows, parts, stored())
		}
	})
}

// The storage is away, or gives other bytes back: nothing is taken for done, and all goes on once it is there again.
func TestUploadWithABadStorage(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		ctx := context.Background()
		f := buckettest.Start(t)
		kept, err := bucket.New(bucket.Options{URL: f.URL(), Name: buckettest.Name, AccessKey: buckettest.AccessKey, SecretKey: buckettest.SecretKey})
		if err != nil {
			t.Fatal(err)
		}
		a := open(t, db)
		a.storage = kept
		whole := film(PartBytes + 500)
		u, err := a.Begin(ctx, boss, PurposeLesson, "x", hexOf([]byte("x")), int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		f.Fail(func(string, string) int { return http.StatusForbidden })
		if _, err := a.send(t, u, whole); !errors.Is(err, model.ErrUnavailable) {
			t.Errorf("away: %v", err)
		}
		f.Fail(nil)
		if u, err = a.send(t, u, whole); err != nil || u.Got != PartBytes {
			t.Fatalf("%+v %v", u, err)
		}
		f.Spoil(f.Names()[0])
		if _, err = a.send(t, u, whole); err == nil {
			t.Error("spoiled bytes made a file")
		}
		f.Spoil(f.Names()[0])
		if u, err = a.Uploading(ctx, boss, u.UKey); err != nil || u.Status != model.UploadDone {
			t.Errorf("mended: %+v %v", u, err)
		}
	})
}
