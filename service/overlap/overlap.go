// Package overlap tells what lessons and articles have in common (重复度): which items share passages, how much of each
// stands elsewhere too, and which passages an operator lets stand. It owns the tables overlap_texts, overlap_prints and
// overlap_allowances.
//
// Sweep reads every item whose version changed, keeps its plain text with winnowed fingerprints, and marks the items it
// shares prints with; then it counts what was marked. A text's row is written under its lock and only by a newer version,
// sums only where nothing was marked meanwhile, so any number of instances may sweep.
package overlap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/html"
	"gorm.io/gorm"

	"loudou/model"
)

// Source keeps the texts of one kind: service/course for lessons, service/article for articles.
type Source interface {
	// TextVersions tells the version of every item there is.
	TextVersions(ctx context.Context) (map[int64]int64, error)
	// OverlapText reads one. ErrNotFound where it is gone.
	OverlapText(ctx context.Context, id int64) (model.OverlapSource, error)
}

// Auditor keeps the trail; service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service compares.
type Service struct {
	db      *gorm.DB
	appid   string
	sources map[model.OverlapKind]Source
	audit   Auditor
	now     func() time.Time
}

// New makes the service for the account appid, whose operators allow passages; now is the business clock.
func New(db *gorm.DB, appid string, lessons, articles Source, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, sources: map[model.OverlapKind]Source{model.OverlapLesson: lessons, model.OverlapArticle: articles}, audit: audit, now: now}
}

// Item names a lesson or an article.
type Item struct {
	Kind model.OverlapKind
	Ref  int64
}

func (s *Service) text(ctx context.Context, i Item) (model.OverlapText, error) {
	var t model.OverlapText
	err := s.db.WithContext(ctx).Where("kind = ? AND ref = ?", i.Kind, i.Ref).Take(&t).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return t, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这一篇，或者还没有读到它的文字，一分钟后再看")
	}
	if err != nil {
		return t, fmt.Errorf("text of %s %d: %w", i.Kind, i.Ref, err)
	}
	return t, nil
}

// blocks are the elements that begin a line of their own.
var blocks = map[string]bool{"p": true, "div": true, "section": true, "br": true, "li": true, "ul": true, "ol": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "blockquote": true, "tr": true, "table": true, "pre": true, "figure": true, "hr": true}

// Plain is the text a reader sees of HTML, a line for each block.
func Plain(content string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(content))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken: // the end: the reader cannot fail
			lines := strings.Split(b.String(), "\n")
			out := lines[:0]
			for _, l := range lines {
				if l = strings.Join(strings.Fields(l), " "); l != "" {
					out = append(out, l)
				}
			}
			return strings.Join(out, "\n")
		case html.TextToken:
			b.WriteString(strings.ToValidUTF8(string(z.Text()), ""))
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			if blocks[string(name)] {
				b.WriteByte('\n')
			}
		}
	}
}
