package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Articles knows the articles that pieces lead to: service/article. Those it does not know are left out.
type Articles interface {
	Brief(ctx context.Context, ids []int64) (map[int64]model.Article, error)
}

// Broadcasts knows the mass sends that pieces go out with: service/broadcast.
type Broadcasts interface {
	Brief(ctx context.Context, ids []int64) (map[int64]model.Broadcast, error)
}

// Piece is a planned piece with how far it is by what is linked.
type Piece struct {
	model.PlanItem
	Stage          model.ArticleState
	ArticleTitle   string
	BroadcastTitle string
	Clash          bool // shares its place with another
}

// Calendar is a span of days of planned pieces.
type Calendar struct {
	Pieces   []Piece
	Gaps     []model.PlanGap
	Template model.PlanTemplate
	Fills    []model.PlanFill // the weeks of the span that were filled
}

// Calendar gives what is planned to go out on the days from … to.
func (s *Service) Calendar(ctx context.Context, from, to int) (Calendar, error) {
	c := Calendar{Pieces: []Piece{}, Fills: []model.PlanFill{}}
	if from > to || model.DayStart(to).Sub(model.DayStart(from)).Hours() > 93*24 {
		return c, model.Refuse(model.ErrInvalid, model.CodeInvalid, "一次最多看三个月")
	}
	db := s.db.WithContext(ctx)
	var items []model.PlanItem
	if err := db.Where("appid = ? AND day >= ? AND day <= ?", s.appid, from, to).Order("day, slot, id").Limit(1000).Find(&items).Error; err != nil {
		return c, fmt.Errorf("calendar: %w", err)
	}
	var err error
	if c.Pieces, err = s.pieces(ctx, items); err != nil {
		return c, err
	}
	clash := model.PlanClashes(items)
	for i := range c.Pieces {
		c.Pieces[i].Clash = clash[c.Pieces[i].ID]
	}
	if c.Template, err = s.Template(ctx); err != nil {
		return c, err
	}
	c.Gaps = model.PlanGaps(c.Template.List(), items, from, to, model.DayNumber(s.now()))
	if err := db.Where("appid = ? AND week >= ? AND week <= ?", s.appid, mondayOf(from), to).Order("week").Find(&c.Fills).Error; err != nil {
		return c, fmt.Errorf("filled weeks: %w", err)
	}
	return c, nil
}

// mondayOf is the first day of the week that day lies in.
func mondayOf(day int) int {
	return model.DayNumber(model.DayStart(day).AddDate(0, 0, 1-model.Weekday(day)))
}

// pieces asks what is linked how far it is.
func (s *Service) pieces(ctx context.Context, items []model.PlanItem) ([]Piece, error) {
	var articles, sends []int64
	for _, i := range items {
		if i.ArticleID != nil {
			articles = append(articles, *i.ArticleID)
		}
		if i.BroadcastID != nil {
			sends = append(sends, *i.BroadcastID)
		}
	}
	known, err := s.articles.Brief(ctx, articles)
	if err != nil {
		return nil, err
	}
	sent, err := s.broadcasts.Brief(ctx, sends)
	if err != nil {
		return nil, err
	}
	out := make([]Piece, 0, len(items))
	for _, i := range items {
		p := Piece{PlanItem: i}
		var a model.Article
		var b model.Broadcast
		if i.ArticleID != nil {
			a = known[*i.ArticleID]
		}
		if i.BroadcastID != nil {
			b = sent[*i.BroadcastID]
		}
		p.Stage, p.ArticleTitle, p.BroadcastTitle = i.PlanFields.Stage(a.State, b.State), a.Title, b.Title
		out = append(out, p)
	}
	return out, nil
}

// Piece reads one planned piece.
func (s *Service) Piece(ctx context.Context, id int64) (Piece, error) {
	var i model.PlanItem
	if err := s.db.WithContext(ctx).Where("appid = ? AND id = ?", s.appid, id).Take(&i).Error; err != nil {
		return Piece{}, noPiece(err, id)
	}
	all, err := s.pieces(ctx, []model.PlanItem{i})
	if err != nil {
		return Piece{}, err
	}
	return all[0], nil
}

// linked checks that what f leads to is ours.
func (s *Service) linked(ctx context.Context, f model.PlanFields) error {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	if f.ArticleID != nil {
		known, err := s.articles.Brief(ctx, []int64{*f.ArticleID})
		if err != nil {
			return err
		}
		if _, ok := known[*f.ArticleID]; !ok {
			bad.Field("article_id", "没有这篇文章")
		}
	}
	if f.BroadcastID != nil {
		known, err := s.broadcasts.Brief(ctx, []int64{*f.BroadcastID})
		if err != nil {
			return err
		}
		if _, ok := known[*f.BroadcastID]; !ok {
			bad.Field("broadcast_id", "没有这次群发")
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// AddPiece plans a piece. One article belongs to one piece: ErrConflict "linked".
func (s *Service) AddPiece(ctx context.Context, by model.Operator, f model.PlanFields) (Piece, error) {
	if err := f.Check(); err != nil {
		return Piece{}, err
	}
	if err := s.linked(ctx, f); err != nil {
		return Piece{}, err
	}
	now := model.Milli(s.now())
	i := model.PlanItem{AppID: s.appid, PlanFields: f, Version: 1, CreatedBy: by.Name, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		i.ID = 0
		if err := tx.Create(&i).Error; err != nil {
			return twice(err)
		}
		return s.pieceTrail(tx, by, "piece.create", i, nil)
	})
	if err != nil {
		return Piece{}, err
	}
	return s.Piece(ctx, i.ID)
}

func twice(err error) error {
	if _, dup := store.Duplicate(err); dup {
		return model.Refuse(model.ErrConflict, "linked", "这篇文章已经在日历上了").Field("article_id", "这篇文章已经在日历上了，请到那一天去找")
	}
	return fmt.Errorf("plan item: %w", err)
}

// SavePiece rewrites piece id. Errors: ErrInvalid, ErrNotFound, ErrConflict ("version", "linked", "published").
func (s *Service) SavePiece(ctx context.Context, by model.Operator, id, version int64, f model.PlanFields) (Piece, error) {
	if err := f.Check(); err != nil {
		return Piece{}, err
	}
	if err := s.linked(ctx, f); err != nil {
		return Piece{}, err
	}
	now, err := s.Piece(ctx, id)
	if err != nil {
		return now, err
	}
	if err := now.mayStand(f.Day, f.Slot); err != nil {
		return now, err
	}
	return s.changePiece(ctx, by, id, version, "piece.save", func(i *model.PlanItem) error {
		i.PlanFields = f
		return nil
	})
}

// MovePiece puts piece id on another day, or into another place of its push.
func (s *Service) MovePiece(ctx context.Context, by model.Operator, id, version int64, day, slot int) (Piece, error) {
	if day == 0 || slot < 1 || slot > model.PlanSlots {
		return Piece{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("slot", "一次推送有 1 到 8 条")
	}
	now, err := s.Piece(ctx, id)
	if err != nil {
		return now, err
	}
	if err := now.mayStand(day, slot); err != nil {
		return now, err
	}
	return s.changePiece(ctx, by, id, version, "piece.move", func(i *model.PlanItem) error {
		i.Day, i.Slot = day, slot
		return nil
	})
}

// mayStand refuses to put what is out elsewhere.
func (p Piece) mayStand(day, slot int) error {
	if p.Stage == model.ArticlePublished && (p.Day != day || p.Slot != slot) {
		return model.Refuse(model.ErrConflict, "published", "已经发布的不能再换日子").Field("day", "已经发布的不能再换日子")
	}
	return nil
}

func (s *Service) changePiece(ctx context.Context, by model.Operator, id, version int64, action string, fn func(i *model.PlanItem) error) (Piece, error) {
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var i model.PlanItem
		if err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Take(&i).Error; err != nil {
			return noPiece(err, id)
		}
		if version != 0 && version != i.Version {
			return changed(i.UpdatedBy, i.UpdatedAt, "这条选题", i.Version)
		}
		before := i
		if err := fn(&i); err != nil {
			return err
		}
		i.Version, i.UpdatedBy, i.UpdatedAt = i.Version+1, by.Name, model.Milli(s.now())
		err := tx.Model(&i).Select("day", "slot", "title", "column_name", "author", "state", "target_kpi", "target", "hypothesis", "article_id", "broadcast_id", "version", "updated_by", "updated_at").Updates(i).Error
		if err != nil {
			return twice(err)
		}
		return s.pieceTrail(tx, by, action, i, &before)
	})
	if err != nil {
		return Piece{}, err
	}
	return s.Piece(ctx, id)
}

func changed(by string, at time.Time, what string, version int64) error {
	return model.Refuse(model.ErrConflict, "version", fmt.Sprintf("%s 在 %s 改过%s，请先看看改了什么", by, at.In(model.Shanghai).Format("2006-01-02 15:04:05"), what)).Field("version", strconv.FormatInt(version, 10))
}

// RemovePiece takes piece id off the calendar; article and mass send stay. Twice is once.
func (s *Service) RemovePiece(ctx context.Context, by model.Operator, id int64) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var i model.PlanItem
		if err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Take(&i).Error; err != nil {
			if errors.Is(err, gorm.ErrRecordNotFound) {
				return nil
			}
			return noPiece(err, id)
		}
		if err := tx.Delete(&i).Error; err != nil {
			return fmt.Errorf("remove plan item %d: %w", id, err)
		}
		return s.pieceTrail(tx, by, "piece.delete", model.PlanItem{ID: id}, &i)
	})
}

func noPiece(err error, id int64) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这条选题，可能已被删除")
	}
	return fmt.Errorf("plan item %d: %w", id, err)
}

func (s *Service) pieceTrail(tx *gorm.DB, by model.Operator, action string, i model.PlanItem, before *model.PlanItem) error {
	say := func(i model.PlanItem) map[string]any {
		return map[string]any{"title": i.Title, "day": i.Day, "slot": i.Slot, "column": i.ColumnName, "state": i.Hand}
	}
	e := model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "piece", ObjectID: strconv.FormatInt(i.ID, 10)}
	if before != nil {
		e.Before = model.AuditJSON(say(*before))
	}
	if action != "piece.delete" {
		e.After = model.AuditJSON(say(i))
	}
	return s.operators.Audit(tx, e)
}

// Template is the columns of a week; empty where none were written yet.
func (s *Service) Template(ctx context.Context) (model.PlanTemplate, error) {
	t := model.PlanTemplate{AppID: s.appid}
	err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Take(&t).Error
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return t, fmt.Errorf("week template: %w", err)
	}
	return t, nil
}

// SaveTemplate writes the columns of a week; version is the one looked at, 0 for the first.
func (s *Service) SaveTemplate(ctx context.Context, by model.Operator, version int64, columns []model.PlanColumn) (model.PlanTemplate, error) {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	seen := map[[2]int]bool{}
	for n := range columns {
		c := &columns[n]
		c.Column, c.Author = strings.TrimSpace(c.Column), strings.TrimSpace(c.Author)
		k := [2]int{c.Weekday, c.Slot}
		switch {
		case c.Weekday < 1 || c.Weekday > 7 || c.Slot < 1 || c.Slot > model.PlanSlots:
			bad.Field(fmt.Sprintf("columns[%d]", n), "周一到周日，每天 1 到 8 条")
		case c.Column == "" || utf8.RuneCountInString(c.Column) > 32 || utf8.RuneCountInString(c.Author) > 32:
			bad.Field(fmt.Sprintf("columns[%d].column", n), "请写栏目，最多 32 个字")
		case seen[k]:
			bad.Field(fmt.Sprintf("columns[%d].slot", n), "这一天的这一条已经有栏目了")
		}
		seen[k] = true
	}
	if len(bad.Fields) > 0 {
		return model.PlanTemplate{}, bad
	}
	raw, err := json.Marshal(columns)
	if err != nil {
		return model.PlanTemplate{}, fmt.Errorf("week template: %w", err)
	}
	t := model.PlanTemplate{AppID: s.appid, Columns: string(raw), Version: version + 1, UpdatedBy: by.Name, UpdatedAt: model.Milli(s.now())}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var old model.PlanTemplate
		err := store.Lock(tx).Where("appid = ?", s.appid).Take(&old).Error
		switch {
		case errors.Is(err, gorm.ErrRecordNotFound):
			if err = tx.Create(&t).Error; err != nil {
				if _, dup := store.Duplicate(err); dup {
					return model.Refuse(model.ErrConflict, "version", "同事刚刚写了周模板，请先看看")
				}
				return fmt.Errorf("week template: %w", err)
			}
		case err != nil:
			return fmt.Errorf("week template: %w", err)
		case old.Version != version:
			return changed(old.UpdatedBy, old.UpdatedAt, "周模板", old.Version)
		default:
			if err := tx.Model(&t).Select("columns_json", "version", "updated_by", "updated_at").Updates(t).Error; err != nil {
				return fmt.Errorf("week template: %w", err)
			}
		}
		return s.operators.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "week_template.save", Object: "week_template", ObjectID: "1", After: model.AuditJSON(map[string]any{"columns": len(columns), "version": t.Version})})
	})
	return t, err
}

// Fill makes pieces of the template in the empty places of the week of monday, from today on. A week is filled once:
// what was thrown out of it afterwards must not come back. Gives how many were made. ErrConflict "filled".
func (s *Service) Fill(ctx context.Context, by model.Operator, monday int) (int, error) {
	if model.Weekday(monday) != 1 {
		return 0, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("week", "一周从周一开始")
	}
	sunday, today := model.DayNumber(model.DayStart(monday).AddDate(0, 0, 6)), model.DayNumber(s.now())
	if sunday < today {
		return 0, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("week", "这一周已经过去了")
	}
	template, err := s.Template(ctx)
	if err != nil {
		return 0, err
	}
	if len(template.List()) == 0 {
		return 0, model.Refuse(model.ErrConflict, "no_template", "还没有周模板，先写好每天的栏目")
	}
	made := 0
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		made = 0
		now := model.Milli(s.now())
		if err := tx.Create(&model.PlanFill{AppID: s.appid, Week: monday, FilledBy: by.Name, FilledAt: now}).Error; err != nil {
			if _, dup := store.Duplicate(err); dup {
				return model.Refuse(model.ErrConflict, "filled", "这一周已经按模板填过一次了")
			}
			return fmt.Errorf("fill week %d: %w", monday, err)
		}
		var items []model.PlanItem
		if err := tx.Where("appid = ? AND day >= ? AND day <= ?", s.appid, monday, sunday).Find(&items).Error; err != nil {
			return fmt.Errorf("fill week %d: %w", monday, err)
		}
		for _, g := range model.PlanGaps(template.List(), items, monday, sunday, today) {
			i := model.PlanItem{AppID: s.appid, PlanFields: model.PlanFields{Day: g.Day, Slot: g.Slot, ColumnName: g.Column, Author: g.Author, Hand: model.ArticleIdea}, Version: 1, CreatedBy: by.Name, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
			if err := tx.Create(&i).Error; err != nil {
				return fmt.Errorf("fill week %d: %w", monday, err)
			}
			made++
		}
		return s.operators.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "week_template.fill", Object: "week_template", ObjectID: strconv.Itoa(monday), After: model.AuditJSON(map[string]any{"made": made})})
	})
	return made, err
}
