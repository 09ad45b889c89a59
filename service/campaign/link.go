// Package campaign keeps campaigns (活动) and tracked links. It owns the campaigns, campaign_items and links tables.
//
// A campaign begins and ends by its days: its state is read from them, so nothing has to run, or can be missed, at
// midnight. What it brought is counted by the number that its codes, links and Mini Program paths carry.
package campaign

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Facts takes events of ours in: service/event.
type Facts interface {
	Add(tx *gorm.DB, e model.Event) error
}

// Persons gives the number of a browser that carries a number of ours: service/person.
type Persons interface {
	EnsureClient(tx *gorm.DB, appid, client, unionid string) (int64, error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Catalogue tells which of the numbers are of things that exist: figure.Catalogue.
type Catalogue interface {
	Among(ctx context.Context, ids []int64) ([]int64, error)
}

// Service keeps the links of the account appid.
type Service struct {
	db      *gorm.DB
	appid   string
	facts   Facts
	persons Persons
	audit   Auditor
	things  map[model.CampaignKind]Catalogue
	now     func() time.Time
}

// New makes the service; things tell what can belong to a campaign, now is the business clock.
func New(db *gorm.DB, appid string, facts Facts, persons Persons, audit Auditor, things map[model.CampaignKind]Catalogue, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, facts: facts, persons: persons, audit: audit, things: things, now: now}
}

type linkRow struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	Code         string
	Target       string
	Channel      string
	CampaignID   int64
	ArticleID    int64
	Clicks       int64
	Robots       int64
	OperatorID   int64
	OperatorName string
	CreatedAt    time.Time
}

func (linkRow) TableName() string { return "links" }

// alphabet has no letters that look alike: 31^9 codes.
const alphabet = "23456789abcdefghjkmnpqrstuvwxyz"

func newCode() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails: the runtime ends the process instead
	b := make([]byte, 0, 9)
	for _, c := range raw {
		if int(c) < 256/len(alphabet)*len(alphabet) && len(b) < 9 {
			b = append(b, alphabet[int(c)%len(alphabet)])
		}
	}
	return string(b)
}

// target refuses everything a browser should not be sent to: only whole https addresses.
func target(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Opaque == "" && len(s) <= 2048 &&
		utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' })
}

// CreateLink makes a link. Errors: ErrInvalid for a target that is no https address, or an article or a
// campaign that is not there: clicks counted for it would be on no page.
func (s *Service) CreateLink(ctx context.Context, by model.Operator, l model.Link) (model.Link, error) {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	if !target(l.Target) {
		bad.Field("target", "目标应为 https:// 开头的完整网址")
	}
	if len(l.Channel) > 64 {
		bad.Field("channel", "渠道最多 64 字节")
	}
	if l.ArticleID != 0 {
		found, err := s.things[model.CampaignArticle].Among(ctx, []int64{l.ArticleID})
		if err != nil {
			return model.Link{}, fmt.Errorf("create link: %w", err)
		}
		if len(found) == 0 {
			bad.Field("article_id", "没有这篇文章")
		}
	}
	if l.CampaignID != 0 {
		if _, err := s.One(ctx, l.CampaignID); errors.Is(err, model.ErrNotFound) {
			bad.Field("campaign_id", "没有这个活动")
		} else if err != nil {
			return model.Link{}, fmt.Errorf("create link: %w", err)
		}
	}
	if len(bad.Fields) > 0 {
		return model.Link{}, bad
	}
	var r linkRow
	var err error
	for range 3 {
		r = linkRow{AppID: s.appid, Code: newCode(), Target: l.Target, Channel: l.Channel, CampaignID: l.CampaignID, ArticleID: l.ArticleID, OperatorID: by.ID, OperatorName: by.Name, CreatedAt: model.Milli(s.now())}
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			if err := tx.Create(&r).Error; err != nil {
				return err
			}
			return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "link.create", Object: "link", ObjectID: r.Code, After: r.Target})
		})
		if _, dup := store.Duplicate(err); !dup {
			break
		}
	}
	if err != nil {
		return model.Link{}, fmt.Errorf("create link: %w", err)
	}
	return r.view(), nil
}

func (r *linkRow) view() model.Link {
	return model.Link{ID: r.ID, Code: r.Code, Target: r.Target, Channel: r.Channel, CampaignID: r.CampaignID, ArticleID: r.ArticleID, Clicks: r.Clicks, Robots: r.Robots, By: r.OperatorName, CreatedAt: r.CreatedAt.UTC()}
}

// Links lists links, the latest first, below the row numbered before (0: from the top).
func (s *Service) Links(ctx context.Context, before int64, limit int) ([]model.Link, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var rows []linkRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	out := make([]model.Link, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].view())
	}
	return out, nil
}

// LinksOf lists the links of a campaign, the latest first.
func (s *Service) LinksOf(ctx context.Context, campaignID int64, limit int) ([]model.Link, error) {
	var rows []linkRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND campaign_id = ?", s.appid, campaignID).Order("id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("links of campaign %d: %w", campaignID, err)
	}
	out := make([]model.Link, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].view())
	}
	return out, nil
}

// HasLink tells whether there is a link of this code.
func (s *Service) HasLink(ctx context.Context, code string) (bool, error) {
	var n int64
	if err := s.db.WithContext(ctx).Model(&linkRow{}).Where("appid = ? AND code = ?", s.appid, code).Count(&n).Error; err != nil {
		return false, fmt.Errorf("link: %w", err)
	}
	return n > 0, nil
}

// Visit is one request for a link.
type Visit struct {
	Code   string
	Client string // the number in the browser's cookie
	ID     string // this request's own, so that the click is one event
	Robot  bool   // HEAD, a preview, a crawler
}

// Follow counts the visit and gives the target. ErrNotFound for an unknown code. A click that cannot be
// written does not keep a reader from the page: err is then set beside the target.
func (s *Service) Follow(ctx context.Context, v Visit) (to string, err error) {
	if len(v.Code) > 32 || strings.ContainsFunc(v.Code, func(r rune) bool { return !strings.ContainsRune(alphabet, r) }) {
		return "", model.ErrNotFound
	}
	var r linkRow
	if err := s.db.WithContext(ctx).Where("code = ?", v.Code).Take(&r).Error; err != nil {
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return "", fmt.Errorf("link: %w", model.ErrNotFound)
		}
		return "", fmt.Errorf("link: %w: %w", model.ErrUnavailable, err)
	}
	if !target(r.Target) { // a row changed behind our back leads nowhere
		return "", fmt.Errorf("link %s: %w", r.Code, model.ErrNotFound)
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		column := "clicks"
		if v.Robot {
			column = "robots"
		}
		if err := tx.Model(&linkRow{}).Where("id = ?", r.ID).Update(column, gorm.Expr(column+" + 1")).Error; err != nil {
			return fmt.Errorf("count click: %w", err)
		}
		if v.Robot {
			return nil
		}
		person, err := s.persons.EnsureClient(tx, r.AppID, v.Client, "")
		if err != nil {
			return err
		}
		return s.facts.Add(tx, model.Event{
			Key: "click:" + v.ID, AppID: r.AppID, Type: model.EventLinkClick, OccurredAt: model.Milli(s.now()), PersonID: person,
			ArticleID: r.ArticleID, CampaignID: r.CampaignID, Channel: r.Channel, Code: r.Code,
		})
	})
	return r.Target, err
}
