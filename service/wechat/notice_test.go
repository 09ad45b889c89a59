package wechat

import (
	"context"
	"errors"
	"strings"
	"testing"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

// Template messages and subscription notices: the templates, one message for the same client_msg_id, what is refused, and
// how the end is told.
func TestNotices(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	h := listen(t, f)
	ctx, c := context.Background(), official(t, f)
	ann := f.AddPerson(wechattest.Person{OpenID: "oFanAnn", Follows: true})
	f.AddPerson(wechattest.Person{OpenID: "oFanGone"})
	ids := map[model.NoticeKind]string{}
	for _, kind := range []model.NoticeKind{model.NoticeTemplated, model.NoticeSubscribe} {
		list, err := c.NoticeTemplates(ctx, kind)
		if err != nil || len(list) == 0 || len(model.NoticeFields(list[0].Content)) != 3 || list[0].Kind != kind {
			t.Fatalf("%s: %+v %v", kind, list, err)
		}
		ids[kind] = list[0].TemplateID
	}
	m := model.NoticeMessage{Kind: model.NoticeTemplated, TemplateID: ids[model.NoticeTemplated], Data: map[string]string{"thing1": "<课>", "time2": "15:01", "thing3": "这里"}, URL: "https://example.com/", ClientID: "ldn-1"}
	first, err := c.SendNotice(ctx, "oFanAnn", m)
	if err != nil || first == "" {
		t.Fatalf("%q %v", first, err)
	}
	if again, err := c.SendNotice(ctx, "oFanAnn", m); err != nil || again != first || len(f.NoticesSent()) != 1 {
		t.Errorf("again: %q %v, %d taken", again, err, len(f.NoticesSent()))
	}
	if l := f.ChatOf(ann.ID, 0); len(l) != 1 || l[0].Notice[0].Value != "<课>" || l[0].URL != m.URL {
		t.Errorf("seen: %+v", l)
	}
	sub := model.NoticeMessage{Kind: model.NoticeSubscribe, TemplateID: ids[model.NoticeSubscribe], Data: map[string]string{"thing1": "课", "date2": "2026年12月1日", "amount3": "¥9"}}
	f.AskNotice("oFanAnn", sub.TemplateID, 1)
	if id, err := c.SendNotice(ctx, "oFanAnn", sub); err != nil || id == "" {
		t.Errorf("%q %v", id, err)
	}
	with := func(m model.NoticeMessage, change func(*model.NoticeMessage)) model.NoticeMessage {
		change(&m)
		return m
	}
	for _, x := range []struct {
		to   model.OpenID
		m    model.NoticeMessage
		code string
		kind error
	}{
		{"oFanAnn", sub, "43101", model.ErrConflict}, // the consent is spent
		{"oFanGone", m, "43004", model.ErrConflict}, {"oFanNobody", m, "40003", model.ErrInvalid},
		{"oFanAnn", with(m, func(m *model.NoticeMessage) { m.TemplateID = "nope" }), "40037", model.ErrInvalid},
		{"oFanAnn", with(m, func(m *model.NoticeMessage) { m.Data = map[string]string{"thing1": strings.Repeat("长", 21)} }), "47003", model.ErrInvalid},
	} {
		if _, err := c.SendNotice(ctx, x.to, x.m); model.CallCode(err) != x.code || !errors.Is(err, x.kind) || model.OutcomeUnknown(err) {
			t.Errorf("%s: %v", x.code, err)
		}
	}
	f.SetNotices(wechattest.Notices{Quota: 1})
	if _, err := c.SendNotice(ctx, "oFanAnn", m); model.CallCode(err) != "45009" || !errors.Is(err, model.ErrUnavailable) {
		t.Errorf("quota: %v", err)
	}
	f.Wait()
	if e := h.with("TEMPLATESENDJOBFINISH"); !strings.Contains(e, first) || !strings.Contains(e, "success") {
		t.Errorf("end: %s", e)
	}
	if e := h.with("subscribe_msg_sent_event"); !strings.Contains(e, sub.TemplateID) {
		t.Errorf("end: %s", e)
	}
}
