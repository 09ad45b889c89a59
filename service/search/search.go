// Package search finds things of every kind by a word or a number, for the console's one search. It reads tables of
// other rooms and owns none.
package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Hit is one thing found.
type Hit struct {
	Kind   string `json:"kind" enum:"article,course,lesson,order,fan,learner,rule,broadcast,notice,campaign,signup,scene,link,coupon,task,piece"`
	ID     string `json:"id" doc:"its number; an order's out_trade_no"`
	Title  string `json:"title"`
	Note   string `json:"note" doc:"what else tells it from its like"`
	Parent string `json:"parent,omitempty" doc:"a lesson's course; a sign-up form's campaign; a task's or piece's day, 2026-01-31"`
}

const (
	perKind = 5
	looked  = 30 // the newest that match, of which the best are shown
)

// Service finds.
type Service struct {
	db             *gorm.DB
	official, mini string
}

// New makes the service for an Official Account and a Mini Program.
func New(db *gorm.DB, official, mini string) *Service {
	return &Service{db: db, official: official, mini: mini}
}

// kind is how one kind of thing is looked for: its columns, in the database's own words, are part of the program.
type kind struct {
	name   string
	table  string
	mini   bool   // rows belong to the Mini Program
	title  string // what is shown, and matched best
	more   string // matched too; "" nothing
	plain  bool   // more holds plain letters only: MySQL will not compare it with others
	deep   string // JSON, matched by words that are not plain letters, which would meet the names of fields
	note   string // SQL that gives the note
	parent string
	alive  string // a condition for what is still there
	number bool   // its number, typed, is it
}

var kinds = []kind{
	{name: "article", table: "articles", title: "title", more: "author", note: "state", number: true},
	{name: "course", table: "courses", mini: true, title: "title", more: "teacher", note: "status", alive: "draft_of IS NULL", number: true},
	{name: "lesson", table: "lessons", mini: true, title: "title", more: "chapter", note: "chapter", parent: "course_id", alive: "deleted_at IS NULL AND draft_of IS NULL"},
	{name: "rule", table: "reply_rules", title: "name", note: "kind", deep: "spec"},
	{name: "broadcast", table: "broadcasts", title: "title", note: "state"},
	{name: "notice", table: "notices", title: "title", note: "state", deep: "words"},
	{name: "campaign", table: "campaigns", title: "name", note: "created_by"},
	{name: "signup", table: "signup_forms", title: "title", note: "(SELECT name FROM campaigns WHERE campaigns.id = signup_forms.campaign_id)", parent: "campaign_id"},
	{name: "scene", table: "scene_codes", title: "scene", more: "channel", note: "channel"},
	{name: "coupon", table: "coupons", mini: true, title: "name", more: "code", plain: true, note: "code"},
	{name: "task", table: "tasks", title: "title", note: "owner", parent: "day", alive: "removed_at IS NULL"},
	{name: "piece", table: "plan_items", title: "title", more: "author", note: "column_name", parent: "day"},
	{name: "fan", table: "followers", title: "remark", note: "subscribe_scene", number: true},
}

// Find lists at most five of each kind, the best match first, kinds in the order operators look for them. A word under
// two letters (one Chinese character) finds nothing but numbers; so does one of more than 64.
func (s *Service) Find(ctx context.Context, word string) ([]Hit, error) {
	word = strings.TrimSpace(word)
	out := []Hit{}
	if word == "" || !utf8.ValidString(word) || utf8.RuneCountInString(word) > 64 {
		return out, nil
	}
	number, err := strconv.ParseInt(word, 10, 53)
	if err != nil || number < 1 {
		number = 0
	}
	enough := len(word) > 1
	orders, err := s.orders(ctx, word)
	if err != nil {
		return nil, err
	}
	out = append(out, orders...)
	for _, k := range kinds {
		hits, err := s.of(ctx, k, word, number, enough)
		if err != nil {
			return nil, err
		}
		out = append(out, hits...)
	}
	links, err := s.links(ctx, word)
	if err != nil {
		return nil, err
	}
	learners, err := s.learners(ctx, word, number)
	return append(append(out, links...), learners...), err
}

func (s *Service) appid(mini bool) string {
	if mini {
		return s.mini
	}
	return s.official
}

type row struct {
	ID          int64
	Title, Note string
	Parent      int64
}

func (s *Service) of(ctx context.Context, k kind, word string, number int64, enough bool) ([]Hit, error) {
	if !enough && (number == 0 || !k.number) {
		return nil, nil
	}
	fields := "id, " + k.title + " AS title, " + cmp.Or(k.note, "''") + " AS note, " + cmp.Or(k.parent, "0") + " AS parent"
	q := s.db.WithContext(ctx).Table(k.table).Select(fields).Where("appid = ?", s.appid(k.mini))
	if k.alive != "" {
		q = q.Where(k.alive)
	}
	var terms []string
	var args []any
	if enough {
		like := "%" + store.EscapeLike(word) + "%"
		terms, args = append(terms, k.title+" LIKE ? ESCAPE '!'"), append(args, like)
		if k.more != "" && (!k.plain || ascii(word)) {
			terms, args = append(terms, k.more+" LIKE ? ESCAPE '!'"), append(args, like)
		}
		if k.deep != "" && !ascii(word) {
			terms, args = append(terms, k.deep+" LIKE ? ESCAPE '!'"), append(args, like)
		}
		if k.name == "fan" && ascii(word) && len(word) >= 6 {
			terms, args = append(terms, "openid LIKE ? ESCAPE '!'"), append(args, store.EscapeLike(word)+"%")
		}
	}
	if number > 0 && k.number {
		terms, args = append(terms, "id = ?"), append(args, number)
	}
	var rows []row
	if err := q.Where("("+strings.Join(terms, " OR ")+")", args...).Order("id DESC").Limit(looked).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("search %s: %w", k.table, err)
	}
	rank := func(id int64, title string) int {
		title, word := strings.ToLower(title), strings.ToLower(word)
		switch {
		case title == word, k.number && id == number:
			return 0
		case strings.HasPrefix(title, word):
			return 1
		case strings.Contains(title, word):
			return 2
		}
		return 3
	}
	hits := make([]Hit, 0, len(rows))
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(rank(a.ID, a.Title), rank(b.ID, b.Title)) })
	for _, r := range rows[:min(perKind, len(rows))] {
		h := Hit{Kind: k.name, ID: strconv.FormatInt(r.ID, 10), Title: r.Title, Note: r.Note}
		switch {
		case k.parent == "day" && r.Parent > 0:
			h.Parent = model.DayName(int(r.Parent))
		case r.Parent > 0 && k.parent != "day":
			h.Parent = strconv.FormatInt(r.Parent, 10)
		}
		hits = append(hits, h)
	}
	return hits, nil
}

// orders are found by any number that stands on a receipt: ours, WeChat's, a refund's; whole, so by a key.
func (s *Service) orders(ctx context.Context, word string) ([]Hit, error) {
	if !ascii(word) || len(word) < 8 {
		return nil, nil
	}
	db := s.db.WithContext(ctx)
	// Each number is looked up by its own key: with an OR between them the database reads all the orders there are.
	var ids []int64
	err := db.Raw(`SELECT id FROM orders WHERE out_trade_no = ?
		UNION SELECT order_id FROM payments WHERE out_trade_no = ?
		UNION SELECT order_id FROM payments WHERE via IN ? AND transaction_id = ?
		UNION SELECT order_id FROM refunds WHERE out_refund_no = ?
		UNION SELECT order_id FROM refunds WHERE refund_id = ?`, word, word, []model.Via{model.ViaJSAPI, model.ViaXPay}, word, word, word).Scan(&ids).Error
	var rows []model.Order
	if err == nil && len(ids) > 0 {
		err = db.Select("id", "out_trade_no", "title", "status").Where("appid = ? AND id IN ?", s.mini, ids).Order("id DESC").Limit(perKind).Find(&rows).Error
	}
	if err != nil {
		return nil, fmt.Errorf("search orders: %w", err)
	}
	hits := make([]Hit, 0, len(rows))
	for _, o := range rows {
		hits = append(hits, Hit{Kind: "order", ID: o.OutTradeNo, Title: o.Title, Note: string(o.Status)})
	}
	return hits, nil
}

func (s *Service) links(ctx context.Context, word string) ([]Hit, error) {
	if len(word) < 2 {
		return nil, nil
	}
	q := s.db.WithContext(ctx).Table("links").Select("id, code, target, channel").Where("appid = ?", s.official)
	like := "%" + store.EscapeLike(word) + "%"
	if ascii(word) {
		q = q.Where("(code = ? OR channel LIKE ? ESCAPE '!' OR target LIKE ? ESCAPE '!')", word, like, like)
	} else {
		q = q.Where("channel LIKE ? ESCAPE '!'", like)
	}
	var rows []struct {
		ID                    int64
		Code, Target, Channel string
	}
	if err := q.Order("id DESC").Limit(perKind).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("search links: %w", err)
	}
	hits := make([]Hit, 0, len(rows))
	for _, r := range rows {
		hits = append(hits, Hit{Kind: "link", ID: strconv.FormatInt(r.ID, 10), Title: r.Code, Note: cmp.Or(r.Channel, r.Target)})
	}
	return hits, nil
}

// learners are found by number, or by the beginning of their openid.
func (s *Service) learners(ctx context.Context, word string, number int64) ([]Hit, error) {
	long := ascii(word) && len(word) >= 6
	if number == 0 && !long {
		return nil, nil
	}
	q := s.db.WithContext(ctx).Table("learners").Where("appid = ? AND erased_at IS NULL", s.mini)
	if long {
		q = q.Where("(id = ? OR openid LIKE ? ESCAPE '!')", number, store.EscapeLike(word)+"%")
	} else {
		q = q.Where("id = ?", number)
	}
	var ids []int64
	if err := q.Order("id DESC").Limit(perKind).Pluck("id", &ids).Error; err != nil {
		return nil, fmt.Errorf("search learners: %w", err)
	}
	hits := make([]Hit, 0, len(ids))
	for _, id := range ids {
		hits = append(hits, Hit{Kind: "learner", ID: strconv.FormatInt(id, 10)})
	}
	return hits, nil
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
