package wechat

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

// heard keeps what was pushed.
type heard struct {
	mu  sync.Mutex
	all []string
}

func listen(t *testing.T, f *wechattest.Fake) *heard {
	t.Helper()
	h := &heard{}
	oa := f.Official()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw := new(strings.Builder)
		b := make([]byte, 64<<10)
		n, _ := r.Body.Read(b)
		raw.Write(b[:n])
		_, rest, _ := strings.Cut(raw.String(), "<Encrypt><![CDATA[")
		enc, _, _ := strings.Cut(rest, "]]>")
		plain, _, _ := wechattest.Decrypt(oa.AESKey, enc)
		h.mu.Lock()
		h.all = append(h.all, string(plain))
		h.mu.Unlock()
	}))
	t.Cleanup(s.Close)
	f.SetHooks(s.URL, "")
	return h
}

func (h *heard) with(word string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.all {
		if strings.Contains(one, word) {
			return one
		}
	}
	return ""
}

var png = []byte("\x89PNG\r\n\x1a\n0000000000000000")

func TestDraftsAndPublishing(t *testing.T) {
	f := wechattest.New(wechattest.Options{JobTime: time.Millisecond}).Start(t)
	h := listen(t, f)
	ctx, c := context.Background(), official(t, f)
	thumb, err := c.UploadMaterial(ctx, model.MaterialUpload{Kind: model.MaterialImage, Name: "a.png", Data: png, Permanent: true})
	if err != nil {
		t.Fatal(err)
	}
	url, err := c.UploadContentPicture(ctx, "b.png", png)
	if err != nil || !strings.HasPrefix(url, "http://mmbiz.qpic.cn/") {
		t.Fatalf("content picture: %q %v", url, err)
	}
	if _, err := c.UploadContentPicture(ctx, "b.png", make([]byte, contentLimit)); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("too big: %v", err)
	}
	a := model.DraftArticle{Title: "标题", Content: `<p>一<img src="` + url + `"><img src="https://else.example/x.png"></p><script>1</script>`, Thumb: thumb.MediaID, Comments: 1}
	id, err := c.DraftAdd(ctx, []model.DraftArticle{a})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.DraftGet(ctx, id)
	if err != nil || len(got) != 1 || strings.Contains(got[0].Content, "script") || strings.Contains(got[0].Content, "else.example") || !strings.Contains(got[0].Content, url) {
		t.Errorf("in the box: %+v %v", got, err)
	}
	a.Title = strings.Repeat("长", 33)
	if err := c.DraftUpdate(ctx, id, 0, a); model.CallCode(err) != "45003" {
		t.Errorf("long title: %v", err)
	}
	a.Title = "新标题"
	if err := c.DraftUpdate(ctx, id, 0, a); err != nil {
		t.Error(err)
	}
	publishID, msgDataID, err := c.PublishSubmit(ctx, id)
	if err != nil || publishID == "" || msgDataID == "" {
		t.Fatalf("submit: %q %q %v", publishID, msgDataID, err)
	}
	f.Wait()
	p, err := c.PublishGet(ctx, publishID)
	if err != nil || p.Status != 0 || len(p.URLs) != 1 || p.ArticleID == "" {
		t.Errorf("published: %+v %v", p, err)
	}
	if e := h.with("PUBLISHJOBFINISH"); !strings.Contains(e, "<publish_id><![CDATA["+publishID) {
		t.Errorf("event: %s", e)
	}
	if err := c.DraftDelete(ctx, id); model.CallCode(err) != "40007" {
		t.Errorf("the draft left the box: %v", err)
	}
	if err := c.PublishDelete(ctx, p.ArticleID, 1); err != nil {
		t.Error(err)
	}
	if p, _ := c.PublishGet(ctx, publishID); p.Status != 5 {
		t.Errorf("deleted: %+v", p)
	}
}

func TestMassSendOnce(t *testing.T) {
	f := wechattest.New(wechattest.Options{JobTime: time.Millisecond}).Start(t)
	h := listen(t, f)
	ctx, c := context.Background(), official(t, f)
	for _, id := range []string{"oA", "oB"} {
		f.Follow(id, "")
	}
	text := model.MassMessage{Kind: model.BroadcastText, Content: "开课了"}
	if err := c.MassPreview(ctx, "nobody-here", text); model.CallCode(err) != "40132" {
		t.Errorf("unknown colleague: %v", err)
	}
	p, _ := f.Person("oA")
	if err := c.MassPreview(ctx, p.ID, text); err != nil {
		t.Error(err)
	}
	if chat := f.ChatOf("oA", 0); len(chat) == 0 || !chat[len(chat)-1].Preview {
		t.Errorf("preview: %+v", chat)
	}
	// The answer is lost, the deed is not.
	clear := f.Fail("/cgi-bin/message/mass/sendall", wechattest.Fault{Times: 1, Drop: true, After: true})
	_, err := c.MassSendAll(ctx, model.MassTo{All: true}, text, "once-1")
	if !model.OutcomeUnknown(err) {
		t.Fatalf("lost answer: %v", err)
	}
	clear()
	again, err := c.MassSendAll(ctx, model.MassTo{All: true}, text, "once-1")
	if err != nil || !again.Before || again.MsgID == "" {
		t.Fatalf("again: %+v %v", again, err)
	}
	f.Wait()
	if n := len(f.MassSends()); n != 1 {
		t.Errorf("%d sends", n)
	}
	if e := h.with("MASSSENDJOBFINISH"); !strings.Contains(e, "<SentCount>2</SentCount>") || !strings.Contains(e, "<MsgID>"+again.MsgID) {
		t.Errorf("event: %s", e)
	}
	if s, err := c.MassGet(ctx, again.MsgID); err != nil || s != "SEND_SUCCESS" {
		t.Errorf("asked: %q %v", s, err)
	}
	if _, err := c.MassSendAll(ctx, model.MassTo{All: true}, text, "once-2"); model.CallCode(err) != "45028" || !errors.Is(err, model.ErrConflict) {
		t.Errorf("twice a day to all: %v", err)
	}
	if _, err := c.MassSendAll(ctx, model.MassTo{TagID: 77}, text, "once-3"); model.CallCode(err) != "45159" {
		t.Errorf("unknown tag: %v", err)
	}
	if _, err := c.MassSendAll(ctx, model.MassTo{TagID: 2}, text, strings.Repeat("x", 33)); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("long id: %v", err)
	}
}

func TestComments(t *testing.T) {
	f := wechattest.New(wechattest.Options{JobTime: time.Millisecond}).Start(t)
	ctx, c := context.Background(), official(t, f)
	f.Follow("oA", "")
	thumb, _ := c.UploadMaterial(ctx, model.MaterialUpload{Kind: model.MaterialImage, Name: "a.png", Data: png, Permanent: true})
	id, err := c.DraftAdd(ctx, []model.DraftArticle{{Title: "文", Content: "<p>文</p>", Thumb: thumb.MediaID}})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := c.MassSendAll(ctx, model.MassTo{All: true}, model.MassMessage{Kind: model.BroadcastMPNews, MediaID: id}, "c-1")
	if err != nil || sent.MsgDataID == "" {
		t.Fatalf("%+v %v", sent, err)
	}
	f.Wait()
	at := model.CommentAt{MsgDataID: sent.MsgDataID}
	if n := f.Comment("oA", sent.MsgDataID, 0, "关着"); n != 0 {
		t.Error("commented while closed")
	}
	if err := c.CommentSwitch(ctx, at, true); err != nil {
		t.Fatal(err)
	}
	n := f.Comment("oA", sent.MsgDataID, 0, "讲得好")
	do := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	do("elect", c.CommentElect(ctx, at, n, true))
	do("reply", c.CommentReply(ctx, at, n, "谢谢"))
	if err := c.CommentReply(ctx, at, n, "又谢"); model.CallCode(err) != "88005" {
		t.Errorf("second answer: %v", err)
	}
	list, total, err := c.CommentList(ctx, at, 0, 20, 0)
	if err != nil || total != 1 || len(list) != 1 || !list[0].Elected || list[0].Reply != "谢谢" || list[0].OpenID != "oA" || list[0].ID != n {
		t.Errorf("list: %+v %d %v", list, total, err)
	}
	do("unreply", c.CommentUnreply(ctx, at, n))
	do("unelect", c.CommentElect(ctx, at, n, false))
	do("delete", c.CommentDelete(ctx, at, n))
	if err := c.CommentDelete(ctx, at, n); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, _, err := c.CommentList(ctx, model.CommentAt{MsgDataID: "1"}, 0, 20, 0); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("no such article: %v", err)
	}
}
