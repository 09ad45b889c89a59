package signup

import (
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

// The operator's side: what is asked, the list, who was there.

// Board counts a list.
type Board struct{ Joined, Waiting, Cancelled, Came, Absent int64 }

// Board counts a campaign's list. Came and Absent are of those who have a place.
func (s *Service) Board(ctx context.Context, campaignID int64) (Board, error) {
	var b Board
	var rows []struct {
		State model.SignupState
		Came  model.SignupCame
		N     int64
	}
	if err := s.DB.WithContext(ctx).Model(&model.Signup{}).Select("state, came, COUNT(*) AS n").Where("campaign_id = ? AND appid = ?", campaignID, s.AppID).Group("state, came").Scan(&rows).Error; err != nil {
		return b, fmt.Errorf("count sign-ups of campaign %d: %w", campaignID, err)
	}
	for _, r := range rows {
		switch r.State {
		case model.SignupWaiting:
			b.Waiting += r.N
			continue
		case model.SignupCancelled:
			b.Cancelled += r.N
			continue
		}
		b.Joined += r.N
		switch r.Came {
		case model.SignupThere:
			b.Came += r.N
		case model.SignupAbsent:
			b.Absent += r.N
		}
	}
	return b, nil
}

// Save makes a campaign's form or changes it; in.Version is the one the change was made on, 0 for a new one. More places
// go to those who wait; fewer take nobody's. Errors: ErrInvalid names the fields, ErrConflict with who and when if it was
// changed since, ErrNotFound for the campaign.
func (s *Service) Save(ctx context.Context, by model.Operator, campaignID int64, in model.SignupForm) (List, error) {
	if err := in.Check(); err != nil {
		return List{}, err
	}
	var out List
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		var err error
		if out, err = s.lock(tx, campaignID); err != nil {
			return err
		}
		was, now := out.Form, model.Milli(s.Now())
		if was.Version != in.Version {
			return model.Refuse(model.ErrConflict, model.CodeConflict, was.UpdatedBy+" 在 "+was.UpdatedAt.In(model.Shanghai).Format("1 月 2 日 15:04")+" 改过报名表，请刷新后再改")
		}
		f := was
		f.Open, f.Title, f.Places, f.StartsAt, f.EndsAt, f.AfterText = in.Open, in.Title, in.Places, in.StartsAt, in.EndsAt, in.AfterText
		f.Fields = slices.Clone(in.Fields)
		if from, to := f.Span(model.Campaign{FirstDay: out.Campaign.FirstDay, LastDay: out.Campaign.LastDay}); !from.Before(to) {
			return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项").Field("starts_at", "开始要早于报名结束；不写结束就到活动最后一天")
		}
		f.Keep(was)
		f.AppID, f.CampaignID, f.Version, f.UpdatedBy, f.UpdatedAt = s.AppID, campaignID, was.Version+1, by.Name, now
		action := "signup.change"
		if f.ID == 0 {
			action, f.CreatedAt = "signup.create", now
			err = tx.Create(&f).Error
			if _, dup := store.Duplicate(err); dup {
				return model.Refuse(model.ErrConflict, model.CodeConflict, "别人刚建了报名表，请刷新后再改")
			}
		} else {
			err = tx.Model(&f).Select("open", "title", "fields", "last_key", "places", "starts_at", "ends_at", "after_text", "version", "updated_by", "updated_at").Updates(&f).Error
		}
		if err != nil {
			return err
		}
		out.Form, out.Phase = f, f.Phase(out.Campaign, now)
		if out.Phase != model.SignupOver {
			if err := s.moveUp(tx, &out.Form); err != nil {
				return err
			}
		}
		return s.audited(tx, by, action, campaignID, told(was), told(f))
	})
	if err != nil {
		return List{}, fmt.Errorf("sign-up form of campaign %d: %w", campaignID, err)
	}
	return out, nil
}

// told is what the trail keeps of a form; nil of none.
func told(f model.SignupForm) any {
	if f.ID == 0 {
		return nil
	}
	labels := []string{}
	for _, x := range f.Fields {
		labels = append(labels, x.Label)
	}
	return map[string]any{"open": f.Open, "title": f.Title, "questions": labels, "places": f.Places, "starts_at": f.StartsAt, "ends_at": f.EndsAt, "after_text": f.AfterText}
}

// Filter narrows the list. Zero fields choose all.
type Filter struct {
	State  model.SignupState
	Came   string // came, absent, unmarked
	Query  string // words of an answer or of the note, or a learner's number
	Oldest bool   // the first to come first; else the last
	From   int64  // lines after it in that order; 0: from the top
	Limit  int
}

// All lists a campaign's sign-ups in the order people came, or against it.
func (s *Service) All(ctx context.Context, campaignID int64, f Filter) ([]model.Signup, error) {
	q := s.DB.WithContext(ctx).Where("campaign_id = ? AND appid = ?", campaignID, s.AppID)
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	switch f.Came {
	case "":
	case "unmarked":
		q = q.Where("came = '' AND state = ?", model.SignupJoined)
	default:
		q = q.Where("came = ?", f.Came)
	}
	if word := strings.TrimSpace(f.Query); word != "" {
		like := "%" + store.EscapeLike(word) + "%"
		number, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			number = -1
		}
		q = q.Where("(words LIKE ? ESCAPE '!' OR note LIKE ? ESCAPE '!' OR learner_id = ?)", like, like, number)
	}
	order, after := "line DESC", "line < ?"
	if f.Oldest {
		order, after = "line", "line > ?"
	}
	if f.From > 0 {
		q = q.Where(after, f.From)
	}
	out := []model.Signup{}
	if err := q.Order(order).Limit(f.Limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("sign-ups of campaign %d: %w", campaignID, err)
	}
	return out, nil
}

// PhonesOf opens the numbers of those on a page of the list who gave theirs for this campaign.
func (s *Service) PhonesOf(ctx context.Context, list []model.Signup) (map[int64]model.Phone, error) {
	ids := []int64{}
	for _, g := range list {
		if g.Phoned() {
			ids = append(ids, g.LearnerID)
		}
	}
	if len(ids) == 0 {
		return map[int64]model.Phone{}, nil
	}
	return s.Learners.Phones(ctx, ids)
}

// Mark keeps who was there, who was not, or ("") takes the mark away, of those who have a place; the others are left as
// they are. It tells how many it is of. Again is once.
func (s *Service) Mark(ctx context.Context, by model.Operator, campaignID int64, ids []int64, came model.SignupCame) (int64, error) {
	var n int64
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		if _, err := s.lock(tx, campaignID); err != nil { // nobody cancels or moves up meanwhile
			return err
		}
		now := model.Milli(s.Now())
		change := map[string]any{"came": came, "came_by": by.Name, "came_at": now}
		if came == model.SignupUnmarked {
			change["came_by"], change["came_at"] = "", nil
		}
		res := tx.Model(&model.Signup{}).Where("campaign_id = ? AND appid = ? AND id IN ? AND state = ? AND came <> ?", campaignID, s.AppID, append(slices.Clone(ids), 0), model.SignupJoined, came).UpdateColumns(change)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		n = res.RowsAffected
		return s.audited(tx, by, "signup.mark", campaignID, nil, map[string]any{"came": came, "people": n})
	})
	if err != nil {
		return 0, fmt.Errorf("mark who came to campaign %d: %w", campaignID, err)
	}
	return n, nil
}

// Note keeps an operator's note on a sign-up; seen is the version of the one they saw. ErrConflict with who, if another
// wrote meanwhile; ErrNotFound.
func (s *Service) Note(ctx context.Context, by model.Operator, campaignID, id int64, note string, seen int64) (model.Signup, error) {
	note = strings.TrimSpace(note)
	var g model.Signup
	if utf8.RuneCountInString(note) > model.SignupNote {
		return g, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项").Field("note", fmt.Sprintf("最多 %d 个字", model.SignupNote))
	}
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		var rows []model.Signup
		if err := store.Lock(tx).Where("campaign_id = ? AND appid = ? AND id = ?", campaignID, s.AppID, id).Limit(1).Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) == 0 {
			return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这条报名")
		}
		if g = rows[0]; g.NoteVersion != seen {
			return model.Refuse(model.ErrConflict, model.CodeConflict, g.NoteBy+" 刚改过这条备注，请刷新后再改")
		}
		g.Note, g.NoteBy, g.NoteVersion = note, by.Name, seen+1
		if err := tx.Model(&g).Select("note", "note_by", "note_version").UpdateColumns(&g).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "signup.note", campaignID, nil, map[string]any{"signup_id": id}) // the note is about a person: not in the trail
	})
	if err != nil {
		return g, fmt.Errorf("note of sign-up %d: %w", id, err)
	}
	return g, nil
}

// Exported keeps who took a list out as a file, and whether with whole phone numbers.
func (s *Service) Exported(ctx context.Context, by model.Operator, campaignID int64, phones bool) error {
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		return s.audited(tx, by, "signup.export", campaignID, nil, map[string]any{"phones": phones})
	})
}

func (s *Service) audited(tx *gorm.DB, by model.Operator, action string, campaignID int64, before, after any) error {
	e := model.AuditEntry{AppID: s.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "signup", ObjectID: strconv.FormatInt(campaignID, 10)}
	if before != nil {
		e.Before = model.AuditJSON(before)
	}
	if after != nil {
		e.After = model.AuditJSON(after)
	}
	return s.Audit.Audit(tx, e)
}
