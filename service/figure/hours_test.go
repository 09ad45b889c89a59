package figure_test

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

// massSend writes down a mass send of an article that went out, and what WeChat told of its readers by the end of the day
// after; read below 0 is nothing told.
func (h *house) massSend(at string, sent, read int64, delayed bool) {
	h.t.Helper()
	h.n++
	when, msg, data := h.when(at), fmt.Sprint(1000+h.n), fmt.Sprint(2000+h.n)
	row := model.BroadcastSend{AppID: "official", BroadcastID: int64(h.n), Round: 1, ClientID: "ld-" + msg, State: model.BroadcastDone, MsgID: &msg, MsgDataID: data, Sent: &sent, AcceptedAt: &when, CreatedAt: when}
	if err := h.db.Create(&row).Error; err != nil {
		h.t.Fatal(err)
	}
	if read < 0 {
		return
	}
	first := model.DayNumber(when)
	second := model.DayNumber(when.AddDate(0, 0, 1))
	// The first day's readers, the second's and the week's: only the second may be counted. So it is with the set's second article.
	for _, t := range []struct {
		msgid string
		day   int
		read  int64
	}{{data + "_1", first, read / 2}, {data + "_1", second, read}, {data + "_1", model.DayNumber(when.AddDate(0, 0, 7)), read * 3}, {data + "_2", second, read * 5}} {
		if err := h.db.Table("article_totals").Create(map[string]any{"appid": "official", "msgid": t.msgid, "stat_day": t.day, "publish_day": first, "title": "", "url": "", "quiet": false, "read_user": t.read * 2, "read_message": t.read,
			"share_user": 0, "zaikan_user": 0, "like_user": 0, "comment_count": 0, "collection_user": 0, "praise_money": 0, "read_subscribe_user": 0, "delivery_rate": 0, "finish_rate": 0, "minutes": 0, "sources": "[]", "is_delayed": delayed, "fetched_at": h.now}).Error; err != nil {
			h.t.Fatal(err)
		}
	}
}

// now is 20 May 2026, noon in Shanghai: reading is counted from 22 April to 19 May.
func TestSendHours(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		got, err := h.figures.SendHours(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Hours) != 24 || got.BestRead != nil || got.BestSend != nil || got.Readers != 0 || got.Sends != 0 {
			t.Fatalf("nothing is known, yet: %+v", got)
		}
		if got.ReadFrom != "2026-04-22" || got.ReadTo != "2026-05-19" || got.SendFrom != "2025-11-21" {
			t.Errorf("days %s to %s, sends from %s", got.ReadFrom, got.ReadTo, got.SendFrom)
		}

		// 60 read at 21, 39 at 7: one too few. The same again in the hour is the same person.
		for i := range 60 {
			h.does(fmt.Sprint("r", i), model.EventArticleClick, "05-10 21:59")
		}
		for i := range 39 {
			h.does(fmt.Sprint("s", i), model.EventLinkClick, "05-11 07:00")
		}
		h.does("r1", model.EventArticleClick, "05-12 21:00")
		h.does("r1", model.EventArticleClick, "05-12 00:30")
		// Not counted: too early, today, no tap, nobody, staff.
		h.does("early", model.EventArticleClick, "04-21 23:59")
		h.does("today", model.EventArticleClick, "05-20 08:00")
		h.does("other", model.EventMenuClick, "05-12 08:00")
		h.does("", model.EventArticleClick, "05-12 08:00")
		h.does("ours", model.EventArticleClick, "05-12 08:00")
		ours := h.person("ours")
		if err := db.Transaction(func(tx *gorm.DB) error { return h.persons.SetStaff(tx, ours, true) }); err != nil {
			t.Fatal(err)
		}
		h.settle()
		if got, err = h.figures.SendHours(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.Readers != 99 || got.BestRead != nil || got.Hours[21].Readers != 60 || got.Hours[7].Readers != 39 || got.Hours[0].Readers != 1 || got.Hours[8].Readers != 0 {
			t.Errorf("%d readers, best %v, 21: %d, 7: %d, 0: %d, 8: %d", got.Readers, got.BestRead, got.Hours[21].Readers, got.Hours[7].Readers, got.Hours[0].Readers, got.Hours[8].Readers)
		}
		h.does("last", model.EventLinkClick, "05-19 23:59")
		h.settle()
		if got, err = h.figures.SendHours(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.Readers != 100 || got.BestRead == nil || *got.BestRead != 21 {
			t.Errorf("%d readers, best %v", got.Readers, got.BestRead)
		}

		// 8 o'clock: 60 of 1000, 20 of 1000, 40 of 2000. 20 o'clock: two sends are too few, however well they were read.
		h.massSend("03-02 08:00", 1000, 60, false)
		h.massSend("03-03 08:59", 1000, 20, false)
		h.massSend("03-04 08:10", 2000, 40, false)
		h.massSend("03-05 20:00", 1000, 500, false)
		h.massSend("03-06 20:30", 1000, 500, false)
		// Left out: nothing told, not final, to nobody.
		h.massSend("03-07 20:30", 1000, -1, false)
		h.massSend("03-08 20:30", 1000, 900, true)
		h.massSend("03-09 20:30", 0, 0, false)
		if got, err = h.figures.SendHours(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.Sends != 5 || got.Untold != 3 || got.BestSend != nil {
			t.Errorf("%d sends, %d untold, best %v", got.Sends, got.Untold, got.BestSend)
		}
		if e := got.Hours[8]; e.Sends != 3 || e.Delivered != 4000 || e.Read != 120 || e.Rate == nil || *e.Rate != 0.03 {
			t.Errorf("8 o'clock: %+v", e)
		}
		if e := got.Hours[20]; e.Sends != 2 || e.Delivered != 2000 || e.Read != 1000 || e.Rate != nil {
			t.Errorf("20 o'clock: %+v", e)
		}
		h.massSend("03-10 20:30", 2000, 0, false)
		h.massSend("04-01 12:00", 1000, 990, false)
		if got, err = h.figures.SendHours(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.BestSend == nil || *got.BestSend != 20 || *got.Hours[20].Rate != 0.25 || got.Hours[12].Rate != nil {
			t.Errorf("best %v, %+v", got.BestSend, got.Hours[20])
		}
		if got.Rules["few"] == "" || !got.AsOf.Equal(h.now.Truncate(time.Millisecond)) {
			t.Errorf("rules %v as of %v", got.Rules, got.AsOf)
		}
	})
}
