package material

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"loudou/model"
	"loudou/service/store"
)

// Now is the business clock.
func (s *Service) Now() time.Time { return s.now() }

// Get reads one piece of material.
func (s *Service) Get(ctx context.Context, id int64) (model.Material, error) {
	var m model.Material
	err := s.db.WithContext(ctx).Where("appid = ? AND id = ?", s.appid, id).Take(&m).Error
	return m, missing(err, id)
}

// Filter narrows a list; empty lets through what is there.
type Filter struct {
	Kinds []model.MaterialKind
	State string // usable, permanent, temporary (still good), expiring (ends within a day), ending (that or expired, and not renewed by itself), expired, gone; "": all but gone
	Word  string // in our name or WeChat's, or the beginning of a media_id
	Used  *bool
	IDs   []string // only these media_ids
}

// List gives material, the latest at WeChat first: at most limit behind the row before (0: from the top). Errors:
// ErrInvalid for a state there is none of.
func (s *Service) List(ctx context.Context, f Filter, before int64, limit int) ([]model.Material, error) {
	now := model.Milli(s.now())
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("changed_at DESC, id DESC").Limit(limit)
	if len(f.Kinds) > 0 {
		q = q.Where("kind IN ?", f.Kinds)
	}
	if f.State != "gone" && f.IDs == nil {
		q = q.Where("gone_at IS NULL")
	}
	switch f.State {
	case "":
	case "usable":
		q = q.Where("(permanent = ? OR expires_at > ?)", true, now)
	case "permanent":
		q = q.Where("permanent = ?", true)
	case "temporary":
		q = q.Where("permanent = ? AND expires_at > ?", false, now)
	case "expiring":
		q = q.Where("permanent = ? AND expires_at > ? AND expires_at <= ?", false, now, now.Add(24*time.Hour))
	case "expired":
		q = q.Where("permanent = ? AND expires_at <= ?", false, now)
	case "ending":
		q = q.Where(ending, false, now.Add(24*time.Hour))
	case "gone":
		q = q.Where("gone_at IS NOT NULL")
	default:
		return nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "没有这种状态").Field("state", "没有这种状态")
	}
	if w := strings.TrimSpace(f.Word); w != "" {
		like := store.EscapeLike(w)
		if len(plain([]string{w})) > 0 {
			q = q.Where("(title LIKE ? ESCAPE '!' OR name LIKE ? ESCAPE '!' OR media_id LIKE ? ESCAPE '!')", "%"+like+"%", "%"+like+"%", like+"%")
		} else {
			q = q.Where("(title LIKE ? ESCAPE '!' OR name LIKE ? ESCAPE '!')", "%"+like+"%", "%"+like+"%")
		}
	}
	if f.IDs != nil {
		q = q.Where("media_id IN ?", append(plain(f.IDs), ""))
	}
	if f.Used != nil {
		ids, files, err := s.used(ctx)
		if err != nil {
			return nil, err
		}
		if *f.Used {
			q = q.Where("(media_id IN ? OR current_id IN ? OR file IN ?)", ids, ids, files)
		} else {
			q = q.Where("media_id NOT IN ? AND current_id NOT IN ? AND (file IS NULL OR file NOT IN ?)", ids, ids, files)
		}
	}
	if before > 0 {
		last, err := s.Get(ctx, before)
		if err != nil {
			return nil, err
		}
		q = q.Where("(changed_at < ? OR changed_at = ? AND id < ?)", last.ChangedAt, last.ChangedAt, last.ID)
	}
	out := []model.Material{}
	if err := q.Find(&out).Error; err != nil {
		return nil, fmt.Errorf("materials: %w", err)
	}
	return out, nil
}

// plain gives of ids those that could be WeChat's: an operator may have typed anything, and MySQL compares a column of
// ASCII with nothing else.
func plain(ids []string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if !strings.ContainsFunc(id, func(r rune) bool { return r > 126 || r < 32 }) {
			out = append(out, id)
		}
	}
	return out
}

// used gives the media_ids and the copies that something refers to; neither is empty, for a database's IN.
func (s *Service) used(ctx context.Context) (ids, files []string, err error) {
	ids, files = []string{""}, []string{""}
	all, err := s.uses(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("uses of material: %w", err)
	}
	for _, u := range all {
		if u.MediaID != "" {
			ids = append(ids, u.MediaID)
		}
		if u.File != "" {
			files = append(files, u.File)
		}
	}
	ids = plain(ids)
	slices.Sort(ids)
	slices.Sort(files)
	return slices.Compact(ids), slices.Compact(files), nil
}

// UsesOf gives by Material.ID what refers to each of ms, live things first.
func (s *Service) UsesOf(ctx context.Context, ms ...model.Material) (map[int64][]model.MaterialUse, error) {
	all, err := s.uses(ctx)
	if err != nil {
		return nil, fmt.Errorf("uses of material: %w", err)
	}
	slices.SortStableFunc(all, func(a, b model.MaterialUse) int {
		if a.Live != b.Live && a.Live {
			return -1
		} else if a.Live != b.Live {
			return 1
		}
		return 0
	})
	out := map[int64][]model.MaterialUse{}
	for _, m := range ms {
		for _, u := range all {
			if u.MediaID != "" && (u.MediaID == m.MediaID || u.MediaID == m.CurrentID) || u.File != "" && m.File != nil && u.File == *m.File {
				out[m.ID] = append(out[m.ID], u)
			}
		}
	}
	return out, nil
}

// Count is how much of a kind there is.
type Count struct {
	Kind      model.MaterialKind
	Permanent int64
	Temporary int64 // still good
	Most      int64 // permanent ones WeChat lets an account have, with the kinds that share the limit
	Shared    int64 // permanent ones of all these kinds
}

// Counts gives for each kind how much there is in the library, and how much there may be.
func (s *Service) Counts(ctx context.Context) ([]Count, error) {
	var rows []struct {
		Kind      model.MaterialKind
		Permanent bool
		N         int64
	}
	err := s.db.WithContext(ctx).Model(&model.Material{}).Select("kind, permanent, COUNT(*) AS n").
		Where("appid = ? AND gone_at IS NULL AND (permanent = ? OR expires_at > ?)", s.appid, true, model.Milli(s.now())).Group("kind, permanent").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count material: %w", err)
	}
	has := map[model.MaterialKind][2]int64{}
	for _, r := range rows {
		n := has[r.Kind]
		if r.Permanent {
			n[0] += r.N
		} else {
			n[1] += r.N
		}
		has[r.Kind] = n
	}
	var out []Count
	for _, k := range []model.MaterialKind{model.MaterialImage, model.MaterialVoice, model.MaterialVideo, model.MaterialThumb, model.MaterialNews} {
		c := Count{Kind: k, Permanent: has[k][0], Temporary: has[k][1], Most: model.MaterialLimits[k].Most}
		for _, other := range model.MaterialLimits[k].Shares {
			c.Shared += has[other][0]
		}
		out = append(out, c)
	}
	return out, nil
}

// ending is temporary material that ended or soon will, and that is not uploaded again by itself.
const ending = "permanent = ? AND expires_at <= ? AND (file IS NULL OR last_error <> '')"

// Expiring counts the temporary material in use that ends within a day and that nobody renews: without our copy, or
// after a renewal failed; what has ended already too.
func (s *Service) Expiring(ctx context.Context) (int64, error) {
	now := model.Milli(s.now())
	var rows []model.Material
	err := s.db.WithContext(ctx).Where("appid = ? AND gone_at IS NULL", s.appid).Where(ending, false, now.Add(24*time.Hour)).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	uses, err := s.UsesOf(ctx, rows...)
	return int64(len(uses)), err
}

// Facts gives what is known of each of media_ids, for whoever points at them.
func (s *Service) Facts(ctx context.Context, ids []string) (map[string]model.MaterialFact, error) {
	out := map[string]model.MaterialFact{}
	now := s.now()
	for part := range slices.Chunk(plain(ids), 500) {
		var rows []model.Material
		if err := s.db.WithContext(ctx).Where("appid = ? AND media_id IN ?", s.appid, part).Find(&rows).Error; err != nil {
			return nil, fmt.Errorf("facts of material: %w", err)
		}
		for i := range rows {
			out[rows[i].MediaID] = rows[i].Fact(now)
		}
	}
	if len(out) == len(ids) {
		return out, nil
	}
	unknown := model.MaterialFact{State: model.MaterialUnlooked}
	var done int64
	if err := s.db.WithContext(ctx).Model(&syncRow{}).Where("appid = ? AND state = ?", s.appid, syncDone).Limit(1).Count(&done).Error; err != nil {
		return nil, fmt.Errorf("facts of material: %w", err)
	}
	if done > 0 {
		unknown.State = model.MaterialUnknown
	}
	for _, id := range ids {
		if _, ok := out[id]; !ok {
			out[id] = unknown
		}
	}
	return out, nil
}
