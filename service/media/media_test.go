package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/limit"
	"loudou/service/operator"
	"loudou/service/store"
)

var boss = model.Operator{ID: 1, Name: "boss"}

func open(t *testing.T, db *gorm.DB) *Service {
	t.Helper()
	redis, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Close() })
	s, err := New(db, Options{AppID: "wxmini", Dir: filepath.Join(t.TempDir(), "media"), PublicURL: "https://shop.example/",
		Secret: []byte("0123456789abcdef0123456789abcdef-test"), Audit: operator.New(db, limit.New(redis, true), operator.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func picture(w, h int) image.Image {
	m := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.White, color.RGBA{200, 30, 30, 255}, color.Black})
	for i := range m.Pix {
		m.Pix[i] = byte(i % 3)
	}
	return m
}

func jpegBytes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(40, 30), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngBytes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture(40, 30)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gifBytes(t *testing.T, frames int) []byte {
	t.Helper()
	g := &gif.GIF{}
	for range frames {
		g.Image, g.Delay = append(g.Image, picture(4, 4).(*image.Paletted)), append(g.Delay, 1)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif is an EXIF segment with an orientation and a place.
func exif(turn byte) []byte {
	body := append([]byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x02\x00"), 0x12, 0x01, 3, 0, 1, 0, 0, 0, turn, 0, 0, 0, 0x25, 0x88, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0)
	body = append(body, "GPS 31.2304N 121.4737E"...)
	return append([]byte{0xff, 0xe1, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

func chunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func box(name string, body string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))) + name + body
}

func TestUploadJudgesBytes(t *testing.T) {
	s := open(t, modeltest.SQLite(t))
	j, p := jpegBytes(t), pngBytes(t)
	huge := append([]byte(pngHead), chunk("IHDR", append(append(binary.BigEndian.AppendUint32(nil, 50_000), 0, 0, 0xc3, 0x50), 8, 2, 0, 0, 0))...)
	huge = append(huge, p[33:]...)
	mp4 := box("ftyp", "isom\x00\x00\x02\x00isomiso2") + box("moov", "x") + box("mdat", "film")
	mp3 := "ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x64" + strings.Repeat("\x00", 400)
	for name, c := range map[string]struct {
		bytes   string
		purpose Purpose
		kind    model.MediaKind // "" refused
		ext     string
	}{
		"jpeg": {string(j), PurposeCover, model.MediaImage, "jpg"}, "png": {string(p), PurposeCover, model.MediaImage, "png"},
		"gif": {string(gifBytes(t, 3)), PurposeCover, model.MediaImage, "gif"}, "gif of 1001 frames": {string(gifBytes(t, 1001)), PurposeCover, "", ""},
		"mp4": {mp4, PurposeLesson, model.MediaVideo, "mp4"}, "mp4 as a cover": {mp4, PurposeCover, "", ""}, "mp4 cut": {mp4[:len(mp4)-2], PurposeLesson, "", ""},
		"mp4 without an index": {box("ftyp", "isom\x00\x00\x02\x00isom") + box("mdat", "film"), PurposeLesson, "", ""},
		"mp3":                  {mp3, PurposeLesson, model.MediaAudio, "mp3"}, "only a tag": {mp3[:10], PurposeLesson, "", ""},
		"pdf": {"%PDF-1.7\n1 0 obj\n%%EOF\n", PurposeLesson, model.MediaPDF, "pdf"}, "pdf named .jpg as a cover": {"%PDF-1.7\n%%EOF", PurposeCover, "", ""},
		"html": {"<html><script>alert(1)</script>", PurposeCover, "", ""}, "svg": {`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, PurposeCover, "", ""},
		"empty": {"", PurposeCover, "", ""}, "png of 2.5 gigapixels": {string(huge), PurposeCover, "", ""}, "jpeg cut": {string(j[:len(j)/2]), PurposeCover, "", ""},
		"png cut": {string(p[:len(p)-6]), PurposeCover, "", ""}, "gif cut": {string(gifBytes(t, 1)[:40]), PurposeCover, "", ""}, "png with a wrong sum": {string(append(append([]byte{}, p[:30]...), append([]byte{p[30] ^ 1}, p[31:]...)...)), PurposeCover, "", ""},
		"script": {"#!/bin/sh\nrm -rf /", PurposeLesson, "", ""}, "other purpose": {string(p), "avatar", "", ""},
	} {
		m, err := s.Upload(context.Background(), boss, c.purpose, "../../x\u202egpj.html", strings.NewReader(c.bytes))
		if c.kind == "" {
			if !errors.Is(err, model.ErrInvalid) {
				t.Errorf("%s: %+v %v, want refused", name, m, err)
			}
			continue
		}
		if err != nil || m.Kind != c.kind || !strings.HasSuffix(m.Name, "."+c.ext) || m.Title != "xgpj.html" || !model.GoodMediaName(m.Name) {
			t.Errorf("%s: %+v %v", name, m, err)
		}
	}
	left, _ := filepath.Glob(filepath.Join(s.o.Dir, "*.part"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPicturesAreStripped(t *testing.T) {
	s := open(t, modeltest.Open(t))
	j, p, g := jpegBytes(t), pngBytes(t), gifBytes(t, 2)
	tail := "<script>alert(1)</script>PK\x03\x04"
	for name, c := range map[string]struct {
		bytes []byte
		turn  byte
	}{
		"jpeg": {append(append(append(append([]byte{}, j[:2]...), exif(6)...), append([]byte{0xff, 0xfe, 0, 24}, "comment: GPS 31.2304N\n"...)...), append(append([]byte{}, j[2:]...), tail...)...), 6},
		"png":  {append(append(append(append([]byte{}, p[:33]...), chunk("eXIf", []byte("GPS 31.2304N"))...), chunk("tEXt", []byte("Comment\x00GPS 31.2304N"))...), append(append([]byte{}, p[33:]...), tail...)...), 0},
		"gif":  {append(append(append([]byte{}, g[:len(g)-1]...), "\x21\xfe\x0cGPS 31.2304N\x00\x3b"...), tail...), 0},
	} {
		m, err := s.Upload(context.Background(), boss, PurposeCover, "x", bytes.NewReader(c.bytes))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f, err := s.File(m)
		if err != nil {
			t.Fatal(err)
		}
		kept, _ := io.ReadAll(f)
		_ = f.Close()
		if bytes.Contains(kept, []byte("GPS")) || bytes.Contains(kept, []byte("script")) {
			t.Errorf("%s: a place or a second file survived", name)
		}
		img, _, err := image.Decode(bytes.NewReader(kept))
		if err != nil || img.Bounds().Empty() {
			t.Errorf("%s: no picture any more: %v", name, err)
		}
		if c.turn != 0 && (len(kept) < 50 || orientation(kept[12:50]) != c.turn) {
			t.Errorf("%s: the picture lies on its side", name)
		}
		if int64(len(kept)) != m.Bytes {
			t.Errorf("%s: %d bytes kept, %d in the row", name, len(kept), m.Bytes)
		}
		info, err := os.Stat(filepath.Join(s.o.Dir, m.Name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v %v", name, info.Mode(), err)
		}
	}
}

func TestWebPKeepsNoEXIF(t *testing.T) {
	part := func(name, body string) string {
		b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
		if len(body)%2 == 1 {
			body += "\x00"
		}
		return string(b) + body
	}
	inner := "WEBP" + part("VP8X", "\x0c\x00\x00\x00\x09\x00\x00\x09\x00\x00") + part("VP8L", "pixels!") + part("EXIF", "GPS 31N") + part("XMP ", "GPS")
	whole := append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(inner))), inner...)
	got, err := cleanWebP(append(whole, "tail"...))
	if err != nil || bytes.Contains(got, []byte("GPS")) || !bytes.Contains(got, []byte("pixels!")) || got[20] != 0 || int(binary.LittleEndian.Uint32(got[4:]))+8 != len(got) {
		t.Errorf("%q %v", got, err)
	}
	if _, err := cleanWebP(whole[:len(whole)-3]); err == nil {
		t.Error("a cut one is accepted")
	}
}

// Selling check 27.
func TestAddresses(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open(t, db)
		ctx := context.Background()
		cover, err := s.Upload(ctx, boss, PurposeCover, "", bytes.NewReader(pngBytes(t)))
		if err != nil {
			t.Fatal(err)
		}
		film, err := s.Upload(ctx, boss, PurposeLesson, "", bytes.NewReader(pngBytes(t)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Admit(ctx, cover.Name, "", ""); err != nil {
			t.Errorf("cover: %v", err)
		}
		u, err := url.Parse(s.Sign("/media/" + film.Name))
		if err != nil || !strings.HasPrefix(u.String(), "https://shop.example/media/") {
			t.Fatalf("%v %v", u, err)
		}
		e, sig := u.Query().Get("e"), u.Query().Get("s")
		if _, err := s.Admit(ctx, film.Name, e, sig); err != nil {
			t.Errorf("signed: %v", err)
		}
		for name, c := range map[string][3]string{
			"no signature": {film.Name, "", ""}, "other file": {cover.Name, e, sig}, "later": {film.Name, e + "0", sig}, "cut": {film.Name, e, sig[1:]},
			"no time": {film.Name, "", sig}, "time in words": {film.Name, "soon", sig}, "guessed": {"00000000000000000000000000000000.png", "", ""},
			"path": {"../../etc/passwd", "", ""}, "signed path": {"..%2f..%2fetc%2fpasswd", e, sig},
		} {
			if _, err := s.Admit(ctx, c[0], c[1], c[2]); !errors.Is(err, model.ErrForbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.clock = func() time.Time { return time.Now().Add(addressLife + time.Minute) }
		if _, err := s.Admit(ctx, film.Name, e, sig); !errors.Is(err, model.ErrForbidden) {
			t.Errorf("expired: %v", err)
		}
		html := s.SignHTML(`<img src="/media/` + film.Name + `"><img src="https://other.example/a.png">`)
		if !strings.Contains(html, "&amp;s=") || !strings.Contains(html, `src="https://other.example/a.png"`) {
			t.Errorf("%s", html)
		}
	})
}

func FuzzPictures(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x08Exif\x00\x00\xff\xd9"))
	f.Add([]byte(pngHead + "\x00\x00\x00\x00IEND\xae\x42\x60\x82"))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b"))
	f.Add([]byte("RIFF\x14\x00\x00\x00WEBPVP8L\x08\x00\x00\x00abcdefgh"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, clean := range []func([]byte) ([]byte, error){cleanJPEG, cleanPNG, cleanGIF, cleanWebP} {
			out, err := clean(b)
			if err != nil {
				continue
			}
			if len(out) > len(b)+40 {
				t.Fatalf("%d bytes became %d", len(b), len(out))
			}
			if again, err := clean(out); err != nil || !bytes.Equal(again, out) {
				t.Fatalf("cleaning is not stable: %v", err)
			}
		}
	})
}
