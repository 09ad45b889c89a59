package poster

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
)

func label(t *testing.T, s *Service, says, name string) image.Image {
	t.Helper()
	b, err := s.Label(says, name)
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("LOUDOU_TEST_OUTPUT"); dir != "" { // to be looked at
		_ = os.WriteFile(filepath.Join(dir, "label-"+name+".png"), b, 0o600)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// The name stands under the code and nowhere in it; the code is the very one a plain picture has.
func TestLabel(t *testing.T) {
	const says = "http://weixin.qq.com/q/02abcDEF"
	s := &Service{fonts: &library{folders: folders()}}
	found(t) // there is a font
	q, err := qrcode.New(says, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	plain := q.Image(labelSide)
	white := color.RGBA{255, 255, 255, 255}
	for name, lines := range map[string]int{"朝阳大悦城-007": 1, "st" + strings.Repeat("店", 20): 2} {
		img := label(t, s, says, name)
		if img.Bounds().Dx() != labelSide || img.Bounds().Dy() != labelSide+lines*labelStep+labelStep/2 {
			t.Errorf("%s: %v, want %d lines", name, img.Bounds(), lines)
		}
		for y := range labelSide {
			for x := range labelSide {
				a, _, _, _ := img.At(x, y).RGBA()
				if b, _, _, _ := plain.At(x, y).RGBA(); a>>8 != b>>8 {
					t.Fatalf("%s: the code differs at %d,%d", name, x, y)
				}
			}
		}
		if n := inked(img, image.Rect(0, labelSide, labelSide, img.Bounds().Dy()), white); n < 500 {
			t.Errorf("%s: the name is not written: %d dark pixels", name, n)
		}
		if n := inked(img, image.Rect(0, labelSide, labelStep/2, img.Bounds().Dy()), white); n > 0 {
			t.Errorf("%s: the name runs over the edge", name)
		}
	}
	for what, x := range map[string]struct {
		s    *Service
		name string
	}{"letters the font has not": {s, "店🎉"}, "no font": {&Service{fonts: &library{folders: []string{t.TempDir()}}}, "店一"}} {
		if img := label(t, x.s, says, x.name); img.Bounds().Dy() != labelSide {
			t.Errorf("%s: %v", what, img.Bounds())
		}
	}
}
