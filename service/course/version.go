package course

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// Version is one state of a course's content that was live.
type Version struct {
	Version      int64
	Note         string
	RestoredFrom int64
	Diff         []string // against the version before
	By           string
	At           time.Time
	Live         bool // what is live now is this, word for word
}

type versionRow struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	CourseID     int64
	Version      int64
	Note         string
	RestoredFrom int64
	Body         string // JSON of a CourseContent whose texts are hashes
	Hash         string
	Diff         string
	OperatorID   int64
	OperatorName string
	PublishedAt  time.Time
}

func (versionRow) TableName() string { return "course_versions" }

// textRow is a lesson's text or an intro, kept once however many versions it stands in.
type textRow struct {
	ID      int64  `gorm:"primaryKey"`
	AppID   string `gorm:"column:appid"`
	Hash    string
	Content string
}

func (textRow) TableName() string { return "course_texts" }

func (v *versionRow) view(live string) Version {
	out := Version{Version: v.Version, Note: v.Note, RestoredFrom: v.RestoredFrom, Diff: []string{}, By: v.OperatorName, At: v.PublishedAt.UTC(), Live: v.Hash == live}
	_ = json.Unmarshal([]byte(v.Diff), &out.Diff) // our own writing
	return out
}

// Versions lists a course's history, the newest first, older than before (0: from the top).
func (s *Service) Versions(ctx context.Context, id, before int64, limit int) ([]Version, error) {
	c, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	q := s.db.WithContext(ctx).Omit("body").Where("course_id = ? AND appid = ?", id, s.o.AppID)
	if before > 0 {
		q = q.Where("version < ?", before)
	}
	var rows []versionRow
	if err := q.Order("version DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("versions of course %d: %w", id, err)
	}
	live := ""
	if before == 0 {
		lessons, err := s.lessonsOf(s.db.WithContext(ctx), id)
		if err != nil {
			return nil, fmt.Errorf("lessons of course %d: %w", id, err)
		}
		live = model.ContentOf(c.Course, lessons).Hash()
	}
	out := make([]Version, 0, len(rows))
	for i := range rows {
		v := rows[i].view(live)
		v.Live = v.Live && i == 0
		out = append(out, v)
	}
	return out, nil
}

// Restore puts version n live again, as a new version. A lesson that was taken out since comes back with what its
// learners did in it; price and refund rule stay as they are.
func (s *Service) Restore(ctx context.Context, by model.Operator, id, n int64, note string) (Version, error) {
	var v Version
	note, err := goodNote(note)
	if err != nil {
		return v, err
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		locked := locking(tx)
		c, err := s.course(locked, id)
		if err != nil {
			return err
		}
		var row versionRow
		err = tx.Where("course_id = ? AND appid = ? AND version = ?", id, s.o.AppID, n).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return model.Refuse(model.ErrNotFound, model.CodeNotFound, fmt.Sprintf("没有第 %d 版", n))
		}
		if err != nil {
			return err
		}
		then, err := s.unpack(tx, row.Body)
		if err != nil {
			return err
		}
		lessons, err := s.lessonsOf(locked(), id)
		if err != nil {
			return err
		}
		v, err = s.goLive(tx, by, c, model.ContentOf(c, lessons), then, note, n)
		return err
	})
	return v, err
}

// goLive writes content is over the locked course c, whose content was was, and keeps it as the next version. What was
// live without being a version, because it was edited in place, is kept as one first: every text that was ever
// replaced this way can be had back.
func (s *Service) goLive(tx *gorm.DB, by model.Operator, c model.Course, was, is model.CourseContent, note string, restored int64) (Version, error) {
	var last []versionRow
	if err := tx.Omit("body").Where("course_id = ?", c.ID).Order("version DESC").Limit(1).Find(&last).Error; err != nil {
		return Version{}, err
	}
	number := int64(0)
	if len(last) > 0 {
		number = last[0].Version
	}
	if len(last) == 0 || last[0].Hash != was.Hash() {
		kept := versionRow{CourseID: c.ID, Version: number + 1, Note: "之前线上的样子，自动留存", OperatorName: c.UpdatedBy}
		if err := s.keep(tx, &kept, was, nil); err != nil {
			return Version{}, err
		}
		number++
	}
	if err := s.write(tx, by, &c, &is, was); err != nil {
		return Version{}, err
	}
	row := versionRow{CourseID: c.ID, Version: number + 1, Note: note, RestoredFrom: restored, OperatorID: by.ID, OperatorName: by.Name}
	words := model.CourseDiff(was, is)
	if err := s.keep(tx, &row, is, words); err != nil {
		return Version{}, err
	}
	action := "course.draft_publish"
	if restored > 0 {
		action = "course.restore"
	}
	return row.view(row.Hash), s.audit(tx, by, action, c.ID, nil, map[string]any{"version": row.Version, "restored_from": restored, "note": note, "changes": words})
}

// write puts is onto the rows of c and gives its new lessons their numbers.
func (s *Service) write(tx *gorm.DB, by model.Operator, c *model.Course, is *model.CourseContent, was model.CourseContent) error {
	now := model.Milli(s.o.Now())
	shown := c.Title != is.Title || c.Cover != is.Cover
	c.Title, c.Intro, c.Cover, c.Category, c.Teacher = is.Title, is.Intro, is.Cover, is.Category, is.Teacher
	if err := c.Check(); err != nil {
		return err
	}
	if c.Status == model.CourseOnSale && shown {
		if err := s.queueGoods(tx, c); err != nil {
			return err
		}
	}
	c.Version, c.UpdatedBy, c.UpdatedAt = c.Version+1, by.Name, now
	if err := save(tx, *c, "title", "intro", "cover", "category", "teacher"); err != nil {
		return err
	}
	live := map[int64]model.LessonContent{}
	for _, l := range was.Lessons {
		live[l.ID] = l
	}
	ids := make([]int64, 0, len(is.Lessons))
	for i := range is.Lessons {
		l := model.Lesson{AppID: s.o.AppID, CourseID: c.ID, Position: i + 1, Version: 1, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
		is.Lessons[i].Onto(&l)
		if err := l.Check(); err != nil {
			return err
		}
		id := is.Lessons[i].ID
		if id == 0 {
			if err := tx.Create(&l).Error; err != nil {
				return err
			}
			is.Lessons[i].ID = l.ID
			ids = append(ids, l.ID)
			continue
		}
		ids = append(ids, id)
		mine := tx.Model(&model.Lesson{}).Where("id = ? AND course_id = ? AND draft_of IS NULL", id, c.ID).Session(&gorm.Session{})
		if err := mine.UpdateColumns(map[string]any{"position": i + 1, "deleted_at": nil}).Error; err != nil {
			return err
		}
		if o, there := live[id]; there && (model.CourseContent{Lessons: []model.LessonContent{o}}).Hash() == (model.CourseContent{Lessons: []model.LessonContent{is.Lessons[i]}}).Hash() {
			continue
		}
		err := mine.Select("chapter", "title", "kind", "content", "media", "trial", "seconds", "release_how", "release_at", "release_days", "quiz", "updated_by", "updated_at").Updates(&l).Error
		if err != nil {
			return err
		}
		if err := mine.UpdateColumn("version", gorm.Expr("version + 1")).Error; err != nil {
			return err
		}
	}
	gone := tx.Model(&model.Lesson{}).Where("course_id = ? AND draft_of IS NULL AND deleted_at IS NULL", c.ID)
	if len(ids) > 0 {
		gone = gone.Where("id NOT IN ?", ids)
	}
	return gone.UpdateColumns(map[string]any{"deleted_at": now, "updated_at": now, "updated_by": by.Name, "version": gorm.Expr("version + 1")}).Error
}

// keep writes a version, its texts beside it.
func (s *Service) keep(tx *gorm.DB, row *versionRow, c model.CourseContent, words []string) error {
	row.AppID, row.Hash, row.PublishedAt = s.o.AppID, c.Hash(), model.Milli(s.o.Now())
	if words == nil {
		words = []string{}
	}
	diff, err := json.Marshal(words)
	if err != nil {
		return err
	}
	row.Diff = string(diff)
	hash := func(text string) (string, error) {
		if text == "" {
			return "", nil
		}
		sum := sha256.Sum256([]byte(text))
		t := textRow{AppID: s.o.AppID, Hash: hex.EncodeToString(sum[:]), Content: text}
		return t.Hash, tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "appid"}, {Name: "hash"}}, DoNothing: true}).Create(&t).Error
	}
	packed := c
	packed.Lessons = append([]model.LessonContent{}, c.Lessons...)
	if packed.Intro, err = hash(c.Intro); err != nil {
		return err
	}
	for i := range packed.Lessons {
		if packed.Lessons[i].Content, err = hash(packed.Lessons[i].Content); err != nil {
			return err
		}
	}
	body, err := json.Marshal(packed)
	if err != nil {
		return err
	}
	row.Body = string(body)
	return tx.Create(row).Error
}

// unpack reads a version back with its texts.
func (s *Service) unpack(tx *gorm.DB, body string) (model.CourseContent, error) {
	var c model.CourseContent
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		return c, fmt.Errorf("course version: %w", err)
	}
	text := func(hash *string) error {
		if *hash == "" {
			return nil
		}
		var t textRow
		if err := tx.Where("appid = ? AND hash = ?", s.o.AppID, *hash).Take(&t).Error; err != nil {
			return fmt.Errorf("text of a course version: %w", err)
		}
		*hash = t.Content
		return nil
	}
	if err := text(&c.Intro); err != nil {
		return c, err
	}
	for i := range c.Lessons {
		if err := text(&c.Lessons[i].Content); err != nil {
			return c, err
		}
	}
	return c, nil
}

func goodNote(note string) (string, error) {
	note = strings.TrimSpace(note)
	if utf8.RuneCountInString(note) > 200 {
		return "", model.Refuse(model.ErrInvalid, model.CodeInvalid, "说明最多 200 个字").Field("note", "最多 200 个字")
	}
	return note, nil
}
