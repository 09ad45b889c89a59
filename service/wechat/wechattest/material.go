package wechattest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"sort"
	"time"

	"github.com/skip2/go-qrcode"
)

const mediaLife = 72 * time.Hour

// sizes are WeChat's limits by kind, in bytes.
var sizes = map[string]int{"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10}

// AddMedia puts material there as if it had been uploaded, and gives its media_id.
func (f *Fake) AddMedia(kind, mime string, data []byte) string {
	f.mu.Lock()
	m := f.keepMedia(kind, mime, "", data, true)
	f.mu.Unlock()
	f.changed()
	return m.ID
}

// AddNews puts permanent news there, as accounts have that are older than the draft box, and gives its media_id.
func (f *Fake) AddNews(articles ...DraftArticle) string {
	f.mu.Lock()
	m := f.keepMedia("news", "", "", nil, true)
	m.News = articles
	f.mu.Unlock()
	f.changed()
	return m.ID
}

// DropMedia takes material away as somebody would in WeChat's own console.
func (f *Fake) DropMedia(id string) {
	f.mu.Lock()
	delete(f.s.Media, id)
	f.mu.Unlock()
	f.changed()
}

// Media gives the bytes and kind of material, for the phone that shows it.
func (f *Fake) Media(id string) (data []byte, mime string, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.media(id); m != nil {
		return m.Data, m.Mime, true
	}
	return nil, "", false
}

func (f *Fake) keepMedia(kind, mime, name string, data []byte, permanent bool) *media {
	m := &media{ID: random(64), Type: kind, Mime: mime, Name: name, Permanent: permanent, At: f.opt.Now(), Data: data}
	f.s.Media[m.ID] = m
	return m
}

// upload reads the multipart field media; it answers the refusal itself.
func upload(w http.ResponseWriter, r *http.Request, kind string) (data []byte, mime, name string, good bool) {
	limit, known := sizes[kind]
	if !known {
		refuse(w, 40004)
		return
	}
	file, head, err := r.FormFile("media")
	if err != nil {
		refuse(w, 41005)
		return
	}
	defer file.Close()
	data, err = io.ReadAll(file)
	if err != nil || len(data) == 0 {
		refuse(w, 41005)
		return
	}
	mime = http.DetectContentType(data)
	if len(data) > limit {
		refuse(w, map[string]int{"image": 40009, "voice": 40010, "video": 40011, "thumb": 40012}[kind])
		return
	}
	mime, code := judgeFile(kind, mime, data)
	if code != 0 {
		refuse(w, code)
		return
	}
	return data, mime, head.Filename, true
}

// judgeFile tells by the bytes what a file is, and whether WeChat takes it as this kind. Of sounds it measures those
// whose length stands in plain sight: wav and amr.
func judgeFile(kind, mime string, data []byte) (string, int) {
	has := func(head string) bool { return bytes.HasPrefix(data, []byte(head)) }
	switch kind {
	case "image":
		if mime != "image/png" && mime != "image/jpeg" && mime != "image/gif" && mime != "image/bmp" {
			return mime, 40137
		}
	case "thumb":
		if mime != "image/jpeg" {
			return mime, 40137
		}
	case "voice":
		seconds := 0.0
		switch {
		case has("#!AMR\n"):
			mime, seconds = "audio/amr", float64(len(data)-6)/32/50 // as phones record it: 12.2 kbit/s
		case mime == "audio/wave":
			mime = "audio/wav"
			if at := bytes.Index(data, []byte("data")); at > 0 && len(data) > 32 {
				seconds = float64(len(data)-at-8) / float64(max(1, binary.LittleEndian.Uint32(data[28:])))
			}
		case has("\x30\x26\xb2\x75"):
			mime = "audio/x-ms-wma"
		case has("ID3"), len(data) > 1 && data[0] == 0xff && data[1]&0xe6 == 0xe2:
			mime = "audio/mpeg"
		default:
			return mime, 40005
		}
		if seconds > 60 {
			return mime, 45007
		}
	case "video":
		if len(data) < 12 || string(data[4:8]) != "ftyp" {
			return mime, 40005
		}
		mime = "video/mp4"
	}
	return mime, 0
}

func (f *Fake) mediaUpload(w http.ResponseWriter, r *http.Request) {
	kind := r.URL.Query().Get("type")
	data, mime, name, good := upload(w, r, kind)
	if !good {
		return
	}
	f.mu.Lock()
	m := f.keepMedia(kind, mime, name, data, false)
	f.mu.Unlock()
	f.changed()
	key := "media_id"
	if kind == "thumb" {
		key = "thumb_media_id"
	}
	answer(w, map[string]any{"type": kind, key: m.ID, "created_at": m.At.Unix()})
}

func (f *Fake) mediaGet(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("media_id")
	data, mime, found := f.Media(id)
	if !found {
		refuse(w, 40007)
		return
	}
	if mime == "video/mp4" {
		answer(w, map[string]any{"video_url": "http://203.205.158.82/vweixinp.tc.qq.com/" + id})
		return
	}
	w.Header().Set("Content-Type", mime)
	_, _ = w.Write(data)
}

func (f *Fake) materialAdd(w http.ResponseWriter, r *http.Request) {
	kind := r.URL.Query().Get("type")
	data, mime, name, good := upload(w, r, kind)
	if !good {
		return
	}
	var about struct {
		Title string `json:"title"`
		Intro string `json:"introduction"`
	}
	if kind == "video" && (json.Unmarshal([]byte(r.FormValue("description")), &about) != nil || about.Title == "") {
		refuse(w, 40097)
		return
	}
	f.mu.Lock()
	m := f.keepMedia(kind, mime, name, data, true)
	if m.Title, m.Intro = about.Title, about.Intro; kind == "video" {
		m.Name = about.Title
	}
	f.mu.Unlock()
	f.changed()
	out := map[string]any{"media_id": m.ID}
	if kind == "image" || kind == "thumb" {
		out["url"] = "http://mmbiz.qpic.cn/" + m.ID + "/0?wx_fmt=png"
	}
	answer(w, out)
}

func (f *Fake) materialGet(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID string `json:"media_id"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	m := f.media(in.ID)
	f.mu.Unlock()
	switch {
	case m == nil || !m.Permanent:
		refuse(w, 40007)
		return
	case m.Type == "video":
		answer(w, map[string]any{"title": m.Title, "description": m.Intro, "down_url": "http://203.205.158.82/vweixinp.tc.qq.com/" + m.ID})
		return
	case m.Type == "news":
		answer(w, map[string]any{"news_item": m.News})
		return
	}
	w.Header().Set("Content-Type", m.Mime)
	_, _ = w.Write(m.Data)
}

func (f *Fake) materialDelete(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID string `json:"media_id"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	m := f.media(in.ID)
	if m != nil && !m.Permanent {
		m = nil
	}
	used := m != nil && bytes.Contains(f.s.Menu, []byte(in.ID))
	if m != nil && !used {
		delete(f.s.Media, in.ID)
	}
	f.mu.Unlock()
	switch {
	case m == nil:
		refuse(w, 40007)
	case used:
		refuse(w, 48005)
	default:
		ok(w)
	}
}

func (f *Fake) materialCount(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := map[string]int{}
	for _, m := range f.s.Media {
		if m.Permanent {
			n[m.Type]++
		}
	}
	answer(w, map[string]any{"voice_count": n["voice"], "video_count": n["video"], "image_count": n["image"] + n["thumb"], "news_count": n["news"]})
}

func (f *Fake) materialList(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Type          string
		Offset, Count int
	}
	if !decode(w, r, &in) {
		return
	}
	if in.Count < 1 || in.Count > 20 || in.Offset < 0 {
		refuse(w, 40097)
		return
	}
	if _, known := sizes[in.Type]; !known && in.Type != "news" || in.Type == "thumb" {
		refuse(w, 40004)
		return
	}
	f.mu.Lock()
	var all []*media
	for _, m := range f.s.Media {
		if m.Permanent && (m.Type == in.Type || in.Type == "image" && m.Type == "thumb") {
			all = append(all, m)
		}
	}
	f.mu.Unlock()
	sort.Slice(all, func(i, j int) bool {
		if all[i].At.Equal(all[j].At) {
			return all[i].ID < all[j].ID
		}
		return all[i].At.After(all[j].At)
	})
	total := len(all)
	all = all[min(in.Offset, total):min(in.Offset+in.Count, total)]
	items := []any{}
	for _, m := range all {
		if m.Type == "news" {
			items = append(items, map[string]any{"media_id": m.ID, "content": map[string]any{"news_item": m.News}, "update_time": m.At.Unix()})
			continue
		}
		items = append(items, map[string]any{"media_id": m.ID, "name": m.Name, "update_time": m.At.Unix(), "url": "http://mmbiz.qpic.cn/" + m.ID + "/0"})
	}
	answer(w, map[string]any{"total_count": total, "item_count": len(items), "item": items})
}

func (f *Fake) uploadImage(w http.ResponseWriter, r *http.Request) {
	data, mime, _, good := upload(w, r, "image")
	if !good {
		return
	}
	if len(data) > 1<<20 || mime != "image/png" && mime != "image/jpeg" {
		refuse(w, 40009)
		return
	}
	answer(w, map[string]any{"url": "http://mmbiz.qpic.cn/" + random(32) + "/0"})
}

// codeCreate is qrcode/create.
func (f *Fake) codeCreate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Expire int    `json:"expire_seconds"`
		Action string `json:"action_name"`
		Info   struct {
			Scene struct {
				ID  int64  `json:"scene_id"`
				Str string `json:"scene_str"`
			} `json:"scene"`
		} `json:"action_info"`
	}
	if !decode(w, r, &in) {
		return
	}
	scene, permanent, good := in.Info.Scene.Str, false, false
	switch in.Action {
	case "QR_STR_SCENE", "QR_LIMIT_STR_SCENE":
		good = len(scene) >= 1 && len(scene) <= 64
		permanent = in.Action == "QR_LIMIT_STR_SCENE"
	case "QR_SCENE", "QR_LIMIT_SCENE":
		permanent = in.Action == "QR_LIMIT_SCENE"
		id := in.Info.Scene.ID
		good = id >= 1 && (permanent && id <= 100000 || !permanent && id < 1<<32)
		scene = string(plainJSON(id))
	}
	if !good || in.Expire < 0 || in.Expire > 2592000 {
		refuse(w, 40097)
		return
	}
	if in.Expire == 0 {
		in.Expire = 30
	}
	f.mu.Lock()
	t := &ticket{Ticket: "gQH" + random(93), Scene: scene, URL: "http://weixin.qq.com/q/" + random(22)}
	if !permanent {
		t.Ends = f.opt.Now().Add(time.Duration(in.Expire) * time.Second)
	}
	f.s.Tickets[t.Ticket] = t
	f.mu.Unlock()
	f.changed()
	out := map[string]any{"ticket": t.Ticket, "url": t.URL}
	if !permanent {
		out["expire_seconds"] = in.Expire
	}
	answer(w, out)
}

// codeImage is mp.weixin.qq.com's showqrcode; it needs no token.
func (f *Fake) codeImage(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	t := f.s.Tickets[r.URL.Query().Get("ticket")]
	f.mu.Unlock()
	if t == nil {
		http.NotFound(w, r)
		return
	}
	png, err := qrcode.Encode(t.URL, qrcode.Medium, 430)
	if err != nil {
		http.Error(w, "code", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/jpg")
	_, _ = w.Write(png)
}

// ticketOf gives the ticket of a scene that is still good, "" if none was made: the event then carries none.
func (f *Fake) ticketOf(scene string) string {
	now, best := f.opt.Now(), ""
	for _, t := range f.s.Tickets {
		if t.Scene == scene && (t.Ends.IsZero() || t.Ends.After(now)) && (best == "" || t.Ticket < best) {
			best = t.Ticket
		}
	}
	return best
}

// SceneOf gives the scene behind a ticket or the address in its picture, false when there is none or it ran out.
func (f *Fake) SceneOf(ticketOrURL string) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.s.Tickets {
		if (t.Ticket == ticketOrURL || t.URL == ticketOrURL) && (t.Ends.IsZero() || t.Ends.After(f.opt.Now())) {
			return t.Scene, true
		}
	}
	return "", false
}

// Scene is a code that somebody could scan.
type Scene struct {
	Scene  string    `json:"scene"`
	Ticket string    `json:"ticket"`
	Ends   time.Time `json:"ends,omitzero"` // zero: permanent
}

// Scenes gives the codes that are still good, one per scene.
func (f *Fake) Scenes() []Scene {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := map[string]bool{}
	out := []Scene{}
	for _, t := range f.s.Tickets {
		if !seen[t.Scene] && (t.Ends.IsZero() || t.Ends.After(f.opt.Now())) {
			seen[t.Scene] = true
			out = append(out, Scene{t.Scene, t.Ticket, t.Ends})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Scene < out[j].Scene })
	return out
}
