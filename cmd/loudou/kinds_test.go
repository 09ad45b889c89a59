package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"loudou/model/modeltest"
	"loudou/service/wechat/wechattest"
)

// pushKindsKnown are the messages and events of WeChat's pages, each with the fields of its own.
var pushKindsKnown = map[string]string{
	"image":           "<PicUrl>http://mmbiz.qpic.cn/1</PicUrl><MediaId>m1</MediaId>",
	"voice":           "<MediaId>m2</MediaId><Format>amr</Format><MediaId16K>m3</MediaId16K><Recognition></Recognition>",
	"video":           "<MediaId>m4</MediaId><ThumbMediaId>t1</ThumbMediaId>",
	"shortvideo":      "<MediaId>m5</MediaId><ThumbMediaId>t2</ThumbMediaId>",
	"location":        "<Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</Scale><Label>天河</Label>",
	"link":            "<Title>题</Title><Description>说</Description><Url>https://example.com/</Url>",
	"miniprogrampage": "<Title>题</Title><AppId>wx1</AppId><PagePath>pages/a</PagePath><ThumbUrl>http://x/</ThumbUrl><ThumbMediaId>t3</ThumbMediaId>",
	"text":            "<Content>没有规则认识这一句</Content><bizmsgmenuid>101</bizmsgmenuid>",

	"event.subscribe":                       "<EventKey></EventKey>",
	"event.SCAN":                            "<EventKey>poster-7</EventKey><Ticket>gQH</Ticket>",
	"event.LOCATION":                        "<Latitude>23.137466</Latitude><Longitude>113.352425</Longitude><Precision>119.385040</Precision>",
	"event.CLICK":                           "<EventKey>k1</EventKey>",
	"event.VIEW":                            "<EventKey>https://example.com/</EventKey><MenuId>1</MenuId>",
	"event.view_miniprogram":                "<EventKey>pages/index/index</EventKey><MenuId>1</MenuId>",
	"event.scancode_push":                   "<EventKey>6</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>1</ScanResult></ScanCodeInfo>",
	"event.scancode_waitmsg":                "<EventKey>6</EventKey><ScanCodeInfo><ScanType>barcode</ScanType><ScanResult>2</ScanResult></ScanCodeInfo>",
	"event.pic_sysphoto":                    pics,
	"event.pic_photo_or_album":              pics,
	"event.pic_weixin":                      pics,
	"event.location_select":                 "<EventKey>6</EventKey><SendLocationInfo><Location_X>23</Location_X><Location_Y>113</Location_Y><Scale>15</Scale><Label>广州</Label><Poiname></Poiname></SendLocationInfo>",
	"event.MASSSENDJOBFINISH":               "<MsgID>1000001625</MsgID><Status>err(30003)</Status><TotalCount>0</TotalCount><FilterCount>0</FilterCount><SentCount>0</SentCount><ErrorCount>0</ErrorCount><CopyrightCheckResult><Count>1</Count><ResultList><item><ArticleIdx>1</ArticleIdx></item></ResultList><CheckState>2</CheckState></CopyrightCheckResult><ArticleUrlResult><Count>1</Count><ResultList><item><ArticleIdx>1</ArticleIdx><ArticleUrl>https://mp.weixin.qq.com/s/x</ArticleUrl></item></ResultList></ArticleUrlResult>",
	"event.PUBLISHJOBFINISH":                published,
	"event.FREEPUBLISHJOBFINISH":            published,
	"event.TEMPLATESENDJOBFINISH":           "<MsgID>200163836</MsgID><Status>failed: system failed</Status>",
	"event.subscribe_msg_popup_event":       "<SubscribeMsgPopupEvent><List><TemplateId>T1</TemplateId><SubscribeStatusString>accept</SubscribeStatusString><PopupScene>2</PopupScene></List><List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString><PopupScene>2</PopupScene></List></SubscribeMsgPopupEvent>",
	"event.subscribe_msg_change_event":      "<SubscribeMsgChangeEvent><List><TemplateId>T1</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgChangeEvent>",
	"event.subscribe_msg_sent_event":        "<SubscribeMsgSentEvent><List><TemplateId>T1</TemplateId><MsgID>1700827132819554304</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List></SubscribeMsgSentEvent>",
	"event.user_info_modified":              "<OpenID>oFanAlpha</OpenID><AppID>wx1</AppID>",
	"event.user_authorization_revoke":       "<OpenID>oFanAlpha</OpenID><AppID>wx1</AppID><RevokeInfo>301</RevokeInfo>",
	"event.user_authorization_cancellation": "<OpenID>oFanAlpha</OpenID><AppID>wx1</AppID>",
	"event.kf_create_session":               "<KfAccount>test1@test</KfAccount>",
	"event.kf_close_session":                "<KfAccount>test1@test</KfAccount>",
	"event.kf_switch_session":               "<FromKfAccount>test1@test</FromKfAccount><ToKfAccount>test2@test</ToKfAccount>",
	"event.qualification_verify_success":    "<ExpiredTime>1442401156</ExpiredTime>",
	"event.naming_verify_success":           "<ExpiredTime>1442401156</ExpiredTime>",
	"event.annual_renew":                    "<ExpiredTime>1442401156</ExpiredTime>",
	"event.verify_expired":                  "<ExpiredTime>1442401156</ExpiredTime>",
	"event.qualification_verify_fail":       "<FailTime>1442401156</FailTime><FailReason>by time</FailReason>",
	"event.naming_verify_fail":              "<FailTime>1442401061</FailTime><FailReason>by time</FailReason>",
	"event.unsubscribe":                     "<EventKey></EventKey>",

	"event.invented_next_year": "<Whatever><Deep><Deeper>1</Deeper></Deep></Whatever>",
	"hologram":                 "<HologramId>h1</HologramId>",
}

const (
	pics      = "<EventKey>6</EventKey><SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum>1b5f7c23b5bf75682a53e7b6d163e185</PicMd5Sum></item></PicList></SendPicsInfo>"
	published = "<PublishEventInfo><publish_id>2247503051</publish_id><publish_status>0</publish_status><article_id>b5O2OUs</article_id><article_detail><count>1</count><item><idx>1</idx><article_url>https://mp.weixin.qq.com/s/x</article_url></item></article_detail></PublishEventInfo>"
)

// pushOf is a push of a kind with its fields; n tells two of one kind apart.
func pushOf(kind, own string, n int) []byte {
	event, isEvent := strings.CutPrefix(kind, "event.")
	if isEvent {
		own = "<Event>" + event + "</Event>" + own
		kind = "event"
	} else {
		own += fmt.Sprintf("<MsgId>%d</MsgId>", 25400000000000000+n)
	}
	return fmt.Appendf(nil, "<xml><ToUserName>gh</ToUserName><FromUserName>oFanAlpha</FromUserName><CreateTime>%d</CreateTime><MsgType>%s</MsgType>%s</xml>", time.Now().Unix(), kind, own)
}

// Every kind of push WeChat writes of, and two it does not, is answered success, kept, and counted by its kind.
func TestEveryKindOfPush(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		n := 0
		for kind, own := range pushKindsKnown {
			n++
			push := pushOf(kind, own, n)
			for range 2 { // the second is WeChat's retry, the same to the byte: success again, and no second row
				if status, answer, _ := d.send(0, push); status != 200 || answer != "success" {
					t.Errorf("%s: %d %q", kind, status, answer)
				}
			}
		}
		d.until("all are kept", func() bool { return d.count("SELECT COUNT(*) FROM pushes") >= int64(n) })
		d.wants("kept once", int64(n), "SELECT COUNT(*) FROM pushes")
		counted := d.houses[0].inbox.Kinds()
		for kind := range pushKindsKnown {
			if counted[kind] != 2 {
				t.Errorf("%s is counted %d times, want 2", kind, counted[kind])
			}
			event, isEvent := strings.CutPrefix(kind, "event.")
			if isEvent {
				d.wants(kind+" kept", 1, "SELECT COUNT(*) FROM pushes WHERE event = ?", event)
			} else {
				d.wants(kind+" kept", 1, "SELECT COUNT(*) FROM pushes WHERE msg_type = ?", kind)
			}
		}
		if waiting := d.count("SELECT COUNT(*) FROM jobs WHERE state = 'dead'"); waiting != 0 {
			t.Errorf("%d jobs were given up", waiting)
		}
	})
}

// A body of one megabyte, one that would grow when its entities are expanded, one that is deep, and one that is not
// UTF-8 are refused with a word, cost little, leave nothing, and the next push is served. In plain mode, where
// nothing but the outer signature stands before the parser.
func TestBadBodiesAreRefused(t *testing.T) {
	d := openDesk(t, modeltest.SQLiteDSN(t), 1)
	oa := d.fake.Official()
	bomb := `<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa">` + func() (s string) {
		for c := 'b'; c <= 'j'; c++ {
			s += fmt.Sprintf(`<!ENTITY %c "%s">`, c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
		}
		return s
	}() + `]><xml><MsgType>text</MsgType><Content>&j;</Content></xml>`
	bodies := map[string]struct {
		body   []byte
		status int
		reason string
	}{
		"one megabyte":             {append([]byte("<xml><MsgType>text</MsgType><Content>"), bytes.Repeat([]byte("好"), 350_000)...), 413, "too_large"},
		"entity bomb":              {[]byte(bomb), 400, "doctype"},
		"doctype in small letters": {[]byte(`<!doctype xml><xml><MsgType>text</MsgType></xml>`), 400, "doctype"},
		"deep":                     {[]byte("<xml>" + strings.Repeat("<a>", 20_000)), 400, ""},
		"gbk":                      {[]byte("<xml><MsgType>text</MsgType><Content>\xbf\xce\xb3\xcc</Content></xml>"), 400, ""},
		"gbk declared":             {[]byte("<?xml version=\"1.0\" encoding=\"gbk\"?><xml><MsgType>text</MsgType><Content>\xbf\xce\xb3\xcc</Content></xml>"), 400, ""},
	}
	next := 0
	for name, x := range bodies {
		// Sealed under a true signature, as only WeChat can send it.
		w, err := d.fake.Wrap(oa.AppID, "o", x.body)
		if err != nil {
			t.Fatal(err)
		}
		status, said := d.post(w, w.Body)
		if status != x.status || strings.ContainsAny(said, " <>") {
			t.Errorf("%s, sealed: %d %q", name, status, said)
		}
		// And in the clear, with the outer signature only.
		w.Query.Del("encrypt_type")
		w.Query.Del("msg_signature")
		start := time.Now()
		status, said = d.post(w, x.body)
		if status/100 != 4 || x.reason != "" && said != x.reason || strings.ContainsAny(said, " <>") {
			t.Errorf("%s, plain: %d %q", name, status, said)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s took %v", name, took)
		}
		next++
		if status, _, _ := d.send(0, textOf("oFanAlpha", "课程", fmt.Sprint(next))); status != 200 {
			t.Errorf("the push after %s: %d", name, status)
		}
	}
	d.wants("kept", int64(len(bodies)), "SELECT COUNT(*) FROM pushes")
}

// post delivers a body under the query of w and gives status and words.
func (d *desk) post(w wechattest.Wrapped, body []byte) (int, string) {
	d.t.Helper()
	res, err := http.Post(d.urls[0]+"/hook/official?"+w.Query.Encode(), "text/xml", bytes.NewReader(body))
	if err != nil {
		d.t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(raw)
}
