package poster

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"github.com/skip2/go-qrcode"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
)

const (
	labelSide  = 860 // of the code, its quiet border included: sharp on a poster of A3
	labelStep  = 60  // from line to line under it
	labelLines = 3
)

// Label gives a code as PNG with its name under it, so that a hundred printed ones can be told apart. A name that the
// server's font cannot write, or that has no font at all, is left out: the code is what matters, and the file has the name too.
func (s *Service) Label(says, name string) ([]byte, error) {
	q, err := qrcode.New(says, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("label %s: %w", name, err)
	}
	code := q.Image(labelSide)
	var lines []string
	var face font.Face
	if f, err := s.fonts.get(); err == nil && lacks(f.text, name) == "" {
		if face, err = opentype.NewFace(f.text, &opentype.FaceOptions{Size: labelStep * 3 / 4, DPI: 72, Hinting: font.HintingNone}); err != nil {
			return nil, fmt.Errorf("label's font: %w", err)
		}
		lines = wrap(name, labelSide-2*labelStep, func(s string) int { return font.MeasureString(face, s).Ceil() })
		lines = lines[:min(len(lines), labelLines)]
	}
	height := labelSide
	if len(lines) > 0 {
		height += len(lines)*labelStep + labelStep/2
	}
	img := image.NewGray(image.Rect(0, 0, labelSide, height))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(img, code.Bounds(), code, image.Point{}, draw.Src)
	for i, line := range lines {
		write(img, []string{line}, face, color.Black, (labelSide-font.MeasureString(face, line).Ceil())/2, labelSide+i*labelStep, labelStep)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("label %s: %w", name, err)
	}
	return b.Bytes(), nil
}
