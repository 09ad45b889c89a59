package model

import "time"

// Limits of an event's times: a clock may be this much apart before it is corrected, and an event this old
// is kept without being counted.
const (
	clockSlack = 60 * time.Second
	lateAfter  = 30 * 24 * time.Hour
)

// CorrectTime gives the time an event of a client is counted at, and whether it comes too late to count.
// sent is the phone's clock when it sent (zero: not said), received is ours. A phone more than a minute
// off is corrected by its skew; what then still lies in the future happened now.
func CorrectTime(occurred, sent, received time.Time) (at time.Time, late bool) {
	if !sent.IsZero() {
		if skew := sent.Sub(received); skew > clockSlack || skew < -clockSlack {
			occurred = occurred.Add(-skew)
		}
	}
	if occurred.Sub(received) > clockSlack {
		occurred = received
	}
	return occurred, received.Sub(occurred) > lateAfter
}

// ExcludedByScene tells the entry numbers that are no person's doing.
func ExcludedByScene(scene int) bool { return scene == 1030 || scene == 1154 }

// DayNumber is the Asia/Shanghai day of t as 20261124, the way the events table spells a day.
func DayNumber(t time.Time) int {
	y, m, d := t.In(Shanghai).Date()
	return y*10000 + int(m)*100 + d
}

// DayStart is the instant the day of a number begins.
func DayStart(n int) time.Time {
	return time.Date(n/10000, time.Month(n/100%100), n%100, 0, 0, 0, 0, Shanghai)
}

// DayName spells a day number as 2026-11-24.
func DayName(n int) string { return DayStart(n).Format(time.DateOnly) }

// Touch tells where an event says its person came from. direct is an opening without any origin; an event
// that is neither returns ok false. The channel is the event's own, or else the kind of the touch.
func (e *Event) Touch() (channel string, direct, ok bool) {
	switch e.Type {
	case EventScan:
		channel = "scan"
	case EventLinkClick:
		channel = "link"
	case EventMenuClick:
		channel = "menu"
	case EventArticleClick:
		channel = "article"
	case EventCampaignSeen:
		channel = "campaign"
	case EventMPOpen:
		switch {
		case e.Channel != "":
		case e.ArticleID > 0:
			channel = "article"
		case e.CampaignID > 0:
			channel = "campaign"
		case e.ShareID != "":
			channel = "share"
		case e.Code != "":
			channel = "code"
		case searchScene(e.Scene):
			channel = "search"
		case adScene(e.Scene):
			channel = "ad"
		default:
			return "", true, true
		}
	default:
		return "", false, false
	}
	if e.Channel != "" {
		channel = e.Channel
	}
	return channel, false, true
}

// searchScene lists the entries from WeChat's search: the main search boxes and their result pages.
func searchScene(n int) bool {
	switch n {
	case 1005, 1006, 1027, 1042, 1053, 1106, 1183, 1233:
		return true
	}
	return false
}

// adScene lists the entries from WeChat's advertisements: Moments, article and Mini Program ads.
func adScene(n int) bool {
	switch n {
	case 1045, 1046, 1067, 1084, 1095:
		return true
	}
	return false
}
