package model

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Push is one message or event that WeChat told us, verified and taken apart.
type Push struct {
	AppID        string // ours, from the settings of the door, never from the body
	ToUserName   string // gh_ id
	FromUserName OpenID // for events of WeChat's own (xpay, checks) not the person meant
	CreateTime   int64  // seconds, WeChat's clock
	MsgType      string // text image voice … event
	MsgID        string // beyond 2^53, so text; empty for events
	Event        string // as WeChat spells it: subscribe, SCAN, CLICK …
	EventKey     string
	Content      string
	Fields       []PushField // every leaf, in the order of the body
	Raw          []byte      // the message after decryption, byte for byte
	JSON         bool
}

// PushField is one leaf of a push; Path joins element names below the root with dots, lists repeat it.
type PushField struct {
	Path  string `json:"p"`
	Value string `json:"v"`
}

// Get returns the first value at path, "" when there is none.
func (p *Push) Get(path string) string {
	for i := range p.Fields {
		if p.Fields[i].Path == path {
			return p.Fields[i].Value
		}
	}
	return ""
}

// All returns every value at path.
func (p *Push) All(path string) []string {
	var out []string
	for i := range p.Fields {
		if p.Fields[i].Path == path {
			out = append(out, p.Fields[i].Value)
		}
	}
	return out
}

// own are the fields that tell apart two events of one kind in one second which no fan started:
// FromUserName is then WeChat's and EventKey is empty.
var own = []string{
	"OutTradeNo", "MchOrderId", "MchRefundId", "WxRefundId", "WxOrderId", "RequestId", "transaction_id", "MsgID", "trace_id",
	"PublishEventInfo.publish_id", "SubscribeMsgSentEvent.List.MsgID", "List.MsgID", "OpenID", "pay_order_id",
}

// Key names the push for "only once": its MsgId, or for events sender, second, event and key.
// A retry has the same key whatever its nonce. At most 80 ASCII characters; unique within an app.
func (p *Push) Key() string {
	if p.MsgID != "" && p.MsgID != "0" && len(p.MsgID) <= 64 && digits(p.MsgID) {
		return "m" + p.MsgID
	}
	h := sha256.New()
	add := func(s string) { h.Write([]byte(strconv.Itoa(len(s)) + ":" + s)) }
	add(string(p.FromUserName))
	add(strconv.FormatInt(p.CreateTime, 10))
	add(p.MsgType)
	add(p.Event)
	add(p.EventKey)
	if p.Event == "" {
		add(p.Content)
	} else if p.EventKey == "" {
		for _, f := range own {
			if v := p.Get(f); v != "" {
				add(f)
				add(v)
			}
		}
	}
	return "e" + hex.EncodeToString(h.Sum(nil)[:24])
}

func digits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// Scene is the value of the QR code behind a follow or a scan, without qrscene_; "" when there was none.
func (p *Push) Scene() string {
	switch p.Event {
	case "subscribe":
		if s, ok := strings.CutPrefix(p.EventKey, "qrscene_"); ok {
			return s
		}
		return ""
	case "SCAN":
		return strings.TrimPrefix(p.EventKey, "qrscene_")
	}
	return ""
}

// Text is what the fan said: the text, or what WeChat heard in a voice message.
func (p *Push) Text() string {
	switch p.MsgType {
	case "text":
		return p.Content
	case "voice":
		return p.Get("Recognition")
	}
	return ""
}

// At is when it happened, by WeChat's clock.
func (p *Push) At() time.Time { return time.Unix(p.CreateTime, 0).UTC() }

// Window is the right to send customer-service messages that a fan's act opens (客服消息, facts 5.2).
type Window struct {
	Origin string    `json:"origin"` // message, menu, follow, scan
	Opened time.Time `json:"opened_at"`
	Ends   time.Time `json:"ends_at"`
	Total  int       `json:"total"`
	Used   int       `json:"used"`
}

var menuWindow = []string{"CLICK", "scancode_push", "scancode_waitmsg"}

// Opens says which window this push opens; ok is false when it opens none.
func (p *Push) Opens() (w Window, ok bool) {
	at := p.At()
	short := func(origin string) (Window, bool) {
		return Window{Origin: origin, Opened: at, Ends: at.Add(time.Minute), Total: 3}, true
	}
	switch {
	case p.MsgType != "event" && p.Get("bizmsgmenuid") != "": // a tap on a msgmenu choice counts as a menu tap
		return short("menu")
	case p.MsgType != "event":
		return Window{Origin: "message", Opened: at, Ends: at.Add(48 * time.Hour), Total: 5}, true
	case p.Event == "subscribe":
		return short("follow")
	case p.Event == "SCAN":
		return short("scan")
	case slices.Contains(menuWindow, p.Event):
		return short("menu")
	}
	return Window{}, false
}
