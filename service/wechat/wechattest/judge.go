package wechattest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Outage is what the fan reads when the service did not answer, or not in a form WeChat understands.
const Outage = "该公众号提供的服务出现故障，请稍后再试"

// unwrapAnswer takes the envelope off an answer: signature, cipher, AppID. "success" and an empty body need none
// in any mode; in compatible mode a plain answer is as good as an encrypted one. The signature covers the Nonce of
// the answer; that it is the question's is not asked, since a retry may be answered with the first answer's bytes.
func unwrapAnswer(a App, body []byte) (plain []byte, encrypted bool, err error) {
	if len(body) == 0 || string(body) == "success" {
		return nil, false, nil
	}
	if a.Mode == Plain {
		return body, false, nil
	}
	var enc, sig, ts, non string
	if a.JSON {
		var in struct {
			Encrypt, MsgSignature, Nonce string
			TimeStamp                    json.Number
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, false, fmt.Errorf("answer is no JSON: %w", err)
		}
		enc, sig, ts, non = in.Encrypt, in.MsgSignature, in.TimeStamp.String(), in.Nonce
	} else {
		e, err := parseXML(body)
		if err != nil {
			return nil, false, fmt.Errorf("answer is no XML: %w", err)
		}
		enc, sig, ts, non = e.kid("Encrypt").text, e.kid("MsgSignature").text, e.kid("TimeStamp").text, e.kid("Nonce").text
	}
	if enc == "" {
		if a.Mode == Compatible {
			return body, false, nil
		}
		return nil, false, errors.New("a plain answer in safe mode")
	}
	if sig != Sign(a.Token, ts, non, enc) {
		return nil, true, errors.New("MsgSignature of the answer is wrong")
	}
	if _, err := strconv.ParseInt(ts, 10, 64); err != nil {
		return nil, true, errors.New("TimeStamp of the answer is no number")
	}
	plain, id, err := Decrypt(a.AESKey, enc)
	if err != nil {
		return nil, true, err
	}
	if id != a.AppID {
		return nil, true, fmt.Errorf("the answer was encrypted for %q", id)
	}
	if len(plain) == 0 || string(plain) == "success" {
		return nil, true, nil
	}
	return plain, true, nil
}

// judge decides whether an answer is good and what it shows.
func (d *Delivery) judge(f *Fake, a App, body []byte) {
	plain, _, err := unwrapAnswer(a, body)
	if err != nil {
		d.Fault = err.Error()
		return
	}
	d.Plain = plain
	if len(plain) == 0 {
		d.Heard = true
		return
	}
	if a.AppID == f.opt.Mini.AppID {
		d.Heard = true // a Mini Program shows no passive answers; xpay judges its own
		return
	}
	l, err := f.readReply(a, d, plain)
	if err != nil {
		d.Fault = err.Error()
		return
	}
	d.Heard = true
	if l != nil {
		d.Shown = append(d.Shown, *l)
	}
}

// readReply reads a passive answer; nil for one that shows nothing (transfer_customer_service).
func (f *Fake) readReply(a App, d *Delivery, plain []byte) (*Line, error) {
	e, err := parseXML(plain)
	if err != nil {
		return nil, fmt.Errorf("answer is no XML: %w", err)
	}
	text := func(path ...string) string { return e.kid(path...).text }
	if text("ToUserName") != d.OpenID || text("FromUserName") != a.ID {
		return nil, errors.New("ToUserName and FromUserName are not the question's, swapped")
	}
	if number(text("CreateTime")) <= 0 {
		return nil, errors.New("no CreateTime")
	}
	l := &Line{From: "account", Type: text("MsgType")}
	need := func(id string) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.media(id) == nil {
			return fmt.Errorf("media_id %q is not known", id)
		}
		l.MediaID = id
		return nil
	}
	switch l.Type {
	case "text":
		if l.Text = text("Content"); l.Text == "" {
			return nil, errors.New("a text without Content")
		}
		if len(l.Text) > 2048 {
			return nil, fmt.Errorf("a text of %d bytes", len(l.Text))
		}
	case "image":
		return l, need(text("Image", "MediaId"))
	case "voice":
		return l, need(text("Voice", "MediaId"))
	case "video":
		l.Title, l.Text = text("Video", "Title"), text("Video", "Description")
		return l, need(text("Video", "MediaId"))
	case "music":
		l.Title, l.Text = text("Music", "Title"), text("Music", "Description")
		return l, need(text("Music", "ThumbMediaId"))
	case "news":
		items := e.kid("Articles").all("item")
		if n := number(text("ArticleCount")); int(n) != len(items) || n < 1 || n > 8 {
			return nil, fmt.Errorf("ArticleCount %d with %d items", n, len(items))
		}
		if d.MsgType != "event" && len(items) > 1 {
			return nil, fmt.Errorf("%d articles in answer to a message, where one is allowed", len(items))
		}
		for _, i := range items {
			l.Articles = append(l.Articles, NewsItem{i.kid("Title").text, i.kid("Description").text, i.kid("Url").text, i.kid("PicUrl").text})
		}
	case "transfer_customer_service":
		return nil, nil
	default:
		return nil, fmt.Errorf("MsgType %q cannot be answered", l.Type)
	}
	return l, nil
}

// show puts the outcome into the fan's chat. What the fan did not start shows nothing.
func (f *Fake) show(a App, d *Delivery) {
	if a.AppID != f.opt.Official.AppID {
		return
	}
	switch d.Event {
	case "unsubscribe", "VIEW", "view_miniprogram", "LOCATION":
		d.Shown = nil
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.find(d.OpenID)
	if p == nil {
		return
	}
	if d.Fault != "" && (d.MsgType != "event" || started[d.Event]) {
		d.Shown = []Line{{From: "system", Type: "notice", Text: Outage}}
	}
	for i := range d.Shown {
		f.chat(p, d.Shown[i])
		d.Shown[i] = p.Chat[len(p.Chat)-1]
	}
}

// started names the events that a fan starts and waits for.
var started = map[string]bool{"subscribe": true, "SCAN": true, "CLICK": true, "scancode_waitmsg": true, "scancode_push": true, "pic_sysphoto": true, "pic_photo_or_album": true, "pic_weixin": true, "location_select": true}

// media finds material that has not run out; the caller holds the lock.
func (f *Fake) media(id string) *media {
	m := f.s.Media[id]
	if m == nil || !m.Permanent && f.opt.Now().Sub(m.At) > mediaLife {
		return nil
	}
	return m
}
