package order

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
)

// AbandonedFilter chooses among the orders somebody began to pay and did not. Zero fields choose all.
type AbandonedFilter struct {
	CourseID int64
	Days     int // how many days ago it was placed at most
	Platform model.Platform
	Why      model.AbandonedWhy
	Done     *bool // whether an operator is through with it
	Before   int64 // ids below it; 0 from the newest
	Limit    int
}

// What counts as abandoned: the time to pay is over or was ended, no money came, and nothing has come of it since. Who
// tried again counts once, by the last try; who bought the course meanwhile, was given it or paid for it in another way
// is through; who is paying now is left in peace; who was forgotten is gone.
const (
	abandonedRows = `o.appid = ? AND o.openid <> '' AND o.amount > 0 AND (o.status IN ('closed','closing') OR o.status = 'pending' AND o.expires_at <= ?)
		AND NOT EXISTS (SELECT 1 FROM orders n WHERE n.learner_id = o.learner_id AND n.course_id = o.course_id AND n.kind = o.kind AND n.id <> o.id
			AND (n.status IN ('paid','partly_refunded') AND n.paid_at >= o.created_at OR n.created_at > o.created_at OR n.created_at = o.created_at AND n.id > o.id))
		AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.learner_id = o.learner_id AND g.course_id = o.course_id AND o.kind = 'self' AND g.status IN ('active','frozen'))
		AND NOT EXISTS (SELECT 1 FROM grants g JOIN bundle_items i ON i.bundle_id = g.course_id AND i.appid = o.appid AND i.left_at IS NULL WHERE g.learner_id = o.learner_id AND i.course_id = o.course_id AND o.kind = 'self' AND g.status IN ('active','frozen'))
		AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.status IN ('success','orphan','returned','mismatch'))`
	couldPay     = `EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND (p.prepaid_at IS NOT NULL OR p.handed_at IS NOT NULL))`
	hadFault     = `EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.fault <> '')`
	abandonedWhy = `CASE WHEN ` + couldPay + ` THEN 'let_go' WHEN ` + hadFault + ` THEN 'failed' ELSE 'never' END`
	latestFault  = `COALESCE((SELECT p.fault FROM payments p WHERE p.order_id = o.id AND p.fault <> '' ORDER BY p.created_at DESC, p.id DESC LIMIT 1), '')`
)

func (s *Service) abandoned(ctx context.Context, f AbandonedFilter) *gorm.DB {
	now := s.time()
	q := s.db.WithContext(ctx).Table("orders o").Where(abandonedRows, s.AppID, now)
	if f.Days > 0 {
		since := now.AddDate(0, 0, -f.Days)
		// An order's time ends after it is placed, and the index is over when it ends.
		q = q.Where("o.created_at >= ? AND o.expires_at >= ?", since, since)
	}
	if f.CourseID > 0 {
		q = q.Where("o.course_id = ?", f.CourseID)
	}
	if f.Platform != "" {
		q = q.Where("o.platform = ?", f.Platform)
	}
	if f.Why != "" {
		q = q.Where(abandonedWhy+" = ?", f.Why)
	}
	if f.Done != nil {
		is := "NOT EXISTS"
		if *f.Done {
			is = "EXISTS"
		}
		q = q.Where(is + " (SELECT 1 FROM abandoned_notes a WHERE a.order_id = o.id AND a.done)")
	}
	return q
}

// Abandoned lists orders somebody began to pay and did not, the newest first.
func (s *Service) Abandoned(ctx context.Context, f AbandonedFilter) ([]model.Abandoned, error) {
	q := s.abandoned(ctx, f)
	if f.Before > 0 {
		q = q.Where("o.id < ?", f.Before)
	}
	var rows []struct {
		model.Order
		Why   model.AbandonedWhy
		Fault string
	}
	if err := q.Select("o.*, " + abandonedWhy + " AS why, " + latestFault + " AS fault").Order("o.id DESC").Limit(f.Limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("abandoned orders: %w", err)
	}
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	var notes []model.AbandonedNote
	if err := s.db.WithContext(ctx).Where("order_id IN ?", append(ids, 0)).Find(&notes).Error; err != nil {
		return nil, fmt.Errorf("notes of abandoned orders: %w", err)
	}
	noted := map[int64]*model.AbandonedNote{}
	for i := range notes {
		noted[notes[i].OrderID] = &notes[i]
	}
	out := make([]model.Abandoned, 0, len(rows))
	for _, r := range rows {
		out = append(out, model.Abandoned{Order: r.Order, Why: r.Why, Fault: r.Fault, Note: noted[r.ID]})
	}
	return out, nil
}

// AbandonedSum counts what f chooses, whatever its page, and what it would have brought.
func (s *Service) AbandonedSum(ctx context.Context, f AbandonedFilter) (n int64, sum model.Fen, err error) {
	var row struct {
		N   int64
		Sum model.Fen
	}
	if err := s.abandoned(ctx, f).Select("COUNT(*) AS n, COALESCE(SUM(o.amount), 0) AS sum").Scan(&row).Error; err != nil {
		return 0, 0, fmt.Errorf("count abandoned orders: %w", err)
	}
	return row.N, row.Sum, nil
}

// NoteAbandoned keeps what an operator did about an abandoned order, and whether they are through with it; it takes the
// place of what was noted before. ErrConflict once the order is none: paid, tried again, or still to be paid.
func (s *Service) NoteAbandoned(ctx context.Context, op Operator, no, note string, done bool) error {
	if n := len([]rune(note)); n > 500 {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "记录最多 500 个字").Field("note", "最多 500 个字")
	}
	if note == "" && !done {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请写一句做了什么").Field("note", "请写一句做了什么，或选“不用再跟”")
	}
	o, err := s.byNo(s.db.WithContext(ctx), no)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		if _, err := lockOrder(tx, o.ID); err != nil { // two who write at once come one after the other
			return err
		}
		var still int64
		if err := tx.Table("orders o").Where(abandonedRows, s.AppID, s.time()).Where("o.id = ?", o.ID).Count(&still).Error; err != nil {
			return fmt.Errorf("abandoned order %s: %w", no, err)
		}
		if still == 0 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "这一笔已经不在单子里：付了钱、重新下了单，或已经能学了")
		}
		now := s.time()
		a := model.AbandonedNote{AppID: s.AppID, OrderID: o.ID, CreatedAt: now}
		if err := tx.Where("order_id = ?", o.ID).Take(&a).Error; err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return fmt.Errorf("note of order %s: %w", no, err)
		}
		before := a.Done
		a.Note, a.Done, a.OperatorID, a.OperatorName, a.UpdatedAt = note, done, op.ID, op.Name, now
		var err error
		if a.ID == 0 {
			err = tx.Create(&a).Error
		} else {
			err = tx.Model(&a).Select("note", "done", "operator_id", "operator_name", "updated_at").Updates(&a).Error
		}
		if err != nil {
			return fmt.Errorf("note of order %s: %w", no, err)
		}
		// What was said stands in the note, where it can be forgotten with the person; the trail says that it was.
		return s.Auditor.Audit(tx, model.AuditEntry{AppID: s.AppID, OperatorID: op.ID, OperatorName: op.Name, Action: "order.follow_up", Object: "order", ObjectID: fmt.Sprint(o.ID),
			Before: model.AuditJSON(map[string]any{"done": before}), After: model.AuditJSON(map[string]any{"done": done, "letters": len([]rune(note))})})
	})
}
