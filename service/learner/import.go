package learner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
	"loudou/service/store/csvfile"
)

// Import is a file of learners of an older shop, and what may be opened to them.
type Import struct {
	File io.ReadSeeker
	// Course tells whether there is such a course.
	Course func(ctx context.Context, id int64) (bool, error)
	// Give joins the caller's transaction and opens a course; fresh: not opened before for the same reason.
	Give func(tx *gorm.DB, learnerID, courseID int64, from time.Time, until *time.Time, note string) (fresh bool, err error)
	// Progress is told how many bytes more were read, twice the file in all. May be nil.
	Progress func(bytes int)
}

// importShape is what the file holds: a row per learner, or per learner and course.
var importShape = csvfile.Shape{Columns: []string{"openid", "unionid", "created_at", "course_id", "starts_at", "ends_at", "note"}, Required: []string{"openid"}}

// importRow is one row, read.
type importRow struct {
	openid          model.OpenID
	unionid, note   string
	created, starts time.Time
	ends            *time.Time
	course          int64
}

const importRows = 200 // of one transaction

// Import checks the whole file first and takes nothing in when a row is bad (csvfile.BadRow). A learner who is there
// is left as they are, and a course that was brought along already is not opened again, so a second import of the same
// file adds nothing, and an interrupted one is simply run again. Had counts rows that changed nothing.
func (s *Service) Import(ctx context.Context, in Import) (csvfile.Done, error) {
	var done csvfile.Done
	known := map[int64]bool{}
	check := func(row csvfile.Row) error {
		r, err := s.importRow(row)
		if err != nil || r.course == 0 || known[r.course] {
			return err
		}
		ok, err := in.Course(ctx, r.course)
		if err == nil && !ok {
			err = row.Bad("course_id", fmt.Sprintf("没有编号为 %d 的课程", r.course))
		}
		known[r.course] = true
		return err
	}
	var batch []importRow
	flush := func() error {
		added, err := s.importBatch(ctx, in, batch)
		done.Rows, done.Added = done.Rows+len(batch), done.Added+added
		done.Had = done.Rows - done.Added
		batch = batch[:0]
		return err
	}
	err := csvfile.Twice(ctx, in.File, importShape, in.Progress, check, func(row csvfile.Row) error {
		r, err := s.importRow(row)
		if err != nil {
			return err
		}
		if batch = append(batch, r); len(batch) < importRows {
			return nil
		}
		return flush()
	})
	if err == nil && len(batch) > 0 {
		err = flush()
	}
	return done, err
}

func (s *Service) importRow(row csvfile.Row) (r importRow, err error) {
	for _, column := range []string{"openid", "unionid"} {
		v := row.Get(column)
		if len(v) > 64 || strings.IndexFunc(v, func(c rune) bool { return c <= ' ' || c > '~' }) >= 0 || column == "openid" && v == "" {
			return r, row.Bad(column, "应为微信给的编号，最多 64 个字符")
		}
	}
	r.openid, r.unionid, r.note = model.OpenID(row.Get("openid")), row.Get("unionid"), row.Get("note")
	if len([]rune(r.note)) > 60 {
		return r, row.Bad("note", "最多 60 个字")
	}
	if r.created, err = row.Time("created_at"); err != nil {
		return r, err
	}
	if r.course, err = row.Number("course_id", 1<<53-1); err != nil {
		return r, err
	}
	if r.starts, err = row.Time("starts_at"); err != nil {
		return r, err
	}
	ends, err := row.Time("ends_at")
	if err != nil {
		return r, err
	}
	if !ends.IsZero() {
		r.ends = &ends
	}
	now := s.o.Now()
	switch {
	case r.created.After(now):
		return r, row.Bad("created_at", "在将来")
	case r.course == 0 && (!r.starts.IsZero() || r.ends != nil):
		return r, row.Bad("course_id", "写了起止时间，也要写课程编号")
	case r.course != 0 && r.starts.IsZero():
		return r, row.Bad("starts_at", "写了课程编号，也要写从什么时候起能学")
	case r.ends != nil && !r.ends.After(r.starts):
		return r, row.Bad("ends_at", "要晚于 starts_at")
	}
	if r.created.IsZero() {
		r.created = now
	}
	return r, nil
}

// importBatch tells how many rows were new: a learner, or a course opened.
func (s *Service) importBatch(ctx context.Context, in Import, rows []importRow) (added int, err error) {
	for range 2 { // a second time when a first login met us
		added = 0
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			added = 0
			for _, r := range rows {
				fresh, err := s.importOne(tx, in, r)
				if err != nil {
					return err
				}
				if fresh {
					added++
				}
			}
			return nil
		})
		if _, twice := store.Duplicate(err); !twice {
			break
		}
	}
	if err != nil {
		return 0, fmt.Errorf("import learners: %w", err)
	}
	return added, nil
}

func (s *Service) importOne(tx *gorm.DB, in Import, r importRow) (fresh bool, err error) {
	var l model.Learner
	err = store.Lock(tx).Where("appid = ? AND openid = ?", s.o.AppID, r.openid).Take(&l).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		person, err := s.o.Persons.Ensure(tx, s.o.AppID, r.openid, r.unionid)
		if err != nil {
			return false, fmt.Errorf("person: %w", err)
		}
		// No key and no login yet: the first login brings both.
		at := model.Milli(r.created)
		l = model.Learner{AppID: s.o.AppID, OpenID: r.openid, UnionID: r.unionid, PersonID: person, LoginAt: at, CreatedAt: at, UpdatedAt: model.Milli(s.o.Now())}
		if err := tx.Create(&l).Error; err != nil {
			return false, err
		}
		fresh = true
	} else if err != nil {
		return false, err
	}
	if r.course == 0 {
		return fresh, nil
	}
	opened, err := in.Give(tx, l.ID, r.course, r.starts, r.ends, r.note)
	return fresh || opened, err
}
