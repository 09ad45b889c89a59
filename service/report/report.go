// Package report makes the work report (工作汇报): it owns the tables reports and report_targets.
//
// A report is made once for a period: a unique key over account, kind, first day and version decides, on any number of
// instances. Its figures are frozen in the row; facts that come late make the next version beside it, with what changed.
// Nothing is held outside the database, so a kill loses nothing but a click.
package report

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

// Operators keep who changed what, and know whether two people must stand behind what leaves the house: service/operator.
type Operators interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
	TwoPerson(tx *gorm.DB) (bool, error)
}

// Figures gathers the facts: service/figure.
type Figures interface {
	Report(ctx context.Context, appid string, kind model.ReportKind, first int) (model.ReportFacts, error)
	FirstDay(ctx context.Context) (string, error)
}

// Service makes the reports of the account appid.
type Service struct {
	db        *gorm.DB
	appid     string
	figures   Figures
	operators Operators
	now       func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, figures Figures, operators Operators, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, figures: figures, operators: operators, now: now}
}

// Now is the business clock.
func (s *Service) Now() time.Time { return s.now() }

// Due makes the reports that make themselves: last week's from Monday 10:30 on, last month's from the first 10:30 on; one made
// by hand before its period was over does not stand for the whole. A line of the timetable; safe to run twice and on several instances. Where nothing was counted yet there is nothing to report.
func (s *Service) Due(ctx context.Context) error {
	for _, p := range model.ReportDue(s.now()) {
		had, ok, err := s.latest(s.db.WithContext(ctx), p.Kind, p.First)
		if err != nil {
			return err
		}
		if ok && whole(had.MadeAt, p.Last) {
			continue
		}
		began, err := s.figures.FirstDay(ctx)
		if err != nil {
			return fmt.Errorf("first day: %w", err)
		}
		if model.DayName(p.Last) < began {
			continue
		}
		if _, err := s.Make(ctx, model.Operator{}, p.Kind, p.First); err != nil {
			return err
		}
	}
	return nil
}

// whole says whether the period that ends with last was over at an instant: before, a report holds only a part of it.
func whole(at time.Time, last int) bool { return model.DayNumber(at) > last }

func (s *Service) latest(db *gorm.DB, kind model.ReportKind, first int) (r model.Report, ok bool, err error) {
	var list []model.Report
	err = db.Where("appid = ? AND kind = ? AND first_day = ?", s.appid, kind, first).Order("number DESC").Limit(1).Find(&list).Error
	if err != nil {
		return r, false, fmt.Errorf("report of %d: %w", first, err)
	}
	if len(list) == 0 {
		return r, false, nil
	}
	return list[0], true, nil
}

// Make makes the report of the period that holds day. Made again it is the same one, unless a figure of it is another by
// now, or it was made before the period was over: then there is a next version, with the cells that changed. What was written by hand goes along. A period that has
// not begun: ErrInvalid.
func (s *Service) Make(ctx context.Context, by model.Operator, kind model.ReportKind, day int) (model.Report, error) {
	first, last, err := model.ReportDays(kind, day)
	if err != nil {
		return model.Report{}, err
	}
	now := model.Milli(s.now())
	if model.DayNumber(now) < first {
		return model.Report{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("date", "这一期还没有开始")
	}
	facts, err := s.figures.Report(ctx, s.appid, kind, first)
	if err != nil {
		return model.Report{}, fmt.Errorf("facts: %w", err)
	}
	var out model.Report
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		had, ok, err := s.latest(store.Lock(tx), kind, first)
		if err != nil {
			return err
		}
		out = model.Report{AppID: s.appid, Kind: kind, FirstDay: first, LastDay: last, Number: 1, State: model.ReportDraft, Revision: 1, MadeBy: by.Name, MadeAt: now, UpdatedBy: by.Name, UpdatedAt: now, ChangesJSON: "[]"}
		var words model.ReportWords
		if ok {
			old, err := had.Facts()
			if err != nil {
				return fmt.Errorf("facts of report %d: %w", had.ID, err)
			}
			changes := model.ReportDiffs(old, facts)
			// Facts gathered before those that are there are no news, though their click came later.
			if old.AsOf.After(facts.AsOf) || len(changes) == 0 && whole(had.MadeAt, last) == whole(now, last) {
				out = had
				return nil
			}
			if words, err = had.Words(); err != nil {
				return fmt.Errorf("words of report %d: %w", had.ID, err)
			}
			out.Number = had.Number + 1
			if out.ChangesJSON, err = encode(changes); err != nil {
				return err
			}
		}
		if out.FactsJSON, err = encode(facts); err != nil {
			return err
		}
		if out.WordsJSON, err = encode(model.WriteReport(facts, words)); err != nil {
			return err
		}
		if err := tx.Create(&out).Error; err != nil {
			return fmt.Errorf("make a report: %w", err)
		}
		return s.trail(tx, by, "report.make", out, nil)
	})
	if _, dup := store.Duplicate(err); dup { // another instance, or another click, was faster
		r, ok, err := s.latest(s.db.WithContext(ctx), kind, first)
		if err == nil && !ok {
			err = none()
		}
		return r, err
	}
	return out, err
}

func encode(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	return string(raw), nil
}

// Late lists what the latest figures have otherwise than the report's. Nothing is written.
func (s *Service) Late(ctx context.Context, r model.Report) ([]model.ReportDiff, error) {
	facts, err := s.figures.Report(ctx, s.appid, r.Kind, r.FirstDay)
	if err != nil {
		return nil, fmt.Errorf("facts: %w", err)
	}
	old, err := r.Facts()
	if err != nil {
		return nil, fmt.Errorf("facts of report %d: %w", r.ID, err)
	}
	return model.ReportDiffs(old, facts), nil
}

// One gives a report. ErrNotFound.
func (s *Service) One(ctx context.Context, id int64) (model.Report, error) {
	return s.one(s.db.WithContext(ctx), id)
}

func (s *Service) one(db *gorm.DB, id int64) (model.Report, error) {
	var r model.Report
	err := db.Where("appid = ?", s.appid).Take(&r, id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return r, none()
	}
	if err != nil {
		return r, fmt.Errorf("report %d: %w", id, err)
	}
	return r, nil
}

func none() error { return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这份汇报") }

// light leaves out what is long.
const light = "id, appid, kind, first_day, last_day, number, state, revision, asked_by, asked_by_id, asked_at, decided_by, decided_at, remark, made_by, made_at, updated_by, updated_at"

// List gives the newest version of each period's report without its facts and words, the latest period first; before is the
// first day of the last one seen (0: from the top).
func (s *Service) List(ctx context.Context, kind model.ReportKind, before, limit int) ([]model.Report, error) {
	q := s.db.WithContext(ctx).Select(light).Where("appid = ? AND "+newest, s.appid)
	if kind != "" {
		q = q.Where("kind = ?", kind)
	}
	if before > 0 {
		q = q.Where("first_day < ?", before)
	}
	out := []model.Report{}
	if err := q.Order("first_day DESC, kind").Limit(limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	return out, nil
}

// Versions lists all versions of a report's period without facts and words, the newest first.
func (s *Service) Versions(ctx context.Context, r model.Report) ([]model.Report, error) {
	out := []model.Report{}
	err := s.db.WithContext(ctx).Select(light).Where("appid = ? AND kind = ? AND first_day = ?", s.appid, r.Kind, r.FirstDay).Order("number DESC").Limit(100).Find(&out).Error
	if err != nil {
		return nil, fmt.Errorf("versions of report %d: %w", r.ID, err)
	}
	return out, nil
}

// Waiting counts the reports that wait for a yes.
func (s *Service) Waiting(ctx context.Context) (int64, error) {
	return s.count(ctx, model.ReportWaiting, 0)
}

// WaitingFor counts those that wait for this very operator: where two must, another's yes is not one's own to give.
func (s *Service) WaitingFor(ctx context.Context, operatorID int64) (int64, error) {
	two, err := s.operators.TwoPerson(s.db.WithContext(ctx))
	if err != nil || !two {
		operatorID = 0
	}
	return s.count(ctx, model.ReportWaiting, operatorID)
}

// Open counts the reports of the last two months that nobody has sent on yet.
func (s *Service) Open(ctx context.Context) (int64, error) { return s.count(ctx, model.ReportDraft, 0) }

// newest is true of the newest version of a period.
const newest = "number = (SELECT MAX(n.number) FROM reports n WHERE n.appid = reports.appid AND n.kind = reports.kind AND n.first_day = reports.first_day)"

func (s *Service) count(ctx context.Context, state model.ReportState, notOf int64) (n int64, err error) {
	q := s.db.WithContext(ctx).Model(&model.Report{}).Where("appid = ? AND state = ? AND first_day >= ? AND "+newest, s.appid, state, model.DayNumber(s.now().AddDate(0, -2, 0)))
	if notOf > 0 {
		q = q.Where("asked_by_id <> ?", notOf)
	}
	if err = q.Count(&n).Error; err != nil {
		err = fmt.Errorf("count reports: %w", err)
	}
	return n, err
}

// Write saves the words of a report that is not confirmed; nil sections stay. A section given up (empty and not edited) is
// written by the rules again. ErrConflict: confirmed, or changed by somebody else.
func (s *Service) Write(ctx context.Context, by model.Operator, id, revision int64, texts map[string]*string) (model.Report, error) {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	for key, t := range texts {
		if t != nil && utf8.RuneCountInString(*t) > model.ReportTextMost {
			bad.Field(key, fmt.Sprintf("最多 %d 个字", model.ReportTextMost))
		}
	}
	if len(bad.Fields) > 0 {
		return model.Report{}, bad
	}
	return s.change(ctx, by, id, revision, "report.write", func(r *model.Report) error {
		if r.State == model.ReportConfirmed {
			return model.Refuse(model.ErrConflict, "confirmed", "已经确认的汇报不能再改，数字有变时会生成新的一版")
		}
		facts, err := r.Facts()
		if err != nil {
			return fmt.Errorf("facts of report %d: %w", id, err)
		}
		words, err := r.Words()
		if err != nil {
			return fmt.Errorf("words of report %d: %w", id, err)
		}
		for key, t := range texts {
			section := words.Section(key)
			if section == nil || t == nil {
				continue
			}
			text := strings.TrimSpace(*t)
			if text == section.Text {
				continue
			}
			*section = model.ReportText{Text: text, Edited: text != ""}
		}
		if r.WordsJSON, err = encode(model.WriteReport(facts, words)); err != nil {
			return err
		}
		// What is read by another is what they say yes to: a change asks again.
		r.State, r.AskedBy, r.AskedByID, r.AskedAt = model.ReportDraft, "", 0, nil
		return nil
	})
}

// Ask sends a report to be confirmed. Twice is once.
func (s *Service) Ask(ctx context.Context, by model.Operator, id, revision int64) (model.Report, error) {
	return s.change(ctx, by, id, revision, "report.ask", func(r *model.Report) error {
		if r.State != model.ReportDraft {
			return errSame
		}
		now := model.Milli(s.now())
		r.State, r.AskedBy, r.AskedByID, r.AskedAt, r.Remark, r.DecidedBy, r.DecidedAt = model.ReportWaiting, by.Name, by.ID, &now, "", "", nil
		return nil
	})
}

// Decide confirms a report that waits, or gives it back with a remark. ErrForbidden: who asked cannot say yes, where two
// must; ErrConflict: it does not wait.
func (s *Service) Decide(ctx context.Context, by model.Operator, id, revision int64, yes bool, remark string) (model.Report, error) {
	remark = strings.TrimSpace(remark)
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	if n := utf8.RuneCountInString(remark); n > 500 || n == 0 && !yes {
		return model.Report{}, bad.Field("remark", "退回时请写原因，最多 500 个字")
	}
	two, err := s.operators.TwoPerson(s.db.WithContext(ctx))
	if err != nil {
		return model.Report{}, err
	}
	action := "report.confirm"
	if !yes {
		action = "report.return"
	}
	return s.change(ctx, by, id, revision, action, func(r *model.Report) error {
		if r.State != model.ReportWaiting {
			return model.Refuse(model.ErrConflict, "state", "这份汇报现在不在等确认，请刷新看看")
		}
		if yes && two && r.AskedByID == by.ID {
			return model.Refuse(model.ErrForbidden, "same_person", "提交的人不能自己确认，请另一位同事来")
		}
		now := model.Milli(s.now())
		r.State, r.DecidedBy, r.DecidedAt, r.Remark = model.ReportDraft, by.Name, &now, remark
		if yes {
			r.State = model.ReportConfirmed
		}
		return nil
	})
}

var errSame = errors.New("nothing to change")

func (s *Service) change(ctx context.Context, by model.Operator, id, revision int64, action string, fn func(r *model.Report) error) (model.Report, error) {
	var r model.Report
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var err error
		if r, err = s.one(store.Lock(tx), id); err != nil {
			return err
		}
		if top, _, err := s.latest(tx, r.Kind, r.FirstDay); err != nil || top.ID != r.ID {
			if err != nil {
				return err
			}
			return model.Refuse(model.ErrConflict, "superseded", fmt.Sprintf("这一期已经有第 %d 版了，请到新的一版里改", top.Number))
		}
		if r.Revision != revision {
			return model.Refuse(model.ErrConflict, "version", r.UpdatedBy+" 在 "+r.UpdatedAt.In(model.Shanghai).Format("2006-01-02 15:04:05")+" 改过这份汇报，请先看看改了什么").Field("revision", strconv.FormatInt(r.Revision, 10))
		}
		before := r.State
		if err := fn(&r); err != nil {
			return err
		}
		r.Revision, r.UpdatedBy, r.UpdatedAt = r.Revision+1, by.Name, model.Milli(s.now())
		if err := tx.Model(&r).Select("state", "words_json", "asked_by", "asked_by_id", "asked_at", "decided_by", "decided_at", "remark", "revision", "updated_by", "updated_at").Updates(&r).Error; err != nil {
			return fmt.Errorf("report %d: %w", id, err)
		}
		return s.trail(tx, by, action, r, map[string]any{"state": before})
	})
	if errors.Is(err, errSame) {
		err = nil
	}
	return r, err
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, r model.Report, before map[string]any) error {
	name := by.Name
	if name == "" {
		name = "系统"
	}
	e := model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: name, Action: action, Object: "report", ObjectID: strconv.FormatInt(r.ID, 10), After: model.AuditJSON(map[string]any{"title": r.Title(), "version": r.Number, "state": r.State, "remark": r.Remark})}
	if before != nil {
		e.Before = model.AuditJSON(before)
	}
	return s.operators.Audit(tx, e)
}
