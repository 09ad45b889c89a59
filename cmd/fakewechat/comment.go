package main

import (
	"net/http"
	"strings"

	"loudou/service/wechat/wechattest"
)

// comments is what somebody sees under an article: what was picked, and what they wrote themselves.
func (h *house) comments(w http.ResponseWriter, r *http.Request) {
	person, known := h.wc.Person(r.PathValue("id"))
	post, index, found := h.wc.PostAt(r.URL.Query().Get("url"))
	if !known || !found {
		answer(w, map[string]any{"found": false, "items": []any{}})
		return
	}
	items := []map[string]any{}
	for _, c := range post.Comments {
		own := c.OpenID == person.OpenID
		if c.Index != index || !c.Elected && !own {
			continue
		}
		name := "读者"
		if p, ok := h.wc.Person(c.OpenID); ok {
			name = p.Name
		}
		items = append(items, map[string]any{"name": name, "own": own, "content": c.Content, "elected": c.Elected, "reply": c.Reply, "at": c.At})
	}
	answer(w, map[string]any{"found": true, "open": h.wc.CommentsOpen(post.MsgDataID, index), "items": items})
}

// comment is somebody writing under an article.
func (h *house) comment(w http.ResponseWriter, r *http.Request) {
	var in struct {
		URL  string `json:"url"`
		Text string `json:"text"`
	}
	if !decode(w, r, &in) {
		return
	}
	post, index, found := h.wc.PostAt(in.URL)
	if _, known := h.wc.Person(r.PathValue("id")); !known || !found {
		refuse(w, 404, "没有这篇文章")
		return
	}
	if in.Text = strings.TrimSpace(in.Text); in.Text == "" || len([]rune(in.Text)) > wechattest.CommentMost {
		refuse(w, 400, "留言应有 1 到 600 个字")
		return
	}
	if h.wc.Comment(r.PathValue("id"), post.MsgDataID, index, in.Text) == 0 {
		refuse(w, 403, "这篇文章没有开放留言")
		return
	}
	answer(w, map[string]any{})
}
