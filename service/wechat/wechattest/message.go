package wechattest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Field is one element of a push. Value is a string (CDATA in XML), a number (bare), Fields (nested), or []Fields
// (the element again and again in XML, an array in JSON; one alone is a bare object in JSON, as WeChat does).
type Field struct {
	Name  string
	Value any
}

// Fields is a push in the order it is written. WeChat does not promise an order; we keep one so that tests can.
type Fields []Field

// Get gives the text of the first field of that name.
func (f Fields) Get(name string) string {
	for _, x := range f {
		if x.Name == name {
			return fmt.Sprint(x.Value)
		}
	}
	return ""
}

// XML writes the push as WeChat's XML.
func (f Fields) XML() []byte {
	var b bytes.Buffer
	b.WriteString("<xml>")
	f.xml(&b)
	b.WriteString("</xml>")
	return b.Bytes()
}

func (f Fields) xml(b *bytes.Buffer) {
	for _, x := range f {
		switch v := x.Value.(type) {
		case []Fields:
			for _, one := range v {
				fmt.Fprintf(b, "<%s>", x.Name)
				one.xml(b)
				fmt.Fprintf(b, "</%s>", x.Name)
			}
		case Fields:
			fmt.Fprintf(b, "<%s>", x.Name)
			v.xml(b)
			fmt.Fprintf(b, "</%s>", x.Name)
		case string:
			fmt.Fprintf(b, "<%s><![CDATA[%s]]></%s>", x.Name, strings.ReplaceAll(v, "]]>", "]]]]><![CDATA[>"), x.Name)
		default:
			fmt.Fprintf(b, "<%s>%v</%s>", x.Name, v, x.Name)
		}
	}
}

// JSON writes the push as a Mini Program in JSON format gets it, UTF-8 unescaped.
func (f Fields) JSON() []byte {
	var b bytes.Buffer
	f.json(&b)
	return b.Bytes()
}

func (f Fields) json(b *bytes.Buffer) {
	b.WriteByte('{')
	for i, x := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(plainJSON(x.Name))
		b.WriteByte(':')
		switch v := x.Value.(type) {
		case []Fields:
			if len(v) == 1 {
				v[0].json(b)
				continue
			}
			b.WriteByte('[')
			for j, one := range v {
				if j > 0 {
					b.WriteByte(',')
				}
				one.json(b)
			}
			b.WriteByte(']')
		case Fields:
			v.json(b)
		default:
			b.Write(plainJSON(v))
		}
	}
	b.WriteByte('}')
}

// plainJSON is json.Marshal without \u003c for <, > and &.
func plainJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // only our own values come here
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// element is any XML element: a small tree, since an answer may hold any of eight shapes.
type element struct {
	name string
	text string
	kids []*element
}

func (e *element) kid(path ...string) *element {
	for _, name := range path {
		var next *element
		for _, k := range e.kids {
			if k.name == name {
				next = k
				break
			}
		}
		if next == nil {
			return &element{}
		}
		e = next
	}
	return e
}

func (e *element) all(name string) (out []*element) {
	for _, k := range e.kids {
		if k.name == name {
			out = append(out, k)
		}
	}
	return out
}

// parseXML reads one document and refuses anything after it, as WeChat's parser does.
func parseXML(b []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	root := &element{}
	stack := []*element{root}
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local}
			top.kids = append(top.kids, e)
			if stack = append(stack, e); len(stack) > 20 {
				return nil, fmt.Errorf("too deep")
			}
		case xml.EndElement:
			if len(stack) == 1 {
				return nil, fmt.Errorf("unexpected end of %s", t.Name.Local)
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) == 1 && len(bytes.TrimSpace(t)) > 0 {
				return nil, fmt.Errorf("text outside the document")
			}
			top.text += string(t)
		case xml.Directive:
			return nil, fmt.Errorf("a directive in an answer")
		}
	}
	if len(stack) != 1 || len(root.kids) != 1 || root.kids[0].name != "xml" {
		return nil, fmt.Errorf("not one <xml> document")
	}
	return root.kids[0], nil
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	return n
}
