package wechattest

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// visited notes an opening of the Mini Program: a login is one. The caller holds the lock.
func (f *Fake) visited(person string) {
	if f.s.Visits == nil {
		f.s.Visits = map[string]map[string]int{}
	}
	day := shanghai(f.opt.Now())
	if f.s.Visits[day] == nil {
		f.s.Visits[day] = map[string]int{}
	}
	f.s.Visits[day][person]++
}

const miniDate = "20060102"

// miniStatistic reads begin_date and end_date, yyyymmdd: one day, a week from Monday, or a calendar month, all of
// it over and, as this fake has it, yesterday after nine in the morning. What follows is made with the lock held.
func (f *Fake) miniStatistic(name string, serve func(f *Fake, from, to string) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Begin string `json:"begin_date"`
			End   string `json:"end_date"`
		}
		if !decode(w, r, &in) {
			return
		}
		from, err1 := time.ParseInLocation(miniDate, in.Begin, eastEight)
		to, err2 := time.ParseInLocation(miniDate, in.End, eastEight)
		if err1 != nil || err2 != nil {
			refuse(w, 61500)
			return
		}
		want := from
		switch {
		case strings.HasPrefix(name, "weekly"):
			want = from.AddDate(0, 0, 6)
		case strings.HasPrefix(name, "monthly"):
			want = from.AddDate(0, 1, -1)
		}
		now := f.opt.Now().In(eastEight)
		today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, eastEight)
		if !to.Equal(want) || !to.Before(today) || strings.HasPrefix(name, "weekly") && from.Weekday() != time.Monday || strings.HasPrefix(name, "monthly") && from.Day() != 1 {
			refuse(w, 61501)
			return
		}
		if now.Hour() < 9 && !to.Before(today.AddDate(0, 0, -1)) {
			refuse(w, 61503)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		answer(w, serve(f, from.Format(time.DateOnly), to.Format(time.DateOnly)))
	}
}

// visitors gives who came on the days from–to, and how often.
func (f *Fake) visitors(from, to string) map[string]int {
	out := map[string]int{}
	for day, who := range f.s.Visits {
		if day < from || day > to {
			continue
		}
		for p, n := range who {
			out[p] += n
		}
	}
	return out
}

// refDate is the period as WeChat writes it: 20170306, 20170306-20170312, 201703.
func refDate(from, to string) string {
	a, b := strings.ReplaceAll(from, "-", ""), strings.ReplaceAll(to, "-", "")
	switch {
	case a == b:
		return a
	case strings.HasSuffix(a, "01") && a[:6] == b[:6] && len(a) == 8 && b[6:] >= "28":
		return a[:6]
	}
	return a + "-" + b
}

func (f *Fake) miniSummary(from, to string) any {
	n := len(f.visitors(from, to))
	return map[string]any{"list": []any{map[string]any{"ref_date": refDate(from, to), "visit_total": len(f.visitors("", to)), "share_pv": n / 8, "share_uv": n / 10}}}
}

func (f *Fake) miniTrend(from, to string) any {
	who := f.visitors(from, to)
	before := f.visitors("", dayBefore(from))
	sessions, fresh := 0, 0
	for p, n := range who {
		sessions += n
		if before[p] == 0 {
			fresh++
		}
	}
	stay := 0.0
	if len(who) > 0 {
		stay = 47.5 * float64(sessions) / float64(len(who))
	}
	return map[string]any{"list": []any{map[string]any{"ref_date": refDate(from, to), "session_cnt": sessions, "visit_pv": 3 * sessions, "visit_uv": len(who), "visit_uv_new": fresh,
		"stay_time_uv": math.Round(stay*100) / 100, "stay_time_session": 47.5, "visit_depth": 2.4}}}
}

func dayBefore(day string) string {
	t, _ := time.ParseInLocation(time.DateOnly, day, eastEight) // one of ours
	return t.AddDate(0, 0, -1).Format(time.DateOnly)
}

func (f *Fake) miniRetain(from, to string) any {
	a, _ := time.ParseInLocation(time.DateOnly, from, eastEight)
	b, _ := time.ParseInLocation(time.DateOnly, to, eastEight)
	keys := []int{0, 1, 2, 3, 4, 5, 6, 7, 14, 30}
	plus := func(t time.Time, n int) time.Time { return t.AddDate(0, 0, n) }
	switch {
	case a.Equal(b):
	case b.Sub(a) < 8*24*time.Hour:
		keys = keys[:5]
		plus = func(t time.Time, n int) time.Time { return t.AddDate(0, 0, 7*n) }
	default:
		keys = keys[:2]
		plus = func(t time.Time, n int) time.Time {
			if t.Day() == 1 {
				return t.AddDate(0, n, 0)
			}
			return time.Date(t.Year(), t.Month()+time.Month(n)+1, 0, 0, 0, 0, 0, eastEight)
		}
	}
	active, before := f.visitors(from, to), f.visitors("", dayBefore(from))
	fresh := map[string]int{}
	for p, n := range active {
		if before[p] == 0 {
			fresh[p] = n
		}
	}
	row := func(of map[string]int) []any {
		list := []any{}
		for _, k := range keys {
			if !plus(b, k).Before(f.opt.Now()) {
				continue
			}
			n := 0
			for p := range f.visitors(plus(a, k).Format(time.DateOnly), plus(b, k).Format(time.DateOnly)) {
				if of[p] > 0 {
					n++
				}
			}
			list = append(list, map[string]any{"key": k, "value": n})
		}
		return list
	}
	return map[string]any{"ref_date": refDate(from, to), "visit_uv_new": row(fresh), "visit_uv": row(active)}
}

func (f *Fake) miniPages(from, to string) any {
	who := f.visitors(from, to)
	sessions := 0
	for _, n := range who {
		sessions += n
	}
	list := []any{}
	for i, path := range []string{"pages/index/index", "pages/course/course", "pages/lesson/lesson"} {
		n := sessions / (i + 1)
		if n == 0 {
			break
		}
		list = append(list, map[string]any{"page_path": path, "page_visit_pv": n, "page_visit_uv": min(n, len(who)), "page_staytime_pv": 12.5 + float64(i), "entrypage_pv": sessions * (3 - i) / 6, "exitpage_pv": sessions / 3, "page_share_pv": n / 20, "page_share_uv": n / 25})
	}
	return map[string]any{"ref_date": refDate(from, to), "list": list}
}

func (f *Fake) miniSources(from, to string) any {
	who := f.visitors(from, to)
	n := len(who)
	part := func(key, value int) any {
		return map[string]any{"key": key, "value": value, "access_source_visit_uv": value}
	}
	return map[string]any{"ref_date": refDate(from, to), "list": []any{
		map[string]any{"index": "access_source_session_cnt", "item_list": []any{part(1, n/4), part(3, n/5), part(13, n/10), part(18, n-n/4-n/5-n/10)}},
		map[string]any{"index": "access_staytime_info", "item_list": []any{part(1, n/5), part(4, n/2), part(7, n-n/5-n/2)}},
		map[string]any{"index": "access_depth_info", "item_list": []any{part(1, n/3), part(3, n-n/3)}},
	}}
}
