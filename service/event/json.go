package event

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// rawEvent is one event of a request, its fields still as they were written; nil for a field that is absent
// or null.
type rawEvent struct {
	size                              int
	object                            bool
	id, kind, occurred                []byte
	article, course, lesson, campaign []byte
	channel, code, share              []byte
	scene, seconds, props             []byte
}

// parse cuts a request into its events. ok is false unless body is one JSON object with 1 to most events.
// It walks the bytes once more after json.Valid has said that they are JSON, so it need not be strict, and
// it copies nothing.
func parse(body []byte, out []rawEvent) (sentAt []byte, events []rawEvent, ok bool) {
	if !json.Valid(body) {
		return nil, nil, false
	}
	w := walker{b: body}
	if w.peek() != '{' {
		return nil, nil, false
	}
	events, ok = out[:0], false
	w.members(func(name, value []byte) {
		switch string(name) {
		case "sent_at":
			sentAt = null(value)
		case "events":
			events = events[:0]
			if ok = value[0] == '['; !ok {
				return
			}
			e := walker{b: value}
			e.elements(func(v []byte) {
				if len(events) <= mostEvents {
					events = append(events, rawFields(v))
				}
			})
		}
	})
	return sentAt, events, ok && len(events) > 0 && len(events) <= mostEvents
}

func rawFields(v []byte) (e rawEvent) {
	e.size = len(v)
	if e.object = v[0] == '{'; !e.object {
		return e
	}
	w := walker{b: v}
	w.members(func(name, value []byte) {
		value = null(value)
		switch string(name) {
		case "id":
			e.id = value
		case "type":
			e.kind = value
		case "occurred_at":
			e.occurred = value
		case "article_id":
			e.article = value
		case "course_id":
			e.course = value
		case "lesson_id":
			e.lesson = value
		case "campaign_id":
			e.campaign = value
		case "channel":
			e.channel = value
		case "code":
			e.code = value
		case "share_id":
			e.share = value
		case "scene":
			e.scene = value
		case "seconds":
			e.seconds = value
		case "props":
			e.props = value
		}
	})
	return e
}

func null(v []byte) []byte {
	if v[0] == 'n' {
		return nil
	}
	return v
}

// walker steps through JSON that is known to be valid.
type walker struct {
	b []byte
	i int
}

func (w *walker) peek() byte {
	for w.b[w.i] == ' ' || w.b[w.i] == '\n' || w.b[w.i] == '\r' || w.b[w.i] == '\t' {
		w.i++
	}
	return w.b[w.i]
}

// members calls fn with every name (without quotes, escapes left as they are) and value of an object.
func (w *walker) members(fn func(name, value []byte)) {
	w.peek()
	w.i++
	for w.peek() != '}' {
		if w.b[w.i] == ',' {
			w.i++
			w.peek()
		}
		from := w.i
		w.skipString()
		name := w.b[from+1 : w.i-1]
		w.peek() // the colon
		w.i++
		fn(name, w.value())
	}
	w.i++
}

func (w *walker) elements(fn func(v []byte)) {
	w.peek()
	w.i++
	for w.peek() != ']' {
		if w.b[w.i] == ',' {
			w.i++
		}
		fn(w.value())
	}
	w.i++
}

func (w *walker) value() []byte {
	c := w.peek()
	from := w.i
	switch c {
	case '"':
		w.skipString()
	case '{', '[':
		depth := 0
		for {
			switch w.b[w.i] {
			case '"':
				w.skipString()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			w.i++
			if depth == 0 {
				return w.b[from:w.i]
			}
		}
	default:
		for w.i < len(w.b) && bytes.IndexByte([]byte(",]} \n\r\t"), w.b[w.i]) < 0 {
			w.i++
		}
	}
	return w.b[from:w.i]
}

func (w *walker) skipString() {
	for w.i++; w.b[w.i] != '"'; w.i++ {
		if w.b[w.i] == '\\' {
			w.i++
		}
	}
	w.i++
}

// text reads a JSON string of valid UTF-8; absent is "".
func text(v []byte) (s string, ok bool) {
	if v == nil {
		return "", true
	}
	if v[0] != '"' || !utf8.Valid(v) {
		return "", false
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), true
	}
	if json.Unmarshal(v, &s) != nil {
		return "", false
	}
	return s, true
}

// number reads an integer from least to 2^53−1; absent is 0.
func number(v []byte, least, most int64) (n int64, ok bool) {
	if v == nil {
		return 0, true
	}
	if len(v) > 16 {
		return 0, false
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n >= least && n <= most
}
