package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"strings"

	"loudou/model"
)

//go:embed print.html
var printSource string

//go:embed print.css
var printStyle string

// PrintPolicy is the Content-Security-Policy of the page to print: its one style, and nothing else.
var PrintPolicy = func() string {
	sum := sha256.Sum256([]byte(printStyle))
	return "default-src 'none'; frame-ancestors 'self'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

var printPage = template.Must(template.New("print").Funcs(template.FuncMap{
	"style": func() template.CSS { return template.CSS(printStyle) }, //nolint:gosec // our own file
	"cells": cellTexts,
}).Parse(printSource))

func (p paper) html() ([]byte, error) {
	var charts []template.HTML
	for _, c := range p.charts() {
		charts = append(charts, svg(c.title, p.days(), c.lines, c.money))
	}
	var b bytes.Buffer
	if err := printPage.Execute(&b, map[string]any{"P": p, "Head": cellHead, "Charts": charts}); err != nil {
		return nil, fmt.Errorf("html: %w", err)
	}
	return b.Bytes(), nil
}

// svg draws a chart that can be read without colour: lines are dashed otherwise and named at their ends, columns carry
// their numbers where there is room.
func svg(title string, names []string, lines []series, money bool) template.HTML {
	const width, height, left, bottom, top = 720.0, 240.0, 64.0, 36.0, 20.0
	low, high := 0.0, 1.0
	for _, s := range lines {
		for _, v := range s.values {
			if v != nil {
				low, high = math.Min(low, *v), math.Max(high, *v)
			}
		}
	}
	step := (width - left - 90) / float64(max(len(names), 1))
	x := func(i int) float64 { return left + step*(float64(i)+0.5) }
	y := func(v float64) float64 { return top + (height-top-bottom)*(high-v)/(high-low) }
	kind := "count"
	if money {
		kind = "fen"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="%s" xmlns="http://www.w3.org/2000/svg" font-size="11" font-family="sans-serif">`, width, height, template.HTMLEscapeString(title))
	for k := range 5 {
		v := low + (high-low)*float64(k)/4
		if !money {
			v = math.Round(v)
		}
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end" fill="#444">%s</text>`, left, width-90, y(v), y(v), left-6, y(v)+4, model.ReportNumber(kind, &v))
	}
	every := (len(names) + 9) / 10
	for i, n := range names {
		if i%max(every, 1) == 0 {
			fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#444">%s</text>`, x(i), height-bottom+16, template.HTMLEscapeString(n))
		}
	}
	colours, dashes := []string{"#1f5fbf", "#b45309", "#15803d"}, []string{"", "6 3", "2 3"}
	for k, s := range lines {
		if money {
			for i, v := range s.values {
				if v != nil {
					a, z := y(math.Max(*v, 0)), y(math.Min(*v, 0))
					fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, x(i)-step*0.3, a, step*0.6, z-a, colours[k%3])
				}
			}
			continue
		}
		path, pen := "", "M"
		var endX, endY float64
		for i, v := range s.values {
			if v == nil {
				pen = "M" // a gap, not a zero
				continue
			}
			path += fmt.Sprintf("%s%.1f %.1f", pen, x(i), y(*v))
			pen, endX, endY = "L", x(i), y(*v)
		}
		if path != "" {
			fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s"/><text x="%.1f" y="%.1f" fill="%s">%s</text>`, path, colours[k%3], dashes[k%3], endX+8, endY+4-float64(k)*2, colours[k%3], template.HTMLEscapeString(s.name))
		}
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // every text in it is escaped above
}
