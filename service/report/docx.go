package report

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"loudou/model"
)

// The document is written from this template of WordprocessingML: text, tables, and charts of DrawingML whose words the
// reader's own fonts draw. Source: ECMA-376, parts 1 (17, 21).

const (
	nsWord  = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"`
	relBase = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	// 210 × 297 mm with margins of 25 mm leave 9 070 twentieths of a point.
	pageWidth = 9070
	// A chart is 16 cm × 6.5 cm, in EMU.
	chartWidth, chartHeight = 5760000, 2340000
)

func esc(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// doc builds the body.
type doc struct{ strings.Builder }

func (d *doc) p(style, text string) {
	fmt.Fprintf(d, `<w:p><w:pPr><w:pStyle w:val="%s"/></w:pPr><w:r><w:t xml:space="preserve">%s</w:t></w:r></w:p>`, style, esc(text))
}

// table writes rows of texts; the first row is the head, repeated on every page, and no row is broken across pages. Columns
// after the first left ones are right-aligned: they are figures.
func (d *doc) table(widths []int, left int, rows [][]string) {
	d.WriteString(`<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="5000" w:type="pct"/><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`)
	for _, w := range widths {
		fmt.Fprintf(d, `<w:gridCol w:w="%d"/>`, w)
	}
	d.WriteString(`</w:tblGrid>`)
	for i, row := range rows {
		d.WriteString(`<w:tr><w:trPr><w:cantSplit/>`)
		if i == 0 {
			d.WriteString(`<w:tblHeader/>`)
		}
		d.WriteString(`</w:trPr>`)
		for k, text := range row {
			shade, bold, align := "", "", ""
			if i == 0 {
				shade, bold = `<w:shd w:val="clear" w:color="auto" w:fill="E8EEF7"/>`, `<w:rPr><w:b/></w:rPr>`
			}
			if k >= left {
				align = `<w:jc w:val="right"/>`
			}
			fmt.Fprintf(d, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>%s</w:tcPr><w:p><w:pPr><w:pStyle w:val="Cell"/>%s</w:pPr><w:r>%s<w:t xml:space="preserve">%s</w:t></w:r></w:p></w:tc>`, widths[k], shade, align, bold, esc(text))
		}
		d.WriteString(`</w:tr>`)
	}
	d.WriteString(`</w:tbl>`)
	d.p("Small", "")
}

func (d *doc) chart(n int, title string) {
	fmt.Fprintf(d, `<w:p><w:pPr><w:pStyle w:val="Small"/><w:keepNext/></w:pPr><w:r><w:t>%s</w:t></w:r></w:p><w:p><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%d" cy="%d"/><wp:docPr id="%d" name="图 %d" descr="%s"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart r:id="rChart%d"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>`,
		esc(title), chartWidth, chartHeight, n, n, esc(title), n)
}

func even(first, n int) []int {
	out := []int{first}
	for range n {
		out = append(out, (pageWidth-first)/n)
	}
	return out
}

func (p paper) docx() ([]byte, error) {
	var d doc
	d.WriteString(xml.Header + `<w:document ` + nsWord + `><w:body>`)
	d.p("Title", p.Title())
	d.p("Small", p.Meta())
	charts := p.charts()
	for _, s := range model.ReportSections {
		d.p("Heading1", s.Title)
		for _, line := range p.Lines(s.Key) {
			d.p("Normal", line)
		}
		switch s.Key {
		case "goals":
			rows := [][]string{cellHead}
			for _, c := range p.Facts.Cells {
				rows = append(rows, cellTexts(c))
			}
			d.table(even(1630, 6), 1, rows)
			for i, c := range charts {
				d.chart(i+1, c.title)
			}
		case "work":
			for _, t := range p.Tables() {
				head := []string{t.Title}
				for _, c := range t.Columns {
					head = append(head, c.Label)
				}
				rows := [][]string{head}
				for _, r := range t.Rows {
					title := r.Title
					if r.Note != "" {
						title += "（" + r.Note + "）"
					}
					rows = append(rows, append([]string{title}, r.Texts...))
				}
				d.table(even(2770, len(t.Columns)), 1, rows)
			}
		}
	}
	if len(p.Changes) > 0 {
		d.p("Heading1", fmt.Sprintf("与第 %d 版的不同", p.Number-1))
		rows := [][]string{{"指标", "上一版", "这一版"}}
		for _, c := range p.Changes {
			rows = append(rows, []string{c.Label, c.Old, c.New})
		}
		d.table(even(4070, 2), 1, rows)
	}
	d.p("Heading1", "口径")
	for _, c := range p.Facts.Cells {
		if c.Rule != "" {
			d.p("Small", c.Label+"："+c.Rule)
		}
	}
	d.WriteString(`<w:sectPr><w:footerReference w:type="default" r:id="rFooter"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1418" w:right="1418" w:bottom="1418" w:left="1418" w:header="720" w:footer="720" w:gutter="0"/></w:sectPr></w:body></w:document>`)

	types := xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>`
	rels := xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rStyles" Type="` + relBase + `styles" Target="styles.xml"/><Relationship Id="rFooter" Type="` + relBase + `footer" Target="footer1.xml"/>`
	parts := []struct{ name, body string }{
		{"word/document.xml", d.String()},
		{"word/styles.xml", docxStyles},
		{"word/footer1.xml", xml.Header + `<w:ftr ` + nsWord + `><w:p><w:pPr><w:pStyle w:val="Small"/><w:jc w:val="center"/></w:pPr><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p></w:ftr>`},
		{"docProps/core.xml", xml.Header + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>` + esc(p.Title()) + `</dc:title><dcterms:created xsi:type="dcterms:W3CDTF">` + p.MadeAt.UTC().Format(time.RFC3339) + `</dcterms:created></cp:coreProperties>`},
		{"_rels/.rels", xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="` + relBase + `officeDocument" Target="word/document.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`},
	}
	for i, c := range charts {
		name := fmt.Sprintf("charts/chart%d.xml", i+1)
		types += `<Override PartName="/word/` + name + `" ContentType="application/vnd.openxmlformats-officedocument.drawingml.chart+xml"/>`
		rels += fmt.Sprintf(`<Relationship Id="rChart%d" Type="%schart" Target="%s"/>`, i+1, relBase, name)
		parts = append(parts, struct{ name, body string }{"word/" + name, chartXML(p.days(), c.lines, c.money)})
	}
	parts = append([]struct{ name, body string }{{"[Content_Types].xml", types + `</Types>`}}, parts...)
	parts = append(parts, struct{ name, body string }{"word/_rels/document.xml.rels", rels + `</Relationships>`})

	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range parts {
		w, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: p.MadeAt.UTC()})
		if err == nil {
			_, err = w.Write([]byte(part.body))
		}
		if err != nil {
			return nil, fmt.Errorf("docx: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("docx: %w", err)
	}
	return out.Bytes(), nil
}

// chartXML is a chart of lines over the days, or of columns where it is money. It keeps its numbers itself.
func chartXML(names []string, lines []series, money bool) string {
	var b strings.Builder
	b.WriteString(xml.Header + `<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:roundedCorners val="0"/><c:chart><c:autoTitleDeleted val="1"/><c:plotArea><c:layout/>`)
	if money {
		b.WriteString(`<c:barChart><c:barDir val="col"/><c:grouping val="clustered"/><c:varyColors val="0"/>`)
	} else {
		b.WriteString(`<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>`)
	}
	marks := []string{"circle", "square", "triangle"}
	for i, s := range lines {
		col := string(rune('B' + i))
		fmt.Fprintf(&b, `<c:ser><c:idx val="%d"/><c:order val="%d"/><c:tx><c:strRef><c:f>Sheet1!$%s$1</c:f><c:strCache><c:ptCount val="1"/><c:pt idx="0"><c:v>%s</c:v></c:pt></c:strCache></c:strRef></c:tx>`, i, i, col, esc(s.name))
		if money {
			b.WriteString(`<c:invertIfNegative val="0"/>`)
		} else {
			fmt.Fprintf(&b, `<c:marker><c:symbol val="%s"/><c:size val="6"/></c:marker>`, marks[i%len(marks)])
		}
		fmt.Fprintf(&b, `<c:cat><c:strRef><c:f>Sheet1!$A$2:$A$%d</c:f><c:strCache><c:ptCount val="%d"/>`, len(names)+1, len(names))
		for k, n := range names {
			fmt.Fprintf(&b, `<c:pt idx="%d"><c:v>%s</c:v></c:pt>`, k, esc(n))
		}
		format := "#,##0"
		if money {
			format = "#,##0.00"
		}
		fmt.Fprintf(&b, `</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:f>Sheet1!$%s$2:$%s$%d</c:f><c:numCache><c:formatCode>%s</c:formatCode><c:ptCount val="%d"/>`, col, col, len(names)+1, format, len(names))
		for k, v := range s.values {
			if v == nil {
				continue // a gap, not a zero
			}
			n := *v
			if money {
				n /= 100
			}
			fmt.Fprintf(&b, `<c:pt idx="%d"><c:v>%s</c:v></c:pt>`, k, strconv.FormatFloat(n, 'f', -1, 64))
		}
		b.WriteString(`</c:numCache></c:numRef></c:val>`)
		if !money {
			b.WriteString(`<c:smooth val="0"/>`)
		}
		b.WriteString(`</c:ser>`)
	}
	if money {
		b.WriteString(`<c:gapWidth val="80"/><c:axId val="1"/><c:axId val="2"/></c:barChart>`)
	} else {
		b.WriteString(`<c:marker val="1"/><c:axId val="1"/><c:axId val="2"/></c:lineChart>`)
	}
	b.WriteString(`<c:catAx><c:axId val="1"/><c:scaling><c:orientation val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="b"/><c:numFmt formatCode="General" sourceLinked="0"/><c:tickLblPos val="low"/><c:crossAx val="2"/></c:catAx><c:valAx><c:axId val="2"/><c:scaling><c:orientation val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="l"/><c:majorGridlines/><c:numFmt formatCode="#,##0" sourceLinked="0"/><c:tickLblPos val="nextTo"/><c:crossAx val="1"/></c:valAx></c:plotArea>`)
	if len(lines) > 1 {
		b.WriteString(`<c:legend><c:legendPos val="b"/><c:overlay val="0"/></c:legend>`)
	}
	b.WriteString(`<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart></c:chartSpace>`)
	return b.String()
}

const docxStyles = xml.Header + `<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="宋体" w:cs="Calibri"/><w:sz w:val="22"/><w:szCs w:val="22"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="80" w:line="320" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>
<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:pPr><w:jc w:val="center"/></w:pPr><w:rPr><w:rFonts w:eastAsia="黑体"/><w:b/><w:sz w:val="36"/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:pPr><w:keepNext/><w:spacing w:before="240"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:rFonts w:eastAsia="黑体"/><w:b/><w:sz w:val="28"/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="Small"><w:name w:val="Small"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:after="40" w:line="260"/></w:pPr><w:rPr><w:color w:val="595959"/><w:sz w:val="18"/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="Cell"><w:name w:val="Cell"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="20" w:after="20" w:line="250"/></w:pPr><w:rPr><w:sz w:val="18"/></w:rPr></w:style>
<w:style w:type="table" w:styleId="Grid"><w:name w:val="Table Grid"/><w:tblPr><w:tblBorders><w:top w:val="single" w:sz="4" w:color="8C9BB0"/><w:left w:val="single" w:sz="4" w:color="8C9BB0"/><w:bottom w:val="single" w:sz="4" w:color="8C9BB0"/><w:right w:val="single" w:sz="4" w:color="8C9BB0"/><w:insideH w:val="single" w:sz="4" w:color="8C9BB0"/><w:insideV w:val="single" w:sz="4" w:color="8C9BB0"/></w:tblBorders><w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>
</w:styles>`
