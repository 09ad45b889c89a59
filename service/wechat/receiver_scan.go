package wechat

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"loudou/model"
)

// A push is a small flat document; these bounds are far above any genuine one and far below what
// hurts. encoding/xml is not used: it recurses, skips DOCTYPE in silence and costs ten times more.
const (
	maxDepth  = 16
	maxFields = 1024
	maxPieces = 64
	maxTag    = 1024 // bytes of one start tag, attributes included
)

func badBody() error { return refuse(http.StatusBadRequest, "bad_body") }

// scanPush takes an XML or JSON body apart into its leaves; the first byte that is no blank decides.
// The values are parts of text wherever nothing had to be decoded.
func scanPush(text string) (fields []model.PushField, asJSON bool, err error) {
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return nil, false, refuse(http.StatusBadRequest, "bad_encoding")
	}
	text = strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), " \t\r\n")
	switch {
	case strings.HasPrefix(text, "<"):
		fields, err = scanXML(text)
		return fields, false, err
	case strings.HasPrefix(text, "{"):
		fields, err = scanJSON(text)
		return fields, true, err
	}
	return nil, false, badBody()
}

// one returns the value at path when it stands there exactly once.
func one(fields []model.PushField, path string) (value string, ok bool) {
	for i := range fields {
		if fields[i].Path == path {
			if ok {
				return "", false
			}
			value, ok = fields[i].Value, true
		}
	}
	return value, ok
}

// element is an open tag: its path below the root, its text so far, whether it holds elements.
type element struct {
	name, path, text string
	pieces           int
	parent           bool
}

// add joins one more run of characters to the element's text. Few pieces are genuine, and joining
// many would cost their square.
func (e *element) add(s string) bool {
	if e.text == "" {
		e.text = s
		return true
	}
	e.text += s
	e.pieces++
	return e.pieces < maxPieces
}

func scanXML(s string) ([]model.PushField, error) {
	fields := make([]model.PushField, 0, 16)
	var stack [maxDepth]element
	depth, done := 0, false
	for s != "" {
		at := strings.IndexByte(s, '<')
		if at < 0 {
			at = len(s)
		}
		if at > 0 {
			chars := s[:at]
			s = s[at:]
			if depth > 0 {
				plain, ok := unescape(chars)
				if !ok || !stack[depth-1].add(plain) {
					return nil, badBody()
				}
			} else if strings.Trim(chars, " \t\r\n") != "" {
				return nil, badBody()
			}
			continue
		}
		switch {
		case strings.HasPrefix(s, "<![CDATA["):
			end := strings.Index(s, "]]>")
			if end < 0 || depth == 0 || !stack[depth-1].add(s[9:end]) {
				return nil, badBody()
			}
			s = s[end+3:]
		case strings.HasPrefix(s, "<!--"):
			end := strings.Index(s, "-->")
			if end < 4 {
				return nil, badBody()
			}
			s = s[end+3:]
		case strings.HasPrefix(s, "<!"):
			return nil, refuse(http.StatusBadRequest, "doctype")
		case strings.HasPrefix(s, "<?"):
			end := strings.Index(s, "?>")
			if end < 0 || depth > 0 || !ourEncoding(s[2:end]) {
				return nil, badBody()
			}
			s = s[end+2:]
		case strings.HasPrefix(s, "</"):
			end := strings.IndexByte(s, '>')
			if end < 0 || depth == 0 || strings.TrimRight(s[2:end], " \t\r\n") != stack[depth-1].name {
				return nil, badBody()
			}
			s = s[end+1:]
			depth--
			if e := &stack[depth]; !e.parent && depth > 0 {
				if len(fields) == maxFields {
					return nil, refuse(http.StatusBadRequest, "too_many")
				}
				fields = append(fields, model.PushField{Path: e.path, Value: e.text})
			}
			done = depth == 0
		default:
			name, rest, closed, ok := startTag(s)
			if !ok || done || (depth == 0 && name != "xml") {
				return nil, badBody()
			}
			if depth == maxDepth {
				return nil, refuse(http.StatusBadRequest, "too_deep")
			}
			s = rest
			e := element{name: name, path: name}
			if depth > 1 {
				e.path = stack[depth-1].path + "." + name
			}
			if depth > 0 {
				stack[depth-1].parent = true
			}
			if closed {
				if depth == 0 {
					return nil, badBody()
				}
				if len(fields) == maxFields {
					return nil, refuse(http.StatusBadRequest, "too_many")
				}
				fields = append(fields, model.PushField{Path: e.path})
				continue
			}
			stack[depth] = e
			depth++
		}
	}
	if !done {
		return nil, badBody()
	}
	return fields, nil
}

// startTag reads "<name …>" and passes over attributes, which pushes do not have.
func startTag(s string) (name, rest string, closed, ok bool) {
	i := 1
	for i < len(s) && nameByte(s[i]) {
		i++
	}
	if i == 1 || i > 128 {
		return "", "", false, false
	}
	name = s[1:i]
	var quote byte
	for ; i < len(s) && i < maxTag; i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return name, s[i+1:], s[i-1] == '/', true
		case c == '<':
			return "", "", false, false
		}
	}
	return "", "", false, false
}

func nameByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':'
}

// ourEncoding refuses a declaration that names anything but UTF-8: the bytes would mean something else.
func ourEncoding(declaration string) bool {
	_, after, found := strings.Cut(strings.ToLower(declaration), "encoding")
	if !found {
		return true
	}
	after = strings.TrimLeft(after, " \t\r\n=\"'")
	return strings.HasPrefix(after, "utf-8") || strings.HasPrefix(after, "utf8")
}

var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}

// unescape knows XML's five entities and numeric references, and no others.
func unescape(s string) (string, bool) {
	if strings.IndexByte(s, '&') < 0 {
		return s, true
	}
	var b strings.Builder
	for {
		at := strings.IndexByte(s, '&')
		if at < 0 {
			b.WriteString(s)
			return b.String(), true
		}
		b.WriteString(s[:at])
		s = s[at+1:]
		end := strings.IndexByte(s, ';')
		if end < 1 || end > 10 {
			return "", false
		}
		name := s[:end]
		s = s[end+1:]
		if v, ok := entities[name]; ok {
			b.WriteString(v)
			continue
		}
		number, isNumber := strings.CutPrefix(name, "#")
		if !isNumber {
			return "", false
		}
		base := 10
		if hex, ok := strings.CutPrefix(number, "x"); ok {
			number, base = hex, 16
		}
		n, err := strconv.ParseUint(number, base, 32)
		if err != nil || n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
			return "", false
		}
		b.WriteRune(rune(n))
	}
}

// shallow says whether no bracket nests deeper than maxDepth; json's own limit is 10 000.
func shallow(s string) bool {
	depth, text := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}

func scanJSON(s string) ([]model.PushField, error) {
	if !shallow(s) {
		return nil, refuse(http.StatusBadRequest, "too_deep")
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return nil, badBody()
	}
	var fields []model.PushField
	if err := scanObject(d, "", &fields); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, badBody()
	}
	return fields, nil
}

// scanObject reads members up to the closing brace. Its depth is bounded by shallow.
func scanObject(d *json.Decoder, prefix string, fields *[]model.PushField) error {
	for {
		t, err := d.Token()
		if err != nil {
			return badBody()
		}
		name, ok := t.(string)
		if !ok {
			return nil // the closing brace: a member's name is always text
		}
		if err := scanValue(d, prefix+name, fields); err != nil {
			return err
		}
	}
}

func scanValue(d *json.Decoder, path string, fields *[]model.PushField) error {
	t, err := d.Token()
	if err != nil {
		return badBody()
	}
	var value string
	switch v := t.(type) {
	case json.Delim:
		if v == '{' {
			return scanObject(d, path+".", fields)
		}
		for d.More() {
			if err := scanValue(d, path, fields); err != nil {
				return err
			}
		}
		_, err = d.Token()
		if err != nil {
			return badBody()
		}
		return nil
	case string:
		value = v
	case json.Number:
		value = v.String()
	case bool:
		value = strconv.FormatBool(v)
	}
	if len(*fields) == maxFields {
		return refuse(http.StatusBadRequest, "too_many")
	}
	*fields = append(*fields, model.PushField{Path: path, Value: strings.ReplaceAll(value, "\x00", "\ufffd")})
	return nil
}

// takeApart picks the fields every push shares. Of a name given twice the first counts. A number that
// is none becomes zero rather than losing the message.
func takeApart(appID string, fields []model.PushField) model.Push {
	p := model.Push{AppID: appID, Fields: fields}
	var given uint8
	once := func(bit uint8) bool {
		first := given&bit == 0
		given |= bit
		return first
	}
	for i := range fields {
		v := fields[i].Value
		switch fields[i].Path {
		case "ToUserName":
			p.ToUserName = v
		case "FromUserName":
			if once(1) {
				p.FromUserName = model.OpenID(v)
			}
		case "CreateTime":
			if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil && once(2) && n >= 0 && n < 1<<40 {
				p.CreateTime = n
			}
		case "MsgType":
			if once(4) {
				p.MsgType = v
			}
		case "MsgId":
			if once(8) {
				p.MsgID = strings.TrimSpace(v)
			}
		case "Event":
			if once(16) {
				p.Event = v
			}
		case "EventKey":
			if once(32) {
				p.EventKey = v
			}
		case "Content":
			if once(64) {
				p.Content = v
			}
		}
	}
	return p
}
