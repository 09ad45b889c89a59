package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// MaterialKind is what a piece of the Official Account's material is, in WeChat's own words.
type MaterialKind string

// The kinds of material. News are articles made before the draft box: they can be read and used, not made.
const (
	MaterialImage MaterialKind = "image"
	MaterialVoice MaterialKind = "voice"
	MaterialVideo MaterialKind = "video"
	MaterialThumb MaterialKind = "thumb"
	MaterialNews  MaterialKind = "news"
)

// MaterialLimit is what WeChat takes of a kind. Source: 新增临时素材, 新增永久素材.
type MaterialLimit struct {
	Name    string
	Bytes   int64
	Formats []string // by their bytes
	Seconds float64  // 0: no limit
	Most    int64    // permanent ones an account may have, with the others of Shares
	Shares  []MaterialKind
}

// MaterialLimits are WeChat's limits by kind.
var MaterialLimits = map[MaterialKind]MaterialLimit{
	MaterialImage: {Name: "图片", Bytes: 10 << 20, Formats: []string{"jpg", "png", "gif", "bmp"}, Most: 100_000, Shares: []MaterialKind{MaterialImage, MaterialNews}},
	MaterialVoice: {Name: "语音", Bytes: 2 << 20, Formats: []string{"mp3", "wma", "wav", "amr"}, Seconds: 60, Most: 1000, Shares: []MaterialKind{MaterialVoice}},
	MaterialVideo: {Name: "视频", Bytes: 10 << 20, Formats: []string{"mp4"}, Most: 1000, Shares: []MaterialKind{MaterialVideo}},
	MaterialThumb: {Name: "缩略图", Bytes: 64 << 10, Formats: []string{"jpg"}, Most: 1000, Shares: []MaterialKind{MaterialThumb}},
	MaterialNews:  {Name: "图文", Most: 100_000, Shares: []MaterialKind{MaterialImage, MaterialNews}},
}

const (
	// MaterialLife is how long temporary material lives at WeChat.
	MaterialLife = 72 * time.Hour
	// MaterialRenewed is how long before its end temporary material in use is uploaded again.
	MaterialRenewed = 12 * time.Hour

	materialTitle, materialIntro = 64, 300
)

// Material is one piece of material of an Official Account. MediaID is its name, by which replies and menus hold it.
// WeChat gives temporary material a new name with each upload: CurrentID is what WeChat knows it by now.
type Material struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	MediaID      string
	CurrentID    string
	Kind         MaterialKind
	Permanent    bool
	Name         string // WeChat's, of the file; not to be changed there
	Title        string // ours; "" leaves WeChat's. Of a video, what fans read.
	Intro        string
	URL          string `gorm:"column:url"` // at WeChat
	Format       string // "" when only WeChat has it
	Bytes        int64
	Seconds      float64
	SHA256       string  `gorm:"column:sha256"` // of what was uploaded here
	File         *string // Media.Name of our own copy
	CoverID      string  // of news: the media_id of the first one's picture
	Articles     int     // of news
	ExpiresAt    *time.Time
	Renewals     int
	LastError    string // why the last renewal or copy failed
	SeenSync     int64
	GoneAt       *time.Time // no longer at WeChat
	OperatorName string     // who put it there; "" when it came from WeChat
	ChangedAt    time.Time  // WeChat's update_time
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// TableName keeps the table's name apart from the type's.
func (Material) TableName() string { return "materials" }

// Label is what people read.
func (m *Material) Label() string {
	switch {
	case m.Title != "":
		return m.Title
	case m.Name != "":
		return m.Name
	}
	return "没有名字的" + MaterialLimits[m.Kind].Name
}

// MaterialState is how far a piece of material can be relied on.
type MaterialState string

// The states of material.
const (
	MaterialStays    MaterialState = "permanent" // until it is deleted
	MaterialEnds     MaterialState = "temporary"
	MaterialExpired  MaterialState = "expired"
	MaterialGone     MaterialState = "gone"
	MaterialUnknown  MaterialState = "unknown"  // not in the library, though all was looked through
	MaterialUnlooked MaterialState = "unlooked" // not in the library, which was never looked through
)

// State is how far m can be relied on at now.
func (m *Material) State(now time.Time) MaterialState {
	switch {
	case m.GoneAt != nil:
		return MaterialGone
	case m.Permanent:
		return MaterialStays
	case m.ExpiresAt == nil || !m.ExpiresAt.After(now):
		return MaterialExpired
	}
	return MaterialEnds
}

// Renews says whether m, in use, is uploaded again by itself before it ends: our own copy is there.
func (m *Material) Renews() bool {
	return !m.Permanent && m.GoneAt == nil && m.File != nil && *m.File != ""
}

// MaterialFact is what is known of a media_id that something points at.
type MaterialFact struct {
	State     MaterialState
	Label     string
	ExpiresAt *time.Time
	Renews    bool
	Failed    string // why the last renewal failed
}

// Warning says in Chinese why pointing at the material will not do; "" when it will. permanent: only permanent
// material does, as in a menu.
func (f MaterialFact) Warning(id string, permanent bool) string {
	if len(id) > 12 {
		id = id[:12] + "…"
	}
	switch f.State {
	case MaterialGone:
		return fmt.Sprintf("素材「%s」已经从公众号删除，请换一个", f.Label)
	case MaterialUnknown:
		return fmt.Sprintf("公众号素材库里没有素材 %s：可能已删除，也可能是临时素材，上传三天后就失效", id)
	case MaterialUnlooked:
		return fmt.Sprintf("素材 %s 不是在这里选的：如果是临时素材，上传三天后就失效，请换成永久素材", id)
	case MaterialEnds, MaterialExpired:
		at := ""
		if f.ExpiresAt != nil {
			at = f.ExpiresAt.In(Shanghai).Format("01-02 15:04")
		}
		switch {
		case permanent:
			return fmt.Sprintf("素材「%s」是临时的，菜单只能用永久素材", f.Label)
		case f.State == MaterialExpired && f.Failed != "":
			return fmt.Sprintf("临时素材「%s」已在 %s 失效，自动续传没有成功：%s", f.Label, at, f.Failed)
		case f.State == MaterialExpired && f.Renews:
			return fmt.Sprintf("临时素材「%s」已在 %s 失效，保存后会自动续传", f.Label, at)
		case f.State == MaterialExpired:
			return fmt.Sprintf("临时素材「%s」已在 %s 失效，请换一个", f.Label, at)
		case f.Failed != "":
			return fmt.Sprintf("临时素材「%s」将在 %s 失效，自动续传没有成功：%s", f.Label, at, f.Failed)
		case !f.Renews:
			return fmt.Sprintf("临时素材「%s」将在 %s 失效，这里没有原文件，不能自动续传，请换成永久素材", f.Label, at)
		}
	}
	return ""
}

// MaterialUpload is a file on its way to WeChat.
type MaterialUpload struct {
	Kind      MaterialKind
	Permanent bool
	Name      string // of the file, with the ending WeChat tells the format by
	Title     string // of a permanent video, needed
	Intro     string
	Data      []byte
}

// Check says in Chinese, by field, what WeChat would refuse in a file of this format and length.
func (u MaterialUpload) Check(format string, seconds float64) error {
	bad := Refuse(ErrInvalid, CodeInvalid, "这个文件微信不会收")
	l, ok := MaterialLimits[u.Kind]
	if !ok || len(l.Formats) == 0 {
		return bad.Field("kind", "只能上传图片、语音、视频和缩略图")
	}
	switch size := int64(len(u.Data)); {
	case size == 0:
		bad.Field("file", "文件是空的")
	case !slices.Contains(l.Formats, format):
		bad.Field("file", fmt.Sprintf("%s只收 %s，以文件内容为准", l.Name, strings.Join(l.Formats, "、")))
	case size > l.Bytes:
		bad.Field("file", fmt.Sprintf("%s最大 %s，这个文件有 %s", l.Name, bytesText(l.Bytes), bytesText(size)))
	case l.Seconds > 0 && seconds <= 0:
		bad.Field("file", "读不出这段"+l.Name+"有多长，文件可能已损坏")
	case l.Seconds > 0 && seconds > l.Seconds:
		bad.Field("file", fmt.Sprintf("%s最长 %.0f 秒，这个文件有 %.1f 秒", l.Name, l.Seconds, seconds))
	}
	for name, v := range map[string]string{"title": u.Title, "intro": u.Intro, "file": u.Name} {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			bad.Field(name, "有无法显示的字符")
		}
	}
	title, intro := utf8.RuneCountInString(u.Title), utf8.RuneCountInString(u.Intro)
	if u.Kind == MaterialVideo && u.Permanent && strings.TrimSpace(u.Title) == "" {
		bad.Field("title", "永久视频要有标题，粉丝会看到")
	}
	if title > materialTitle {
		bad.Field("title", fmt.Sprintf("标题有 %d 个字，最多 %d 个", title, materialTitle))
	}
	if intro > materialIntro {
		bad.Field("intro", fmt.Sprintf("简介有 %d 个字，最多 %d 个", intro, materialIntro))
	}
	if len(bad.Fields) == 0 {
		return nil
	}
	return bad
}

func bytesText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// MaterialAt is where WeChat put an upload.
type MaterialAt struct {
	MediaID string
	URL     string    // permanent pictures only
	At      time.Time // of a temporary one, when its life began
}

// MaterialItem is one line of WeChat's list of permanent material.
type MaterialItem struct {
	MediaID   string
	Name      string
	URL       string
	UpdatedAt time.Time
	Articles  []MaterialArticle // of news
}

// MaterialArticle is one article of news.
type MaterialArticle struct {
	Title, Digest, URL string
	Thumb              string // media_id of its picture
}

// MaterialContent is what WeChat holds under a media_id: bytes, or words about a video or news.
type MaterialContent struct {
	Data         []byte
	Title, Intro string
}

// MaterialUse is one thing that refers to material.
type MaterialUse struct {
	MediaID string `json:"-"`
	File    string `json:"-"` // instead of MediaID: our own copy
	Where   string `json:"where" enum:"reply,welcome,menu,draft,broadcast"`
	Title   string `json:"title"`
	Link    string `json:"link"`
	Live    bool   `json:"live" doc:"fans get it now"`
}

// MaterialSync is a walk through all permanent material at WeChat.
type MaterialSync struct {
	ID        int64
	State     string // running, done, failed, stopped
	Phase     string // image, voice, video, news, gone, copies
	Total     int64
	Seen      int64
	Fresh     int64
	Gone      int64
	Copied    int64
	ResumeAt  *time.Time
	LastError string
	By        string
	StartedAt time.Time
	EndedAt   *time.Time
	UpdatedAt time.Time
}

// Fact is what is known of m at now.
func (m *Material) Fact(now time.Time) MaterialFact {
	return MaterialFact{State: m.State(now), Label: m.Label(), ExpiresAt: m.ExpiresAt, Renews: m.Renews(), Failed: m.LastError}
}
