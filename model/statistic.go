package model

import (
	"net/url"
	"strconv"
	"strings"
)

// ArticleTotal is what WeChat counted of a published article from its day to StatDay, both included: a
// running total, never a day's own number. Nobody can be named from it. Source: 获取图文群发总数据 (getarticletotaldetail).
type ArticleTotal struct {
	MsgID      string // <msg_data_id>_<index>
	PublishDay int    // yyyymmdd
	StatDay    int
	Title, URL string
	Quiet      bool // published without telling the followers: nobody got it delivered

	Read        int64 // people, from all sources
	ReadMessage int64 // people who came from the account's own message
	Share       int64 // people
	Zaikan      int64
	Like        int64
	Comment     int64 // items
	Collect     int64
	Praise      Fen
	Follow      int64   // people who followed after reading
	Delivery    float64 // 阅读送达率 as WeChat gives it, 0–1
	Finish      float64 // 阅读完成率, 0–1
	Minutes     float64 // mean reading time
	Sources     string  // JSON: people by WeChat's own label
}

// MsgKey takes MsgID apart; ok is false for one that is not of its form.
func (a ArticleTotal) MsgKey() (msgDataID string, index int, ok bool) {
	id, n, found := strings.Cut(a.MsgID, "_")
	index, err := strconv.Atoi(n)
	return id, index, found && err == nil && id != "" && index > 0
}

// FollowerDay is who came and left on a day by one source, as WeChat counts. Source: 获取用户增减数据 (getusersummary).
type FollowerDay struct {
	Day       int // yyyymmdd
	Source    int // WeChat's user_source, kept as it is
	New, Lost int64
}

// ArticleURLKey names the article an mp.weixin.qq.com address leads to: "mid:idx" for the long form, the path
// of the short one, "" for any other address.
func ArticleURLKey(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Hostname() != "mp.weixin.qq.com" {
		return ""
	}
	q := u.Query()
	if mid, idx := q.Get("mid"), q.Get("idx"); mid != "" && idx != "" {
		return mid + ":" + idx
	}
	if id, ok := strings.CutPrefix(u.Path, "/s/"); ok && id != "" {
		return "/s/" + strings.TrimSuffix(id, "/")
	}
	return ""
}
