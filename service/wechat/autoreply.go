package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"loudou/model"
)

// RepliesLive reads the automatic replies made in WeChat's own console. Those an interface makes are not in it.
// Source: 获取公众号的自动回复规则.
func (c *Client) RepliesLive(ctx context.Context) (model.LiveReplies, error) {
	type message struct {
		Type    string `json:"type"`
		Content string `json:"content"`
		News    struct {
			List []struct {
				Title  string `json:"title"`
				Digest string `json:"digest"`
				Cover  string `json:"cover_url"`
				URL    string `json:"content_url"`
			} `json:"list"`
		} `json:"news_info"`
	}
	var out struct {
		FollowOpen  int      `json:"is_add_friend_reply_open"`
		AnswersOpen int      `json:"is_autoreply_open"`
		Follow      *message `json:"add_friend_autoreply_info"`
		Default     *message `json:"message_default_autoreply_info"`
		Keywords    struct {
			List []struct {
				Name  string `json:"rule_name"`
				At    int64  `json:"create_time"`
				Mode  string `json:"reply_mode"`
				Words []struct {
					Match   string `json:"match_mode"`
					Content string `json:"content"`
				} `json:"keyword_list_info"`
				Messages []message `json:"reply_list_info"`
			} `json:"list"`
		} `json:"keyword_autoreply_info"`
	}
	if err := c.get(ctx, "/cgi-bin/get_current_autoreply_info", nil, &out); err != nil {
		return model.LiveReplies{}, err
	}
	one := func(m message) model.LiveMessage {
		l := model.LiveMessage{Type: m.Type, Content: m.Content}
		for _, n := range m.News.List {
			l.Articles = append(l.Articles, model.MessageArticle{Title: n.Title, Description: n.Digest, URL: n.URL, PicURL: n.Cover})
		}
		return l
	}
	maybe := func(m *message) *model.LiveMessage {
		if m == nil || m.Type == "" {
			return nil
		}
		l := one(*m)
		return &l
	}
	live := model.LiveReplies{FollowOpen: out.FollowOpen == 1, AnswersOpen: out.AnswersOpen == 1, Follow: maybe(out.Follow), Default: maybe(out.Default)}
	for _, r := range out.Keywords.List {
		rule := model.LiveRule{Name: r.Name, At: time.Unix(r.At, 0).UTC(), Random: r.Mode == "random_one"}
		for _, w := range r.Words {
			match := model.MatchContains
			if w.Match == "equal" {
				match = model.MatchExact
			}
			rule.Keywords = append(rule.Keywords, model.Keyword{Text: w.Content, Match: match})
		}
		for _, m := range r.Messages {
			rule.Messages = append(rule.Messages, one(m))
		}
		live.Rules = append(live.Rules, rule)
	}
	return live, nil
}

// MediaTemporary reads the bytes of a temporary picture or sound. ErrInvalid (40007) when it has ended; a video is
// ErrInvalid too, since WeChat gives only an address. Source: 获取临时素材.
func (c *Client) MediaTemporary(ctx context.Context, mediaID string) ([]byte, error) {
	const path = "/cgi-bin/media/get"
	raw, err := c.exchange(ctx, request{method: http.MethodGet, path: path, query: url.Values{"media_id": {mediaID}}, time: uploadTime, file: true})
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(raw, []byte("{")) && json.Valid(raw) {
		return nil, decline(path, "a video", "这是视频，微信没有给出文件")
	}
	return raw, nil
}
