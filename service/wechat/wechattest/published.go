package wechattest

import (
	"net/http"
	"slices"
)

// PublishInConsole is the operator publishing an article in WeChat's own console.
func (f *Fake) PublishInConsole(title string) {
	f.mu.Lock()
	f.posted([]DraftArticle{{Title: title}}, true)
	f.mu.Unlock()
	f.changed()
}

// publishedList is freepublish/batchget: what was published, the latest first.
func (f *Fake) publishedList(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Offset int `json:"offset"`
		Count  int `json:"count"`
	}
	if !decode(w, r, &in) {
		return
	}
	if in.Offset < 0 || in.Count < 1 || in.Count > 20 {
		refuse(w, 40097)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*Post
	for _, p := range f.s.Posts {
		under := slices.ContainsFunc(f.s.Publishing, func(j *publishJob) bool { return j.Post == p.MsgDataID && j.Status != 0 })
		if p.ArticleID != "" && !under {
			all = append(all, p)
		}
	}
	slices.Reverse(all)
	items := []any{}
	for _, p := range all[min(in.Offset, len(all)):min(in.Offset+in.Count, len(all))] {
		news := []any{}
		for _, a := range p.Articles {
			news = append(news, map[string]any{"title": a.Title, "url": a.URL, "is_deleted": a.IsDeleted})
		}
		items = append(items, map[string]any{"article_id": p.ArticleID, "content": map[string]any{"news_item": news}, "update_time": p.At.Unix()})
	}
	answer(w, map[string]any{"total_count": len(all), "item_count": len(items), "item": items})
}
