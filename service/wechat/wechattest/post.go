package wechattest

import (
	"net/http"
	"sort"
	"strconv"
	"time"
)

// Post is what the account sent out or published: articles with an address, and the comments under them.
type Post struct {
	MsgDataID string         `json:"msg_data_id"`
	ArticleID string         `json:"article_id,omitempty"` // of a publication
	Articles  []DraftArticle `json:"articles"`
	At        time.Time      `json:"at"`
	Comments  []Comment      `json:"comments,omitempty"`
	Shut      map[int]bool   `json:"shut,omitempty"` // by index: whether comments are closed; absent: as the draft said
}

type publishJob struct {
	ID     string    `json:"id"`
	Media  string    `json:"media"`
	Status int       `json:"status"` // 1 while under way
	Failed []int     `json:"failed,omitempty"`
	Post   string    `json:"post,omitempty"` // msg_data_id
	At     time.Time `json:"at"`
}

// Jobs are how publications and mass sends go on: WeChat works at them behind the call.
type Jobs struct {
	Held    bool   `json:"held"`    // they stay under way until FinishJobs
	Silent  bool   `json:"silent"`  // their end is not pushed
	Publish int    `json:"publish"` // how publications end: 0 well, 2 originality, 3 failed, 4 refused
	Mass    string `json:"mass"`    // how mass sends end; empty: send success
}

// SetJobs changes how jobs go from now on.
func (f *Fake) SetJobs(j Jobs) { f.mu.Lock(); f.jobs = j; f.mu.Unlock() }

// FinishJobs ends those that were held.
func (f *Fake) FinishJobs() {
	f.mu.Lock()
	var publish []*publishJob
	for _, j := range f.s.Publishing {
		if j.Status == 1 {
			publish = append(publish, j)
		}
	}
	var mass []*massJob
	for _, j := range f.s.Mass {
		if j.Status == sending {
			mass = append(mass, j)
		}
	}
	f.mu.Unlock()
	sort.Slice(mass, func(i, j int) bool { return mass[i].MsgID < mass[j].MsgID })
	for _, j := range publish {
		f.endPublish(j)
	}
	for _, j := range mass {
		f.endMass(j)
	}
}

// later ends a job behind the call, unless jobs are held.
func (f *Fake) later(end func()) {
	f.mu.Lock()
	held := f.jobs.Held
	f.mu.Unlock()
	if held {
		return
	}
	f.background(func() {
		if f.sleep(f.opt.JobTime) {
			end()
		}
	})
}

// posted makes what readers see of articles; the caller holds the lock.
func (f *Fake) posted(articles []DraftArticle, published bool) *Post {
	f.s.Seq++
	p := &Post{MsgDataID: strconv.FormatInt(2247480000+f.s.Seq, 10), At: f.opt.Now(), Articles: append([]DraftArticle(nil), articles...)}
	if published {
		p.ArticleID = random(40)
	}
	for i := range p.Articles {
		p.Articles[i].URL = "https://mp.weixin.qq.com/s?__bz=MzAwMDAwMDAwMA==&mid=" + p.MsgDataID + "&idx=" + strconv.Itoa(i+1) + "&sn=fake"
	}
	f.s.Posts = append(f.s.Posts, p)
	return p
}

// cards are what a chat shows of a post.
func (p *Post) cards() []NewsItem {
	out := []NewsItem{}
	for _, a := range p.Articles {
		out = append(out, NewsItem{Title: a.Title, Description: a.Digest, URL: a.URL, PicURL: "/phone/v1/media/" + a.Thumb})
	}
	return out
}

// PostAt finds an article by its address: title, author and content, and which post it is in.
func (f *Fake) PostAt(url string) (p Post, index int, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.s.Posts {
		for i, a := range p.Articles {
			if a.URL == url && !a.IsDeleted {
				return *p, i, true
			}
		}
	}
	return Post{}, 0, false
}

// Posts gives what was sent and published, the newest first.
func (f *Fake) Posts() []Post {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []Post{}
	for i := len(f.s.Posts) - 1; i >= 0; i-- {
		out = append(out, *f.s.Posts[i])
	}
	return out
}

func (f *Fake) publishSubmit(w http.ResponseWriter, r *http.Request) {
	var in mediaIn
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	d := f.s.Drafts[in.ID]
	if d == nil {
		f.mu.Unlock()
		refuse(w, 40007)
		return
	}
	f.s.Seq++
	j := &publishJob{ID: strconv.FormatInt(2247500000+f.s.Seq, 10), Media: in.ID, Status: 1, At: f.opt.Now()}
	p := f.posted(d.Articles, true)
	j.Post = p.MsgDataID
	f.s.Publishing = append(f.s.Publishing, j)
	f.mu.Unlock()
	f.changed()
	answer(w, map[string]any{"errcode": 0, "errmsg": "ok", "publish_id": j.ID, "msg_data_id": j.Post})
	f.later(func() { f.endPublish(j) })
}

func (f *Fake) postOf(msgDataID string) *Post {
	for _, p := range f.s.Posts {
		if p.MsgDataID == msgDataID {
			return p
		}
	}
	return nil
}

// endPublish ends a publication and pushes PUBLISHJOBFINISH.
func (f *Fake) endPublish(j *publishJob) {
	f.mu.Lock()
	p := f.postOf(j.Post)
	if j.Status != 1 || p == nil {
		f.mu.Unlock()
		return
	}
	j.Status = f.jobs.Publish
	info := Fields{{"publish_id", j.ID}, {"publish_status", j.Status}}
	if j.Status == 0 {
		delete(f.s.Drafts, j.Media)
		detail := Fields{{"count", len(p.Articles)}}
		for i, a := range p.Articles {
			detail = append(detail, Field{"item", Fields{{"idx", i + 1}, {"article_url", a.URL}}})
		}
		info = append(info, Field{"article_id", p.ArticleID}, Field{"article_detail", detail})
	} else {
		j.Failed = []int{1}
		info = append(info, Field{"fail_idx", 1})
		for i := range p.Articles {
			p.Articles[i].IsDeleted = true
		}
	}
	silent := f.jobs.Silent
	f.mu.Unlock()
	f.changed()
	if !silent {
		f.PushEvent("oSystem", Fields{{"Event", "PUBLISHJOBFINISH"}, {"PublishEventInfo", info}})
	}
}

func (f *Fake) publishGet(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID any `json:"publish_id"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, j := range f.s.Publishing {
		if j.ID != scalar(in.ID) {
			continue
		}
		out := map[string]any{"publish_id": j.ID, "publish_status": j.Status}
		if len(j.Failed) > 0 {
			out["fail_idx"] = j.Failed
		}
		if p := f.postOf(j.Post); p != nil && j.Status == 0 {
			items, gone := []any{}, true
			for i, a := range p.Articles {
				items = append(items, map[string]any{"idx": i + 1, "article_url": a.URL})
				gone = gone && a.IsDeleted
			}
			if gone {
				out["publish_status"] = 5
			}
			out["article_id"], out["article_detail"] = p.ArticleID, map[string]any{"count": len(items), "item": items}
		}
		answer(w, out)
		return
	}
	refuse(w, 40035)
}

// publishDelete takes a published article away; index from 1, 0 all of them.
func (f *Fake) publishDelete(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID    string `json:"article_id"`
		Index int    `json:"index"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	done := false
	for _, p := range f.s.Posts {
		if p.ArticleID != "" && p.ArticleID == in.ID {
			for i := range p.Articles {
				if in.Index == 0 || in.Index == i+1 {
					p.Articles[i].IsDeleted, done = true, true
				}
			}
		}
	}
	f.mu.Unlock()
	if !done {
		refuse(w, 53600)
		return
	}
	f.changed()
	ok(w)
}

// scalar reads an id that may be written as a text or a number.
func scalar(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return ""
}
