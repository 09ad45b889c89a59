package model

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// PosterKind is what the code on a poster leads to.
type PosterKind string

// The kinds.
const (
	PosterCode PosterKind = "code" // a scene code, by its scene
	PosterLink PosterKind = "link" // a tracked link, by its code
)

// Poster is a picture with a code to be scanned: a ground of one colour or a picture, a title over it, a line beside
// the code. The picture is drawn anew each time it is looked at.
type Poster struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	CampaignID int64  // 0: none
	Title      string // up to three lines
	Note       string // beside the code
	Colour     string // #1a2b3c
	Picture    string // address of an uploaded picture; "": the colour alone
	Kind       PosterKind
	Ref        string
	Version    int64
	CreatedBy  string
	UpdatedBy  string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (Poster) TableName() string { return "posters" }

// Bounds of a poster.
const (
	PosterLines = 3
	posterTitle = 40
	posterNote  = 40
)

var posterColour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// Check trims the texts and refuses what is no poster. ErrInvalid names the fields.
func (p *Poster) Check() error {
	p.Title, p.Note, p.Colour = strings.TrimSpace(strings.ReplaceAll(p.Title, "\r\n", "\n")), strings.TrimSpace(p.Note), strings.ToLower(p.Colour)
	odd := func(s string) bool {
		return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	}
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	if n := utf8.RuneCountInString(p.Title); n < 1 || n > posterTitle || odd(strings.ReplaceAll(p.Title, "\n", "")) || strings.Count(p.Title, "\n") >= PosterLines {
		bad.Field("title", fmt.Sprintf("标题 1 到 %d 个字，最多 %d 行", posterTitle, PosterLines))
	}
	if utf8.RuneCountInString(p.Note) > posterNote || odd(p.Note) {
		bad.Field("note", fmt.Sprintf("最多 %d 个字，一行", posterNote))
	}
	if !posterColour.MatchString(p.Colour) {
		bad.Field("colour", "颜色应为 #1a2b3c 的写法")
	}
	if p.Picture != "" && MediaName(p.Picture) == "" {
		bad.Field("picture", "请上传图片")
	}
	if p.Kind != PosterCode && p.Kind != PosterLink {
		bad.Field("kind", "选二维码或链接")
	}
	if p.Ref == "" || len(p.Ref) > 64 {
		bad.Field("ref", "选一个二维码或链接")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}
