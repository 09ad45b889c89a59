// Package comment keeps what readers write under articles (留言): it reads it from WeChat, picks, answers and deletes it
// there. It owns the comment_threads and comments tables.
//
// WeChat is where a comment is true. The rows are a copy for reading and counting: a comment its writer took back leaves
// the copy with the next reading, one that nobody read again for half a year leaves it too, and a person who asks to be
// forgotten leaves it at once. No sentence of a reader stands in the trail or in a log.
package comment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// WeChat is where comments are: service/wechat.
type WeChat interface {
	CommentSwitch(ctx context.Context, at model.CommentAt, open bool) error
	CommentList(ctx context.Context, at model.CommentAt, begin, count, kind int) (list []model.Comment, total int, err error)
	CommentElect(ctx context.Context, at model.CommentAt, id int64, on bool) error
	CommentDelete(ctx context.Context, at model.CommentAt, id int64) error
	CommentReply(ctx context.Context, at model.CommentAt, id int64, content string) error
	CommentUnreply(ctx context.Context, at model.CommentAt, id int64) error
}

// Articles says which send carried an article: service/article.
type Articles interface {
	Article(ctx context.Context, id int64) (model.Article, error)
	// WentOutSince gives the articles that went out since at whose number WeChat has told.
	WentOutSince(ctx context.Context, at time.Time) ([]int64, error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps the comments of the account appid.
type Service struct {
	db       *gorm.DB
	appid    string
	wechat   WeChat
	articles Articles
	audit    Auditor
	now      func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, wechat WeChat, articles Articles, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, wechat: wechat, articles: articles, audit: audit, now: now}
}

type threadRow struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	MsgDataID string
	MsgIndex  int
	ArticleID int64
	OpenState string
	ChangedBy string
	LastError string
	ReadAt    *time.Time
	ReadNo    int64 // grows with every whole reading
	UpdatedAt time.Time
}

func (threadRow) TableName() string { return "comment_threads" }

func (t *threadRow) at() model.CommentAt {
	return model.CommentAt{MsgDataID: t.MsgDataID, Index: t.MsgIndex}
}

type row struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	ThreadID  int64
	CommentID int64
	OpenID    string `gorm:"column:openid"`
	Content   string
	Elected   bool
	Reply     string
	RepliedAt *time.Time
	WrittenAt time.Time
	SeenAt    time.Time
	ReadNo    int64
}

func (row) TableName() string { return "comments" }

func (r *row) view() model.Comment {
	return model.Comment{ID: r.ID, OpenID: model.OpenID(r.OpenID), Content: r.Content, Elected: r.Elected, Reply: r.Reply, RepliedAt: r.RepliedAt, CreatedAt: r.WrittenAt.UTC()}
}

// Thread is an article's comments as a whole.
type Thread struct {
	Out       bool   // WeChat has told under which number it went out
	Open      string // open, closed, as set here last; "": never set here
	ChangedBy string
	LastError string // of the last reading
	ReadAt    *time.Time
	Total     int64
	Elected   int64
	Answered  int64
}

// thread finds the row of an article, and makes it. ErrConflict before the article went out.
func (s *Service) thread(ctx context.Context, articleID int64) (threadRow, error) {
	a, err := s.articles.Article(ctx, articleID)
	if err != nil {
		return threadRow{}, err
	}
	if a.MsgDataID == nil || a.MsgIndex == nil {
		return threadRow{}, notOut()
	}
	t := threadRow{AppID: s.appid, MsgDataID: *a.MsgDataID, MsgIndex: *a.MsgIndex - 1, ArticleID: articleID, UpdatedAt: model.Milli(s.now())}
	find := func() (rows []threadRow, err error) {
		err = s.db.WithContext(ctx).Where("appid = ? AND msg_data_id = ? AND msg_index = ?", s.appid, t.MsgDataID, t.MsgIndex).Limit(1).Find(&rows).Error
		return rows, err
	}
	rows, err := find()
	if err == nil && len(rows) == 0 {
		if err = s.db.WithContext(ctx).Create(&t).Error; err == nil {
			return t, nil
		}
		if _, dup := store.Duplicate(err); dup {
			rows, err = find()
		}
	}
	if err != nil {
		return t, fmt.Errorf("comments of article %d: %w", articleID, err)
	}
	return rows[0], nil
}

func notOut() error {
	return model.Refuse(model.ErrConflict, model.CodeConflict, "这篇文章还没有从这里发布或群发，微信没有告诉我们它的编号，不能管理留言")
}

// Thread tells how an article's comments stand.
func (s *Service) Thread(ctx context.Context, articleID int64) (Thread, error) {
	t, err := s.thread(ctx, articleID)
	if errors.Is(err, model.ErrConflict) {
		return Thread{}, nil
	}
	if err != nil {
		return Thread{}, err
	}
	out := Thread{Out: true, Open: t.OpenState, ChangedBy: t.ChangedBy, LastError: t.LastError, ReadAt: t.ReadAt}
	var n struct{ Total, Elected, Answered int64 }
	err = s.db.WithContext(ctx).Model(&row{}).Select("COUNT(*) AS total, COALESCE(SUM(CASE WHEN elected THEN 1 ELSE 0 END), 0) AS elected, COALESCE(SUM(CASE WHEN reply <> '' THEN 1 ELSE 0 END), 0) AS answered").
		Where("thread_id = ? AND openid <> ''", t.ID).Scan(&n).Error
	if err != nil {
		return out, fmt.Errorf("comments of article %d: %w", articleID, err)
	}
	out.Total, out.Elected, out.Answered = n.Total, n.Elected, n.Answered
	return out, nil
}

// List gives comments, the newest first: at most limit behind the one before (0: from the top). kind is elected,
// ordinary, unanswered or "" for all.
func (s *Service) List(ctx context.Context, articleID int64, kind string, before int64, limit int) ([]model.Comment, error) {
	t, err := s.thread(ctx, articleID)
	if errors.Is(err, model.ErrConflict) {
		return []model.Comment{}, nil
	}
	if err != nil {
		return nil, err
	}
	q := s.db.WithContext(ctx).Where("thread_id = ? AND openid <> ''", t.ID).Order("written_at DESC, id DESC").Limit(limit)
	switch kind {
	case "elected":
		q = q.Where("elected = ?", true)
	case "ordinary":
		q = q.Where("elected = ?", false)
	case "unanswered":
		q = q.Where("reply = ''")
	}
	if before > 0 {
		last, err := s.get(ctx, t.ID, before)
		if err != nil {
			return nil, err
		}
		q = q.Where("(written_at < ? OR written_at = ? AND id < ?)", last.WrittenAt, last.WrittenAt, last.ID)
	}
	var rows []row
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("comments of article %d: %w", articleID, err)
	}
	out := make([]model.Comment, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].view())
	}
	return out, nil
}

func (s *Service) get(ctx context.Context, thread, id int64) (row, error) {
	var r row
	err := s.db.WithContext(ctx).Where("id = ? AND thread_id = ? AND appid = ? AND openid <> ''", id, thread, s.appid).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return r, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这条留言，读者可能已经删除")
	}
	if err != nil {
		return r, fmt.Errorf("comment %d: %w", id, err)
	}
	return r, nil
}

const (
	page = 49 // WeChat's most
	// mostPages bounds one reading: the newest 2 450.
	mostPages = 50
)

// Refresh reads an article's comments from WeChat. What a whole reading no longer shows was taken back by its writer and
// leaves the copy; when somebody deletes while it is read, a row may leave and come back with the next one. Errors:
// ErrConflict before it went out, ErrForbidden (88000, 48001) without the right, ErrUnavailable.
func (s *Service) Refresh(ctx context.Context, articleID int64) error {
	t, err := s.thread(ctx, articleID)
	if err != nil {
		return err
	}
	begun := model.Milli(s.now())
	read := func() error {
		for n := range mostPages {
			list, total, err := s.wechat.CommentList(ctx, t.at(), n*page, page, 0)
			if err != nil {
				return fmt.Errorf("comments of article %d: %w", articleID, err)
			}
			if err := s.keep(ctx, t, list); err != nil {
				return err
			}
			if len(list) == 0 || (n+1)*page >= total {
				return s.db.WithContext(ctx).Where("thread_id = ? AND read_no <= ? AND seen_at < ?", t.ID, t.ReadNo, begun).Delete(&row{}).Error
			}
		}
		return nil // there are more: what is old stays as it is
	}
	err = read()
	set := map[string]any{"last_error": "", "read_at": model.Milli(s.now()), "read_no": gorm.Expr("read_no + 1"), "updated_at": model.Milli(s.now())}
	if err != nil {
		set = map[string]any{"last_error": model.Cut(model.WordsOf(err, "没有得到微信的答复"), 500), "updated_at": model.Milli(s.now())}
	}
	if e := s.db.WithContext(context.WithoutCancel(ctx)).Model(&threadRow{}).Where("id = ?", t.ID).Updates(set).Error; e != nil {
		return errors.Join(err, fmt.Errorf("comments of article %d: %w", articleID, e))
	}
	return err
}

// keep writes a page; a comment is one row, by its number under the article.
func (s *Service) keep(ctx context.Context, t threadRow, list []model.Comment) error {
	for try := 0; ; try++ {
		err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			now := model.Milli(s.now())
			for _, c := range list {
				set := map[string]any{"content": c.Content, "elected": c.Elected, "reply": model.Cut(c.Reply, 600), "replied_at": c.RepliedAt, "seen_at": now, "read_no": t.ReadNo + 1}
				res := tx.Model(&row{}).Where("thread_id = ? AND comment_id = ? AND openid <> ''", t.ID, c.ID).Updates(set)
				if res.Error != nil {
					return res.Error
				}
				if res.RowsAffected > 0 {
					continue
				}
				var had []row // MySQL counts rows that were changed: this one may say all that already, or be forgotten
				if err := tx.Where("thread_id = ? AND comment_id = ?", t.ID, c.ID).Limit(1).Find(&had).Error; err != nil {
					return err
				}
				if len(had) > 0 {
					if err := tx.Model(&had[0]).Updates(map[string]any{"seen_at": now, "read_no": t.ReadNo + 1}).Error; err != nil {
						return err
					}
					continue
				}
				r := row{AppID: s.appid, ThreadID: t.ID, CommentID: c.ID, OpenID: string(c.OpenID), Content: c.Content, Elected: c.Elected, Reply: model.Cut(c.Reply, 600), RepliedAt: c.RepliedAt,
					WrittenAt: model.Milli(c.CreatedAt), SeenAt: now, ReadNo: t.ReadNo + 1}
				if err := tx.Create(&r).Error; err != nil {
					return err
				}
			}
			return nil
		})
		if _, dup := store.Duplicate(err); dup && try < 3 {
			continue // somebody else reads too
		}
		if err != nil {
			return fmt.Errorf("keep comments: %w", err)
		}
		return nil
	}
}

// watched is how long after an article went out its comments are read by themselves.
const watched = 14 * 24 * time.Hour

// Watch reads the comments of what went out lately: a line of the timetable. An account without the right to comments is
// asked once a round, not for every article.
func (s *Service) Watch(ctx context.Context) error {
	ids, err := s.articles.WentOutSince(ctx, s.now().Add(-watched))
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := s.Refresh(ctx, id)
		switch {
		case err == nil, errors.Is(err, model.ErrNotFound), errors.Is(err, model.ErrConflict):
		case errors.Is(err, model.ErrForbidden), errors.Is(err, model.ErrUnavailable):
			slog.Info("comments are not read", "article_id", id, "err", err)
			return nil
		default:
			return err
		}
	}
	return nil
}

// Switch opens or closes the comments of an article.
func (s *Service) Switch(ctx context.Context, by model.Operator, articleID int64, open bool) error {
	t, err := s.thread(ctx, articleID)
	if err != nil {
		return err
	}
	if err := s.wechat.CommentSwitch(ctx, t.at(), open); err != nil {
		return fmt.Errorf("comments of article %d: %w", articleID, err)
	}
	action, state := "comment.close", "closed"
	if open {
		action, state = "comment.open", "open"
	}
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		if err := tx.Model(&threadRow{}).Where("id = ?", t.ID).Updates(map[string]any{"open_state": state, "changed_by": by.Name, "updated_at": model.Milli(s.now())}).Error; err != nil {
			return fmt.Errorf("comments of article %d: %w", articleID, err)
		}
		return s.trail(tx, by, action, articleID, nil)
	})
}

// act calls WeChat about one comment and writes what came of it. One that is gone over there leaves the copy.
func (s *Service) act(ctx context.Context, by model.Operator, articleID, id int64, action string, check func(r row) (done bool, err error), call func(at model.CommentAt, r row) error, write func(tx *gorm.DB, r row) error, more map[string]any) error {
	t, err := s.thread(ctx, articleID)
	if err != nil {
		return err
	}
	r, err := s.get(ctx, t.ID, id)
	if err != nil {
		return err
	}
	if done, err := check(r); done || err != nil {
		return err
	}
	err = call(t.at(), r)
	ctx = context.WithoutCancel(ctx)
	if code := model.CallCode(err); code == "88008" || code == "88004" {
		if e := s.db.WithContext(ctx).Where("id = ?", r.ID).Delete(&row{}).Error; e != nil {
			return fmt.Errorf("comment %d: %w", id, e)
		}
		if action == "comment.delete" {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("comment %d: %w", id, err)
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := write(tx, r); err != nil {
			return fmt.Errorf("comment %d: %w", id, err)
		}
		about := map[string]any{"comment_id": r.CommentID}
		for k, v := range more {
			about[k] = v
		}
		return s.trail(tx, by, action, articleID, about)
	})
}

// Elect picks a comment, or takes the pick back. ErrConflict (88003) when too many are picked.
func (s *Service) Elect(ctx context.Context, by model.Operator, articleID, id int64, on bool) error {
	action := "comment.unelect"
	if on {
		action = "comment.elect"
	}
	return s.act(ctx, by, articleID, id, action, func(r row) (bool, error) { return r.Elected == on, nil },
		func(at model.CommentAt, r row) error { return s.wechat.CommentElect(ctx, at, r.CommentID, on) },
		func(tx *gorm.DB, r row) error {
			return tx.Model(&row{}).Where("id = ?", r.ID).Update("elected", on).Error
		}, nil)
}

// Reply answers a comment; there is one answer. ErrInvalid for its length, ErrConflict when it has one.
func (s *Service) Reply(ctx context.Context, by model.Operator, articleID, id int64, content string) error {
	content = strings.TrimSpace(content)
	if n := utf8.RuneCountInString(content); n == 0 || n > model.CommentReplyMost || !utf8.ValidString(content) || strings.ContainsRune(content, 0) {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "回复不合规").Field("content", fmt.Sprintf("回复应有 1 到 %d 个字，现在有 %d 个", model.CommentReplyMost, n))
	}
	return s.act(ctx, by, articleID, id, "comment.reply", func(r row) (bool, error) {
		if r.Reply != "" {
			return false, model.Refuse(model.ErrConflict, model.CodeConflict, "这条留言已经回复过，先删除原来的回复")
		}
		return false, nil
	}, func(at model.CommentAt, r row) error { return s.wechat.CommentReply(ctx, at, r.CommentID, content) },
		func(tx *gorm.DB, r row) error {
			return tx.Model(&row{}).Where("id = ?", r.ID).Updates(map[string]any{"reply": content, "replied_at": model.Milli(s.now())}).Error
		}, map[string]any{"bytes": len(content)})
}

// Unreply takes our answer away.
func (s *Service) Unreply(ctx context.Context, by model.Operator, articleID, id int64) error {
	return s.act(ctx, by, articleID, id, "comment.unreply", func(r row) (bool, error) { return r.Reply == "", nil },
		func(at model.CommentAt, r row) error {
			if err := s.wechat.CommentUnreply(ctx, at, r.CommentID); model.CallCode(err) != "87009" { // 87009: it has none
				return err
			}
			return nil
		},
		func(tx *gorm.DB, r row) error {
			return tx.Model(&row{}).Where("id = ?", r.ID).Updates(map[string]any{"reply": "", "replied_at": nil}).Error
		}, nil)
}

// Delete takes a comment away for good.
func (s *Service) Delete(ctx context.Context, by model.Operator, articleID, id int64) error {
	return s.act(ctx, by, articleID, id, "comment.delete", func(row) (bool, error) { return false, nil },
		func(at model.CommentAt, r row) error { return s.wechat.CommentDelete(ctx, at, r.CommentID) },
		func(tx *gorm.DB, r row) error { return tx.Where("id = ?", r.ID).Delete(&row{}).Error }, nil)
}

// Sweep forgets comments that were not read from WeChat for as long as keep.
func (s *Service) Sweep(ctx context.Context, keep time.Duration) error {
	if err := s.db.WithContext(ctx).Where("appid = ? AND seen_at < ?", s.appid, model.Milli(s.now().Add(-keep))).Delete(&row{}).Error; err != nil {
		return fmt.Errorf("sweep comments: %w", err)
	}
	return nil
}

// Erase forgets what a person wrote. It belongs to the caller's transaction. WeChat keeps its own: only the comment's
// number stays here, without a word or a name, so that the next reading does not bring it back.
func (s *Service) Erase(tx *gorm.DB, appid string, openid model.OpenID) error {
	set := map[string]any{"openid": "", "content": "", "reply": "", "replied_at": nil, "elected": false}
	if err := tx.Model(&row{}).Where("appid = ? AND openid = ?", appid, string(openid)).Updates(set).Error; err != nil {
		return fmt.Errorf("erase comments: %w", err)
	}
	return nil
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, articleID int64, after map[string]any) error {
	a := model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "article", ObjectID: fmt.Sprint(articleID)}
	if after != nil {
		a.After = model.AuditJSON(after)
	}
	return s.audit.Audit(tx, a)
}
