package poster

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
	"golang.org/x/image/font/gofont/goregular"

	"loudou/model"
)

// found gives the system's fonts; make test installs one.
func found(t *testing.T) *fonts {
	t.Helper()
	f, err := (&library{folders: folders()}).get()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func drawn(t *testing.T, p model.Poster, ground image.Image, says string) image.Image {
	t.Helper()
	b, err := paint(p, ground, says, found(t))
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("LOUDOU_TEST_OUTPUT"); dir != "" { // to be looked at
		_ = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".png"), b, 0o600)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// The code on the poster is the very code, module by module, dark on white with its quiet border.
func TestTheCodeCanBeScanned(t *testing.T) {
	for _, says := range []string{"http://weixin.qq.com/q/02abcDEF", "https://shop.example.com/r/abcdefghi?x=" + strings.Repeat("a", 60)} {
		img := drawn(t, model.Poster{Title: "双十二写作营", Colour: "#123456"}, nil, says)
		q, err := qrcode.New(says, qrcode.Medium)
		if err != nil {
			t.Fatal(err)
		}
		bits, at := q.Bitmap(), codeAt()
		size := codeSide / len(bits) // what skip2 draws: whole pixels, centred
		offset := (codeSide - size*len(bits)) / 2
		for y := range bits {
			for x := range bits[y] {
				r, _, _, _ := img.At(at.Min.X+offset+x*size+size/2, at.Min.Y+offset+y*size+size/2).RGBA()
				if dark := r < 0x8000; dark != bits[y][x] {
					t.Fatalf("module %d,%d of %d is dark: %v", x, y, len(bits), dark)
				}
			}
		}
		if size < 5 {
			t.Errorf("a module is only %d pixels", size)
		}
	}
}

// inked counts pixels in a region that are far from what a ground without a title would be there.
func inked(img image.Image, r image.Rectangle, ground color.RGBA) (n int) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			a, b, c, _ := img.At(x, y).RGBA()
			if d := func(v uint32, w uint8) int { return int(v>>8) - int(w) }; d(a, ground.R)*d(a, ground.R)+d(b, ground.G)*d(b, ground.G)+d(c, ground.B)*d(c, ground.B) > 20_000 {
				n++
			}
		}
	}
	return n
}

func TestTheTitleIsWritten(t *testing.T) {
	top := image.Rect(0, 0, Width, cardTop-10)
	for name, x := range map[string]struct{ title, colour string }{
		"dark ground": {"双十二写作营", "#0b3d2e"}, "bright ground": {"早鸟价 ¥99", "#ffe9a8"}, "long": {"从今天起每天写作三十分钟，二十一天写完你的第一本小册子，一起来", "#7a1f3d"}, "lines": {"春天\n读书\n打卡", "#1a2b3c"},
	} {
		t.Run(name, func(t *testing.T) {
			img := drawn(t, model.Poster{Title: x.title, Note: "扫码关注，回复“写作”领讲义", Colour: x.colour}, nil, "http://weixin.qq.com/q/02abcDEF")
			if img.Bounds() != image.Rect(0, 0, Width, Height) {
				t.Errorf("%v", img.Bounds())
			}
			if n := inked(img, top, colourOf(x.colour)); n < 5_000 {
				t.Errorf("only %d pixels differ from the ground", n)
			}
			if n := inked(img, image.Rect(Width-margin+8, 0, Width, cardTop-10), colourOf(x.colour)); n > 0 {
				t.Errorf("%d pixels run over the right margin", n)
			}
		})
	}
	t.Run("picture", func(t *testing.T) {
		ground := image.NewRGBA(image.Rect(0, 0, 900, 506))
		for y := range 506 {
			for x := range 900 {
				ground.SetRGBA(x, y, color.RGBA{uint8(x / 4), 200, uint8(255 - y/2), 255})
			}
		}
		img := drawn(t, model.Poster{Title: "双十二写作营", Colour: "#000000"}, ground, "http://weixin.qq.com/q/02abcDEF")
		_, g, _, _ := img.At(Width/2, cardTop-20).RGBA()
		if g>>8 < 180 {
			t.Errorf("the picture is not there: green %d", g>>8)
		}
	})
}

// Without a font, or with one that lacks letters, it is said in words: nothing is drawn as boxes.
func TestWithoutAFont(t *testing.T) {
	for name, l := range map[string]*library{
		"none on the system":  {folders: []string{t.TempDir(), "/nowhere"}},
		"a path to nothing":   {path: "/nowhere.ttf"},
		"a file that is none": {path: "poster_test.go"},
		"a font for Latin":    {path: latin(t)},
		"only one for Latin":  {folders: []string{filepath.Dir(latin(t))}},
	} {
		_, err := l.get()
		var r *model.Refusal
		if !errors.As(err, &r) || !strings.Contains(r.Text, "字体") {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := found(t)
	if l := lacks(f.title, "写作营🎉写😀a1，。¥"); l != "🎉😀" {
		t.Errorf("lacks %q", l)
	}
	if l := lacks(f.title, "双十二\n写作营"); l != "" {
		t.Errorf("lacks %q", l)
	}
}

// latin writes a font without Chinese, under a name that could have some.
func latin(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wqy-microhei.ttc")
	if err := os.WriteFile(path, goregular.TTF, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWrap(t *testing.T) {
	measure := func(s string) int { // a Chinese letter is two wide
		n := 0
		for _, r := range s {
			if n++; r > 0x2e80 {
				n++
			}
		}
		return n
	}
	for text, want := range map[string]string{
		"一二三四五六七": "一二三四五|六七", "一二三四五。六": "一二三四|五。六", "learn Go in ten days": "learn Go|in ten|days", "abcdefghijklmn": "abcdefghij|klmn", "一\n二": "一|二", "学 Go 语言吧": "学 Go 语言|吧",
	} {
		if got := strings.Join(wrap(text, 10, measure), "|"); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
