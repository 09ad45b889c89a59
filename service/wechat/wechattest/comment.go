package wechattest

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

// Comment is one fan's word under an article.
type Comment struct {
	ID      int64     `json:"id"`
	Index   int       `json:"index"` // of the article, from 0
	OpenID  string    `json:"openid"`
	Content string    `json:"content"`
	At      time.Time `json:"at"`
	Elected bool      `json:"elected"`
	Reply   string    `json:"reply,omitempty"`
	ReplyAt time.Time `json:"reply_at,omitzero"`
}

// open says whether fans may comment article i.
func (p *Post) open(i int) bool {
	if i < 0 || i >= len(p.Articles) {
		return false
	}
	if shut, said := p.Shut[i]; said {
		return !shut
	}
	return p.Articles[i].Comments == 1
}

// CommentMost is how long the phone lets a comment be, in characters.
const CommentMost = 600

// CommentsOpen says whether fans may comment an article.
func (f *Fake) CommentsOpen(msgDataID string, index int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.postOf(msgDataID)
	return p != nil && p.open(index)
}

// Comment lets somebody comment an article; 0 when comments are closed or there is no such article.
func (f *Fake) Comment(id, msgDataID string, index int, text string) int64 {
	f.mu.Lock()
	fan, p := f.fan(id), f.postOf(msgDataID)
	if p == nil || !p.open(index) {
		f.mu.Unlock()
		return 0
	}
	f.s.Seq++
	c := Comment{ID: f.s.Seq, Index: index, OpenID: fan.OpenID, Content: text, At: f.opt.Now()}
	p.Comments = append(p.Comments, c)
	f.mu.Unlock()
	f.changed()
	return c.ID
}

type commentIn struct {
	MsgDataID json.Number `json:"msg_data_id"`
	Index     int         `json:"index"`
	Begin     int         `json:"begin"`
	Count     int         `json:"count"`
	Type      int         `json:"type"`
	ID        int64       `json:"user_comment_id"`
	Content   string      `json:"content"`
}

// comment wraps a handler of comments with what all of them check. fn runs under the lock.
func (f *Fake) comment(fn func(in commentIn, p *Post) (code int, out map[string]any)) http.HandlerFunc {
	return f.official("POST", func(w http.ResponseWriter, r *http.Request) {
		var in commentIn
		if !decode(w, r, &in) {
			return
		}
		f.mu.Lock()
		p := f.postOf(in.MsgDataID.String())
		code, out := 88001, map[string]any(nil)
		if p != nil && in.Index >= 0 && in.Index < len(p.Articles) {
			code, out = fn(in, p)
		}
		f.mu.Unlock()
		if code != 0 {
			refuse(w, code)
			return
		}
		f.changed()
		if out == nil {
			out = map[string]any{"errcode": 0, "errmsg": "ok"}
		}
		answer(w, out)
	})
}

func (f *Fake) commentOpen(shut bool) http.HandlerFunc {
	return f.comment(func(in commentIn, p *Post) (int, map[string]any) {
		if p.Shut == nil {
			p.Shut = map[int]bool{}
		}
		p.Shut[in.Index] = shut
		return 0, nil
	})
}

func (f *Fake) commentList() http.HandlerFunc {
	return f.comment(func(in commentIn, p *Post) (int, map[string]any) {
		if in.Count < 1 || in.Count >= 50 || in.Begin < 0 {
			return 88010, nil
		}
		all := []any{}
		for i := len(p.Comments) - 1; i >= 0; i-- {
			c := p.Comments[i]
			if c.Index != in.Index || in.Type == 1 && c.Elected || in.Type == 2 && !c.Elected {
				continue
			}
			one := map[string]any{"user_comment_id": c.ID, "openid": c.OpenID, "create_time": c.At.Unix(), "content": c.Content, "comment_type": 0}
			if c.Elected {
				one["comment_type"] = 1
			}
			if c.Reply != "" {
				one["reply"] = map[string]any{"content": c.Reply, "create_time": c.ReplyAt.Unix()}
			}
			all = append(all, one)
		}
		page := all[min(in.Begin, len(all)):min(in.Begin+in.Count, len(all))]
		return 0, map[string]any{"errcode": 0, "errmsg": "ok", "total": len(all), "comment": page}
	})
}

// commentAct changes one comment.
func (f *Fake) commentAct(fn func(in commentIn, p *Post, i int) int) http.HandlerFunc {
	return f.comment(func(in commentIn, p *Post) (int, map[string]any) {
		i := slices.IndexFunc(p.Comments, func(c Comment) bool { return c.ID == in.ID && c.Index == in.Index })
		if i < 0 {
			return 88008, nil
		}
		return fn(in, p, i), nil
	})
}

func (f *Fake) elect(on bool) http.HandlerFunc {
	return f.commentAct(func(in commentIn, p *Post, i int) int {
		n := 0
		for _, c := range p.Comments {
			if c.Elected && c.Index == in.Index {
				n++
			}
		}
		if on && n >= 100 {
			return 88003
		}
		p.Comments[i].Elected = on
		return 0
	})
}

func (f *Fake) commentDelete() http.HandlerFunc {
	return f.commentAct(func(_ commentIn, p *Post, i int) int {
		p.Comments = slices.Delete(p.Comments, i, i+1)
		return 0
	})
}

func (f *Fake) commentReply() http.HandlerFunc {
	return f.commentAct(func(in commentIn, p *Post, i int) int {
		switch {
		case p.Comments[i].Reply != "":
			return 88005
		case in.Content == "" || utf8.RuneCountInString(in.Content) > 140:
			return 88007
		}
		p.Comments[i].Reply, p.Comments[i].ReplyAt = in.Content, f.opt.Now()
		return 0
	})
}

func (f *Fake) commentUnreply() http.HandlerFunc {
	return f.commentAct(func(_ commentIn, p *Post, i int) int {
		if p.Comments[i].Reply == "" {
			return 87009
		}
		p.Comments[i].Reply = ""
		return 0
	})
}
