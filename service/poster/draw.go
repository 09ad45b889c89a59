package poster

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif"  // pictures that can be uploaded
	_ "image/jpeg" // pictures that can be uploaded
	"image/png"
	"strconv"
	"strings"
	"unicode"

	"github.com/skip2/go-qrcode"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	_ "golang.org/x/image/webp" // pictures that can be uploaded

	"loudou/model"
)

// Width and Height of a poster in pixels: three to four, as phones and printers take it.
const (
	Width  = 1080
	Height = 1440
)

const (
	margin     = 72
	cardTop    = 1000 // below it the white card with the code
	codeSide   = 320
	cardInset  = 40
	titleBig   = 112 // pixels; smaller until it fits
	titleLeast = 56
)

var (
	ink   = color.RGBA{28, 36, 48, 255}
	white = color.RGBA{255, 255, 255, 255}
)

// paint draws a poster. ground is nil for a plain colour, says what the code holds.
func paint(p model.Poster, ground image.Image, says string, f *fonts) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, Width, Height))
	fill := colourOf(p.Colour)
	draw.Draw(img, img.Bounds(), image.NewUniform(fill), image.Point{}, draw.Src)
	letters := white
	if ground != nil {
		xdraw.CatmullRom.Scale(img, img.Bounds(), ground, cover(ground.Bounds()), draw.Over, nil)
		shade(img) // so that a title can be read on any picture
	} else if bright(fill) {
		letters = ink
	}
	if err := title(img, p.Title, f.title, letters); err != nil {
		return nil, err
	}
	if err := card(img, p.Note, says, f.text); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		return nil, fmt.Errorf("poster: %w", err)
	}
	return b.Bytes(), nil
}

func colourOf(s string) color.RGBA {
	n, _ := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)   // checked before
	return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 255} //nolint:gosec // three bytes
}

// bright tells a ground on which dark letters are read better.
func bright(c color.RGBA) bool { return 299*int(c.R)+587*int(c.G)+114*int(c.B) > 150_000 }

// cover is the middle of a picture that has the poster's shape.
func cover(b image.Rectangle) image.Rectangle {
	w, h := b.Dx(), b.Dy()
	if w*Height > h*Width {
		cut := h * Width / Height
		x := b.Min.X + (w-cut)/2
		return image.Rect(x, b.Min.Y, x+cut, b.Max.Y)
	}
	cut := w * Height / Width
	y := b.Min.Y + (h-cut)/2
	return image.Rect(b.Min.X, y, b.Max.X, y+cut)
}

// shade darkens the upper part, less and less downwards.
func shade(img *image.RGBA) {
	for y := range cardTop {
		left := 256 - 150*(cardTop-y)/cardTop // of 256
		for x := range Width {
			i := img.PixOffset(x, y)
			for k := range 3 {
				img.Pix[i+k] = uint8(int(img.Pix[i+k]) * left >> 8) //nolint:gosec // below 256
			}
		}
	}
}

// title writes the title from the top, as large as it fits into three lines.
func title(img draw.Image, text string, f *sfnt.Font, c color.Color) error {
	for size := titleBig; ; size -= 8 {
		face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return fmt.Errorf("poster's font: %w", err)
		}
		lines := wrap(text, Width-2*margin, func(s string) int { return font.MeasureString(face, s).Ceil() })
		if len(lines) > model.PosterLines && size > titleLeast {
			continue
		}
		write(img, lines, face, c, margin, margin+40, size*13/10)
		return nil
	}
}

// card draws the white card with the code and what stands beside it.
func card(img *image.RGBA, note, says string, f *sfnt.Font) error {
	r := image.Rect(cardInset, cardTop, Width-cardInset, Height-cardInset)
	rounded(img, r, 28)
	q, err := qrcode.New(says, qrcode.Medium)
	side := 0
	if err == nil {
		side = codeSide / len(q.Bitmap()) // whole pixels a module: even ones are read from further away
	}
	if side < 4 {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "这个地址太长，做不成二维码")
	}
	at := codeAt()
	code := q.Image(-side)
	draw.Draw(img, code.Bounds().Add(at.Min).Add(image.Pt((codeSide-code.Bounds().Dx())/2, (codeSide-code.Bounds().Dy())/2)), code, image.Point{}, draw.Src)
	if note == "" {
		note = "长按识别二维码"
	}
	const size = 52
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return fmt.Errorf("poster's font: %w", err)
	}
	left := at.Max.X + 32
	lines := wrap(note, r.Max.X-32-left, func(s string) int { return font.MeasureString(face, s).Ceil() })
	height := len(lines) * size * 14 / 10
	write(img, lines, face, ink, left, r.Min.Y+(r.Dy()-height)/2, size*14/10)
	return nil
}

// codeAt is where the code stands, its quiet border included.
func codeAt() image.Rectangle {
	top := cardTop + (Height-cardInset-cardTop-codeSide)/2
	return image.Rect(cardInset+32, top, cardInset+32+codeSide, top+codeSide)
}

func rounded(img *image.RGBA, r image.Rectangle, radius int) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			dx, dy := max(r.Min.X+radius-x, x-(r.Max.X-1-radius), 0), max(r.Min.Y+radius-y, y-(r.Max.Y-1-radius), 0)
			if dx*dx+dy*dy <= radius*radius {
				img.SetRGBA(x, y, white)
			}
		}
	}
}

// write puts lines under each other, the first one's top at y.
func write(img draw.Image, lines []string, face font.Face, c color.Color, x, y, step int) {
	ascent := face.Metrics().Ascent.Ceil()
	for i, line := range lines {
		(&font.Drawer{Dst: img, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y+i*step+min(ascent, step))}).DrawString(line)
	}
}

// noStart are marks that do not begin a line.
const noStart = "，。！？、；：）》」』】”’…—,.!?;:)%"

// wrap breaks a text into lines of at most width: Latin words at their spaces, Chinese anywhere but before a mark that
// belongs to what stands before it.
func wrap(text string, width int, measure func(string) int) []string {
	var out []string
	for _, part := range strings.Split(text, "\n") {
		line := ""
		for _, unit := range units(part) {
			if line != "" && measure(line+strings.TrimRight(unit, " ")) > width {
				out = append(out, strings.TrimRight(line, " "))
				line, unit = "", strings.TrimLeft(unit, " ")
			}
			for _, r := range unit { // a word wider than a line is broken where it ends
				if line != "" && measure(line+string(r)) > width && r != ' ' && !strings.ContainsRune(noStart, r) {
					out = append(out, line)
					line = ""
				}
				line += string(r)
			}
		}
		out = append(out, strings.TrimRight(line, " "))
	}
	return out
}

// units are the pieces a line is not broken inside: a Latin word with its space, one Chinese letter with its marks.
func units(text string) []string {
	var out []string
	latin := func(r rune) bool { return r < 0x2e80 && !unicode.IsSpace(r) }
	var last rune
	for _, r := range text {
		if len(out) > 0 && (strings.ContainsRune(noStart, r) || r == ' ' || latin(r) && latin(last)) {
			out[len(out)-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		last = r
	}
	return out
}
