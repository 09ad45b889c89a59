package wechattest

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Article is something the account published: what WeChat counts readers of.
type Article struct {
	MsgDataID string    `json:"msg_data_id"` // made when empty
	Index     int       `json:"index"`       // 1 when zero
	Title     string    `json:"title"`
	URL       string    `json:"url"` // made when empty
	At        time.Time `json:"at,omitzero"`
	Quiet     bool      `json:"quiet"`     // published without telling the followers
	Delivered int       `json:"delivered"` // followers who got it
	Readers   int       `json:"readers"`   // in the end; the curve towards it is this fake's own
}

// Publish makes an article known to the statistics.
func (f *Fake) Publish(a Article) Article {
	defer f.changed()
	f.mu.Lock()
	defer f.mu.Unlock()
	if a.At.IsZero() {
		a.At = f.opt.Now()
	}
	if a.MsgDataID == "" {
		f.s.Seq++
		a.MsgDataID = strconv.FormatInt(2247480000+f.s.Seq, 10)
	}
	a.Index = max(a.Index, 1)
	if a.URL == "" {
		a.URL = "https://mp.weixin.qq.com/s?__biz=MzAwMDAwMDAwMA==&mid=" + a.MsgDataID + "&idx=" + strconv.Itoa(a.Index) + "&sn=fake"
	}
	f.s.Published = append(f.s.Published, a)
	return a
}

// came counts who came and left on a day, by WeChat's user_source: 1 search, 30 a code.
func (f *Fake) came(source int, left bool) {
	if f.s.Comings == nil {
		f.s.Comings = map[string]*[2]int{}
	}
	k := shanghai(f.opt.Now()) + "/" + strconv.Itoa(source)
	if f.s.Comings[k] == nil {
		f.s.Comings[k] = &[2]int{}
	}
	if left {
		f.s.Comings[k][1]++
	} else {
		f.s.Comings[k][0]++
	}
}

// source is the user_source somebody came by.
func (p *Person) source() int {
	if p.Scene != "" {
		return 30
	}
	return 1
}

var eastEight = time.FixedZone("+08:00", 8*3600)

func shanghai(t time.Time) string { return t.In(eastEight).Format(time.DateOnly) }

// span reads begin_date and end_date: at most so many days, yesterday at the latest, and yesterday only
// after eight in the morning.
func (f *Fake) span(w http.ResponseWriter, r *http.Request, most int) (days []string, ok bool) {
	var in struct {
		Begin string `json:"begin_date"`
		End   string `json:"end_date"`
	}
	if !decode(w, r, &in) {
		return nil, false
	}
	from, err1 := time.ParseInLocation(time.DateOnly, in.Begin, eastEight)
	to, err2 := time.ParseInLocation(time.DateOnly, in.End, eastEight)
	if err1 != nil || err2 != nil {
		refuse(w, 61500)
		return nil, false
	}
	now := f.opt.Now().In(eastEight)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, eastEight)
	if to.Before(from) || !to.Before(today) || to.Sub(from) > time.Duration(most-1)*24*time.Hour {
		refuse(w, 61501)
		return nil, false
	}
	if now.Hour() < 8 && !to.Before(today.AddDate(0, 0, -1)) {
		refuse(w, 61503)
		return nil, false
	}
	for d := from; !d.After(to); d = d.AddDate(0, 0, 1) {
		days = append(days, d.Format(time.DateOnly))
	}
	return days, true
}

func (f *Fake) userSummary(w http.ResponseWriter, r *http.Request) {
	days, good := f.span(w, r, 7)
	if !good {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	list := []any{}
	for k, n := range f.s.Comings {
		day, source, _ := strings.Cut(k, "/")
		if slices.Contains(days, day) {
			s, _ := strconv.Atoi(source)
			list = append(list, map[string]any{"ref_date": day, "user_source": s, "new_user": n[0], "cancel_user": n[1]})
		}
	}
	answer(w, map[string]any{"list": list})
}

func (f *Fake) userCumulate(w http.ResponseWriter, r *http.Request) {
	days, good := f.span(w, r, 7)
	if !good {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	list := []any{}
	for _, d := range days {
		total := 0
		for k, n := range f.s.Comings {
			if day, _, _ := strings.Cut(k, "/"); day <= d {
				total += n[0] - n[1]
			}
		}
		list = append(list, map[string]any{"ref_date": d, "user_source": 0, "cumulate_user": total})
	}
	answer(w, map[string]any{"list": list})
}

// articleTotals: running totals of what was published on the one day, for at most thirty days after it.
func (f *Fake) articleTotals(w http.ResponseWriter, r *http.Request) {
	days, good := f.span(w, r, 1)
	if !good {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.opt.Now().In(eastEight)
	list := []any{}
	for _, a := range f.s.Published {
		if shanghai(a.At) != days[0] {
			continue
		}
		at := a.At.In(eastEight)
		first := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, eastEight)
		details := []any{}
		for n := range 30 {
			d := first.AddDate(0, 0, n)
			if !d.AddDate(0, 0, 1).Before(now) || d.Format(time.DateOnly) >= shanghai(now) {
				break
			}
			details = append(details, a.total(n, d.Format(time.DateOnly)))
		}
		kind := 0
		if a.Quiet {
			kind = 1
		}
		list = append(list, map[string]any{"ref_date": days[0], "msgid": a.MsgDataID + "_" + strconv.Itoa(a.Index), "publish_type": kind, "title": a.Title, "content_url": a.URL, "detail_list": details})
	}
	answer(w, map[string]any{"list": list, "is_delay": false})
}

// total is how an article stands n days after the day it was published on.
func (a *Article) total(n int, day string) map[string]any {
	part := 1 - math.Pow(.45, float64(n+1))
	share := func(x float64) int { return int(math.Round(float64(a.Readers) * part * x)) }
	read := share(1)
	told := share(.74)
	if a.Quiet {
		told = 0
	} else if a.Delivered > 0 {
		told = min(told, a.Delivered)
	}
	rate := 0.0
	if !a.Quiet && a.Delivered > 0 {
		rate = float64(told) / float64(a.Delivered)
	}
	return map[string]any{"stat_date": day, "read_user": read,
		"read_user_source": []any{map[string]any{"user_count": read, "scene_desc": "全部"}, map[string]any{"user_count": told, "scene_desc": "公众号消息"}, map[string]any{"user_count": share(.21), "scene_desc": "朋友圈"}, map[string]any{"user_count": share(.08), "scene_desc": "聊天会话"}},
		"share_user":       share(.05), "zaikan_user": share(.02), "like_user": share(.03), "comment_count": share(.006), "collection_user": share(.015), "praise_money": 0,
		"read_subscribe_user": share(.008), "read_delivery_rate": rate, "read_finish_rate": .52, "read_avg_activetime": 1.35,
		"read_jump_position": []any{map[string]any{"position": 1, "rate": .21}, map[string]any{"position": 2, "rate": .12}, map[string]any{"position": 3, "rate": .08}, map[string]any{"position": 4, "rate": .07}, map[string]any{"position": 5, "rate": .52}}}
}
