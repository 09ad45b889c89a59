package wechat

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"loudou/model"
)

// The datacube of the Official Account: days as YYYY-MM-DD, yesterday at the latest, after eight in the morning.
// 61503 before that is ErrUnavailable with code 61503: ask again later. Our SDK lacks the article family.

type dated struct {
	Begin string `json:"begin_date"`
	End   string `json:"end_date"`
}

func datedOf(from, to int) dated {
	return dated{model.DayName(from), model.DayName(to)}
}

// dayOf reads WeChat's day.
func dayOf(text string) (int, error) {
	t, err := time.ParseInLocation(time.DateOnly, text, model.Shanghai)
	return model.DayNumber(t), err
}

// ArticleTotals gives the running totals of what was published on a day, one per article and day counted.
// delayed says that WeChat will correct them. Source: 获取发表内容数据 (getarticletotaldetail).
func (c *Client) ArticleTotals(ctx context.Context, day int) (totals []model.ArticleTotal, delayed bool, err error) {
	const path = "/datacube/getarticletotaldetail"
	type source struct {
		People int64  `json:"user_count"`
		Label  string `json:"scene_desc"`
	}
	var out struct {
		List []struct {
			RefDate     string `json:"ref_date"`
			MsgID       string `json:"msgid"`
			PublishType int    `json:"publish_type"`
			Title       string `json:"title"`
			URL         string `json:"content_url"`
			Details     []struct {
				StatDate string   `json:"stat_date"`
				Read     int64    `json:"read_user"`
				Sources  []source `json:"read_user_source"`
				Share    int64    `json:"share_user"`
				Zaikan   int64    `json:"zaikan_user"`
				Like     int64    `json:"like_user"`
				Comment  int64    `json:"comment_count"`
				Collect  int64    `json:"collection_user"`
				Praise   float64  `json:"praise_money"`
				Follow   int64    `json:"read_subscribe_user"`
				Delivery float64  `json:"read_delivery_rate"`
				Finish   float64  `json:"read_finish_rate"`
				Minutes  float64  `json:"read_avg_activetime"`
			} `json:"detail_list"`
		} `json:"list"`
		Delayed bool `json:"is_delay"`
	}
	if err := c.post(ctx, path, datedOf(day, day), &out); err != nil {
		return nil, false, err
	}
	for _, a := range out.List {
		for _, d := range a.Details {
			stat, err := dayOf(d.StatDate)
			if err != nil {
				return nil, false, unreadable(path)
			}
			t := model.ArticleTotal{MsgID: a.MsgID, PublishDay: day, StatDay: stat, Title: a.Title, URL: a.URL, Quiet: a.PublishType == 1,
				Read: d.Read, Share: d.Share, Zaikan: d.Zaikan, Like: d.Like, Comment: d.Comment, Collect: d.Collect, Praise: model.Fen(math.Round(d.Praise)),
				Follow: d.Follow, Delivery: d.Delivery, Finish: d.Finish, Minutes: d.Minutes}
			for _, s := range d.Sources {
				if s.Label == "公众号消息" {
					t.ReadMessage = s.People
				}
			}
			raw, err := json.Marshal(d.Sources)
			if err != nil {
				return nil, false, fmt.Errorf("%s: %w", path, err)
			}
			t.Sources = string(raw)
			totals = append(totals, t)
		}
	}
	return totals, out.Delayed, nil
}

// FollowerDays gives who came and left, a row per day and source, for at most seven days.
// Source: 获取用户增减数据 (getusersummary).
func (c *Client) FollowerDays(ctx context.Context, from, to int) ([]model.FollowerDay, error) {
	const path = "/datacube/getusersummary"
	var out struct {
		List []struct {
			RefDate string `json:"ref_date"`
			Source  int    `json:"user_source"`
			New     int64  `json:"new_user"`
			Lost    int64  `json:"cancel_user"`
		} `json:"list"`
	}
	if err := c.post(ctx, path, datedOf(from, to), &out); err != nil {
		return nil, err
	}
	days := make([]model.FollowerDay, 0, len(out.List))
	for _, l := range out.List {
		day, err := dayOf(l.RefDate)
		if err != nil {
			return nil, unreadable(path)
		}
		days = append(days, model.FollowerDay{Day: day, Source: l.Source, New: l.New, Lost: l.Lost})
	}
	return days, nil
}

// FollowerTotals gives how many followed at the end of each of at most seven days.
// Source: 获取累计用户数据 (getusercumulate).
func (c *Client) FollowerTotals(ctx context.Context, from, to int) (map[int]int64, error) {
	const path = "/datacube/getusercumulate"
	var out struct {
		List []struct {
			RefDate string `json:"ref_date"`
			Total   int64  `json:"cumulate_user"`
		} `json:"list"`
	}
	if err := c.post(ctx, path, datedOf(from, to), &out); err != nil {
		return nil, err
	}
	totals := make(map[int]int64, len(out.List))
	for _, l := range out.List {
		day, err := dayOf(l.RefDate)
		if err != nil {
			return nil, unreadable(path)
		}
		totals[day] = l.Total
	}
	return totals, nil
}
