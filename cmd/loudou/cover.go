package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// cover draws a plain picture for a sample course: two tones of one hue and a few quiet circles.
func cover(hue int) []byte {
	const w, h = 900, 506
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	from, to := hsl(float64(hue), .52, .42), hsl(float64(hue)+28, .60, .62)
	circles := [][3]float64{{.82, .24, .30}, {.16, .88, .42}, {.58, .70, .16}}
	for y := range h {
		for x := range w {
			t := (float64(x)/w + float64(y)/h) / 2
			c := mix(from, to, t)
			for _, k := range circles {
				d := math.Hypot(float64(x)-k[0]*w, float64(y)-k[1]*h) / h
				if d < k[2] {
					c = mix(c, color.RGBA{255, 255, 255, 255}, .13)
				}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer does not fail
	return b.Bytes()
}

func mix(a, b color.RGBA, t float64) color.RGBA {
	f := func(x, y uint8) uint8 { return uint8(float64(x)*(1-t) + float64(y)*t) }
	return color.RGBA{f(a.R, b.R), f(a.G, b.G), f(a.B, b.B), 255}
}

func hsl(h, s, l float64) color.RGBA {
	h = math.Mod(h, 360) / 360
	q := l * (1 + s)
	if l >= .5 {
		q = l + s - l*s
	}
	p := 2*l - q
	part := func(t float64) uint8 {
		t = math.Mod(t+1, 1)
		v := p
		switch {
		case t < 1.0/6:
			v = p + (q-p)*6*t
		case t < .5:
			v = q
		case t < 2.0/3:
			v = p + (q-p)*(2.0/3-t)*6
		}
		return uint8(v * 255)
	}
	return color.RGBA{part(h + 1.0/3), part(h), part(h - 1.0/3), 255}
}
