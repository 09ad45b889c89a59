package plan

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
)

// Get reads one task.
func (s *Service) Get(ctx context.Context, id int64) (model.Task, error) {
	var t model.Task
	if err := s.db.WithContext(ctx).Where("appid = ? AND id = ? AND removed_at IS NULL", s.appid, id).Take(&t).Error; err != nil {
		return t, missing(err, id)
	}
	return t, nil
}

// Tasks gives those with these ids, removed ones too.
func (s *Service) Tasks(ctx context.Context, ids []int64) (map[int64]model.Task, error) {
	out := map[int64]model.Task{}
	if len(ids) == 0 {
		return out, nil
	}
	var list []model.Task
	if err := s.db.WithContext(ctx).Where("appid = ? AND id IN ?", s.appid, ids).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("tasks by number: %w", err)
	}
	for _, t := range list {
		out[t.ID] = t
	}
	return out, nil
}

// Coming is a day on which a series will make a task.
type Coming struct {
	Day    int
	Series model.TaskSeries
}

// View is a span of days.
type View struct {
	Tasks   []model.Task               // of the days, by day and time
	Late    []model.Task               // unfinished, of days before today
	Someday []model.Task               // unfinished, on no day yet
	Coming  []Coming                   // what the series will make on days after today
	Repeats map[int64]model.TaskRepeat // of the series named above
}

const most = 500

// Days gives what is planned for the days from … to (20261124), Asia/Shanghai; owner 0: everybody's.
func (s *Service) Days(ctx context.Context, from, to int, owner int64) (View, error) {
	v := View{Tasks: []model.Task{}, Late: []model.Task{}, Someday: []model.Task{}, Repeats: map[int64]model.TaskRepeat{}}
	if from > to || model.DayStart(to).Sub(model.DayStart(from)).Hours() > 42*24 {
		return v, model.Refuse(model.ErrInvalid, model.CodeInvalid, "一次最多看六周")
	}
	today := model.DayNumber(s.now())
	db := s.db.WithContext(ctx)
	list := func(into *[]model.Task, where string, args ...any) error {
		q := db.Where("appid = ? AND removed_at IS NULL", s.appid).Where(where, args...).Order("day, start_minute IS NULL, start_minute, id").Limit(most)
		if owner > 0 {
			q = q.Where("owner_id = ?", owner)
		}
		if err := q.Find(into).Error; err != nil {
			return fmt.Errorf("tasks: %w", err)
		}
		return nil
	}
	if err := list(&v.Tasks, "day >= ? AND day <= ?", from, to); err != nil {
		return v, err
	}
	if err := list(&v.Late, "state <> ? AND day > 0 AND day < ?", model.TaskDone, today); err != nil {
		return v, err
	}
	if err := list(&v.Someday, "state <> ? AND day = 0", model.TaskDone); err != nil {
		return v, err
	}
	return v, s.coming(db, &v, max(today, from), to, today, owner)
}

// coming fills in how tasks repeat and what will come after today.
func (s *Service) coming(db *gorm.DB, v *View, from, to, today int, owner int64) error {
	var all []model.TaskSeries
	if err := db.Where("appid = ? AND repeats <> ''", s.appid).Order("id").Limit(most).Find(&all).Error; err != nil {
		return fmt.Errorf("task series: %w", err)
	}
	for _, series := range all {
		v.Repeats[series.ID] = series.Repeat
		if owner > 0 && series.OwnerID != owner {
			continue
		}
		for t := model.DayStart(from); model.DayNumber(t) <= to; t = t.AddDate(0, 0, 1) {
			// The first day's task was written with the series; today's is made already.
			if day := model.DayNumber(t); day > today && day > series.FirstDay && series.Falls(day) {
				v.Coming = append(v.Coming, Coming{day, series})
			}
		}
	}
	return nil
}

// Repeat tells how task t repeats.
func (s *Service) Repeat(ctx context.Context, t model.Task) (model.TaskRepeat, error) {
	if t.SeriesID == nil {
		return model.TaskOnce, nil
	}
	var found []string
	if err := s.db.WithContext(ctx).Model(&model.TaskSeries{}).Where("id = ?", *t.SeriesID).Pluck("repeats", &found).Error; err != nil || len(found) == 0 {
		return model.TaskOnce, err
	}
	return model.TaskRepeat(found[0]), nil
}

// Make makes today's tasks of every series that falls on today. Twice, or at two instances, is once.
func (s *Service) Make(ctx context.Context) error {
	now := model.Milli(s.now())
	today := model.DayNumber(now)
	db := s.db.WithContext(ctx)
	var due []model.TaskSeries
	made := db.Model(&model.Task{}).Select("series_id").Where("series_id IS NOT NULL AND series_day = ?", today)
	if err := db.Where("appid = ? AND repeats <> '' AND first_day <= ? AND id NOT IN (?)", s.appid, today, made).Order("id").Find(&due).Error; err != nil {
		return fmt.Errorf("task series: %w", err)
	}
	for _, series := range due {
		if !series.Falls(today) {
			continue
		}
		id := series.ID
		t := model.Task{AppID: s.appid, TaskFields: series.TaskFields, Day: today, State: model.TaskTodo, SeriesID: &id, SeriesDay: &today, Version: 1, CreatedBy: series.UpdatedBy, UpdatedBy: series.UpdatedBy, CreatedAt: now, UpdatedAt: now}
		if err := db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "series_id"}, {Name: "series_day"}}, DoNothing: true}).Create(&t).Error; err != nil {
			return fmt.Errorf("task of series %d: %w", id, err)
		}
	}
	return nil
}
