package report

import (
	"context"
	"fmt"
	"strconv"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Targets gives what is aimed at in the period of a kind that holds day, in the order of the figures.
func (s *Service) Targets(ctx context.Context, kind model.ReportKind, day int) (first, last int, list []model.ReportTarget, err error) {
	if first, last, err = model.ReportDays(kind, day); err != nil {
		return 0, 0, nil, err
	}
	list, err = s.targets(s.db.WithContext(ctx), kind, first)
	return first, last, list, err
}

func (s *Service) targets(db *gorm.DB, kind model.ReportKind, first int) ([]model.ReportTarget, error) {
	var rows []model.ReportTarget
	if err := db.Where("appid = ? AND kind = ? AND first_day = ?", s.appid, kind, first).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("targets of %d: %w", first, err)
	}
	return model.InReportOrder(rows), nil
}

// SetTargets makes list what is aimed at in a period: what is not in it is aimed at no more. One that stays as it was keeps
// who set it and when, so that a target set in time is seen to be. ErrInvalid names the figure; ErrConflict: the period is over.
func (s *Service) SetTargets(ctx context.Context, by model.Operator, kind model.ReportKind, day int, list []model.ReportTarget) ([]model.ReportTarget, error) {
	first, last, err := model.ReportDays(kind, day)
	if err != nil {
		return nil, err
	}
	now := model.Milli(s.now())
	if model.DayNumber(now) > last {
		return nil, model.Refuse(model.ErrConflict, "over", "这一期已经结束了，结束以后定的不算目标")
	}
	seen := map[string]bool{}
	for i := range list {
		t := &list[i]
		if err := t.Check(); err != nil {
			return nil, err
		}
		if seen[t.KPI] {
			return nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field(t.KPI, "这个指标写了两次")
		}
		seen[t.KPI] = true
		t.AppID, t.Kind, t.FirstDay, t.SetBy, t.SetAt = s.appid, kind, first, by.Name, now
	}
	var out []model.ReportTarget
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		had, err := s.targets(store.Lock(tx), kind, first)
		if err != nil {
			return err
		}
		put := make([]model.ReportTarget, 0, len(list))
		for _, t := range list {
			for _, h := range had {
				if h.KPI == t.KPI && h.Target == t.Target && h.Hypothesis == t.Hypothesis {
					t.SetBy, t.SetAt = h.SetBy, h.SetAt
				}
			}
			put = append(put, t)
		}
		if err := tx.Where("appid = ? AND kind = ? AND first_day = ?", s.appid, kind, first).Delete(&model.ReportTarget{}).Error; err != nil {
			return fmt.Errorf("targets of %d: %w", first, err)
		}
		if len(put) > 0 {
			if err := tx.Create(&put).Error; err != nil {
				return fmt.Errorf("targets of %d: %w", first, err)
			}
		}
		if out, err = s.targets(tx, kind, first); err != nil {
			return err
		}
		return s.operators.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "report.targets", Object: "report", ObjectID: string(kind) + ":" + strconv.Itoa(first), Before: model.AuditJSON(brief(had)), After: model.AuditJSON(brief(out))})
	})
	if _, dup := store.Duplicate(err); dup {
		return nil, model.Refuse(model.ErrConflict, model.CodeConflict, "另一位同事正好也在改这一期的目标，请刷新后再试")
	}
	return out, err
}

func brief(list []model.ReportTarget) map[string]any {
	out := map[string]any{}
	for _, t := range list {
		out[t.KPI] = t.Target
	}
	return out
}
