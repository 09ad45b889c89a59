package draft

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"gorm.io/gorm/clause"

	"loudou/model"
)

// picture is one address of a picture inside an article.
type picture struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	MediaName string
	URL       string `gorm:"column:url"`
	CreatedAt time.Time
}

func (picture) TableName() string { return "draft_pictures" }

// make writes article a in WeChat's terms: pictures at WeChat's own addresses, the cover as permanent material.
func (s *Service) make(ctx context.Context, by model.Operator, a model.Article, o Options) (model.DraftArticle, error) {
	out := model.DraftArticle{Title: a.Title, Author: a.Author, Digest: a.Digest}
	if o.Comments {
		out.Comments = 1
		if o.FansOnly {
			out.FansOnly = 1
		}
	}
	var err error
	if out.Thumb, err = s.files.AsMaterial(ctx, by, a.Cover); err != nil {
		return out, field("cover", "封面", err)
	}
	out.Content, err = s.content(ctx, a.Content)
	return out, err
}

// field says which field a refusal is about.
func field(name, what string, err error) error {
	if model.OutcomeUnknown(err) || !refusal(err) {
		return err
	}
	return model.Refuse(model.ErrInvalid, model.CodeInvalid, "微信不会收这篇文章，请先改好").Field(name, what+"："+model.WordsOf(err, noAnswer))
}

// content replaces the addresses of our own pictures by WeChat's.
func (s *Service) content(ctx context.Context, content string) (string, error) {
	body := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
	nodes, err := html.ParseFragment(strings.NewReader(content), body)
	if err != nil {
		return "", fmt.Errorf("content: %w", err)
	}
	n := 0
	var walk func(*html.Node) error
	walk = func(x *html.Node) error {
		if x.Type == html.ElementNode && x.Data == "img" {
			n++
			for i, a := range x.Attr {
				if a.Key != "src" || model.MediaName(a.Val) == "" {
					continue
				}
				url, err := s.picture(ctx, a.Val)
				if err != nil {
					return field("content", fmt.Sprintf("正文第 %d 张图片", n), err)
				}
				x.Attr[i].Val = url
			}
		}
		for c := x.FirstChild; c != nil; c = c.NextSibling {
			if err := walk(c); err != nil {
				return err
			}
		}
		return nil
	}
	var out strings.Builder
	for _, x := range nodes {
		if err := walk(x); err != nil {
			return "", err
		}
		if err := html.Render(&out, x); err != nil {
			return "", fmt.Errorf("content: %w", err)
		}
	}
	return out.String(), nil
}

// picture gives WeChat's address of a picture of ours, uploading it the first time.
func (s *Service) picture(ctx context.Context, address string) (string, error) {
	name := model.MediaName(address)
	db := s.db.WithContext(ctx)
	var known []string
	if err := db.Model(&picture{}).Where("appid = ? AND media_name = ?", s.appid, name).Limit(1).Pluck("url", &known).Error; err != nil {
		return "", fmt.Errorf("picture %s: %w", name, err)
	}
	if len(known) == 1 {
		return known[0], nil
	}
	m, b, err := s.files.Picture(ctx, address)
	if err != nil {
		return "", err
	}
	if m.MIME != "image/jpeg" && m.MIME != "image/png" {
		return "", model.Refuse(model.ErrInvalid, model.CodeInvalid, "微信正文只收 jpg 和 png 图片")
	}
	if len(b) >= 1<<20 {
		return "", model.Refuse(model.ErrInvalid, model.CodeInvalid, fmt.Sprintf("有 %.1f MB，微信正文的图片应小于 1 MB", float64(len(b))/(1<<20)))
	}
	url, err := s.wechat.UploadContentPicture(ctx, name, b)
	if err != nil {
		return "", err
	}
	row := picture{AppID: s.appid, MediaName: name, URL: url, CreatedAt: model.Milli(s.now())}
	if err := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
		return "", fmt.Errorf("picture %s: %w", name, err)
	}
	return url, nil
}
