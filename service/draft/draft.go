// Package draft holds our articles at WeChat: it puts them into the Official Account's draft box, publishes them from
// there and follows what becomes of them. It owns the wechat_drafts and draft_pictures tables.
//
// A draft row is written before the call that makes the draft, so of two people who press at once one is told that
// the other is at it. Publishing is claimed by a conditional update before the call; what WeChat made of it comes by
// an event, or is asked for.
package draft

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// WeChat is the draft box: service/wechat.
type WeChat interface {
	DraftAdd(ctx context.Context, articles []model.DraftArticle) (mediaID string, err error)
	DraftUpdate(ctx context.Context, mediaID string, index int, article model.DraftArticle) error
	DraftGet(ctx context.Context, mediaID string) ([]model.DraftArticle, error)
	DraftDelete(ctx context.Context, mediaID string) error
	PublishSubmit(ctx context.Context, mediaID string) (publishID, msgDataID string, err error)
	PublishGet(ctx context.Context, publishID string) (model.Publication, error)
	PublishDelete(ctx context.Context, articleID string, index int) error
	UploadContentPicture(ctx context.Context, name string, picture []byte) (url string, err error)
}

// Articles are the texts: service/article.
type Articles interface {
	Article(ctx context.Context, id int64) (model.Article, error)
	// Approved refuses when the article changed since, or people have not said yes to it.
	Approved(tx *gorm.DB, id int64, contentHash string) error
	// WentOut notes where WeChat shows it, "" while that is not known.
	WentOut(tx *gorm.DB, id int64, url, msgDataID string, at time.Time, by string) error
}

// Files are our pictures: service/media and service/material.
type Files interface {
	Picture(ctx context.Context, address string) (model.Media, []byte, error)
	// AsMaterial gives the media_id of the permanent material that the picture at an address of ours is, or becomes.
	AsMaterial(ctx context.Context, by model.Operator, address string) (materialID string, err error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps the drafts of the account appid.
type Service struct {
	db       *gorm.DB
	appid    string
	wechat   WeChat
	articles Articles
	files    Files
	audit    Auditor
	now      func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, wechat WeChat, articles Articles, files Files, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, wechat: wechat, articles: articles, files: files, audit: audit, now: now}
}

// Options are what a draft may be told beside the article.
type Options struct {
	Comments bool // readers may comment
	FansOnly bool // followers alone
}

// busyFor is how long a call to WeChat may keep a draft to itself: uploads of pictures included.
const busyFor = 2 * time.Minute

// Push puts article id into the draft box, or makes the draft that is there say what the article says now. Pictures of
// the text are uploaded once, the cover becomes permanent material. Errors: ErrInvalid names the fields WeChat would
// refuse, ErrConflict while another push or publication of it is under way, ErrUnavailable.
func (s *Service) Push(ctx context.Context, by model.Operator, articleID int64, o Options) (model.Draft, error) {
	a, err := s.articles.Article(ctx, articleID)
	if err != nil {
		return model.Draft{}, err
	}
	if err := check(a); err != nil {
		return model.Draft{}, err
	}
	d, err := s.claim(ctx, by, a)
	if err != nil {
		return d, err
	}
	made, err := s.make(ctx, by, a, o)
	if err == nil {
		err = s.put(ctx, &d, made)
	}
	now := model.Milli(s.now())
	if err != nil {
		return d, errors.Join(err, s.release(context.WithoutCancel(ctx), d, err))
	}
	d.Title, d.State, d.ArticleHash, d.PushedHash, d.LastError, d.CheckAt, d.OperatorName, d.UpdatedAt = a.Title, model.DraftInBox, a.ContentHash, made.Hash(), "", nil, by.Name, now
	err = store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		if err := tx.Model(&d).Select("media_id", "title", "state", "article_hash", "pushed_hash", "last_error", "check_at", "operator_name", "updated_at").Updates(d).Error; err != nil {
			return fmt.Errorf("draft of article %d: %w", a.ID, err)
		}
		return s.trail(tx, by, "draft.push", d, map[string]any{"title": d.Title, "article_id": d.ArticleID, "version": a.Version})
	})
	return d, err
}

func check(a model.Article) error {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "微信不会收这篇文章，请先改好")
	most := func(name, value, what string, n int) {
		if got := len([]rune(value)); got > n {
			bad.Field(name, fmt.Sprintf("%s有 %d 个字，微信最多收 %d 个", what, got, n))
		}
	}
	most("title", a.Title, "标题", 32)
	most("author", a.Author, "作者", 16)
	most("digest", a.Digest, "摘要", 128)
	if n := len([]rune(a.Content)); n >= 20000 {
		bad.Field("content", fmt.Sprintf("正文连同样式有 %d 个字符，微信要求少于 20000 个", n))
	}
	if a.Content == "" {
		bad.Field("content", "正文是空的")
	}
	if model.MediaName(a.Cover) == "" {
		bad.Field("cover", "请上传一张封面：微信的图文都要有封面")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// claim takes the article's row in the box, a new one when there is none, for this call alone.
func (s *Service) claim(ctx context.Context, by model.Operator, a model.Article) (model.Draft, error) {
	var d model.Draft
	key := strconv.FormatInt(a.ID, 10)
	now := model.Milli(s.now())
	until := model.Milli(time.Now().Add(busyFor))
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var rows []model.Draft
		if err := store.Lock(tx).Where("appid = ? AND box_key = ?", s.appid, key).Find(&rows).Error; err != nil {
			return fmt.Errorf("draft of article %d: %w", a.ID, err)
		}
		if len(rows) == 0 {
			d = model.Draft{AppID: s.appid, ArticleID: a.ID, BoxKey: &key, Title: a.Title, State: model.DraftInBox, CheckAt: &until, OperatorName: by.Name, CreatedAt: now, UpdatedAt: now}
			return tx.Create(&d).Error
		}
		d = rows[0]
		switch {
		case d.State == model.DraftPublishing:
			return model.Refuse(model.ErrConflict, "publishing", "这篇正在发布，发布有了结果再改")
		case d.State == model.DraftSending:
			return model.Refuse(model.ErrConflict, "sending", "这篇正在群发，不能再改")
		case d.CheckAt != nil && d.CheckAt.After(time.Now()):
			return busy()
		}
		d.CheckAt = &until
		return tx.Model(&d).Select("check_at").Updates(d).Error
	})
	if _, dup := store.Duplicate(err); dup {
		return d, busy()
	}
	return d, err
}

func busy() error {
	return model.Refuse(model.ErrConflict, "busy", "正在把这篇放进草稿箱，请稍等")
}

// release gives a claimed row back after a push that failed; one that never was in the box goes.
func (s *Service) release(ctx context.Context, d model.Draft, why error) error {
	if d.MediaID == "" && !model.OutcomeUnknown(why) {
		return s.db.WithContext(ctx).Where("id = ? AND media_id = ''", d.ID).Delete(&model.Draft{}).Error
	}
	return s.db.WithContext(ctx).Model(&model.Draft{}).Where("id = ?", d.ID).Updates(map[string]any{"check_at": nil, "media_id": d.MediaID, "last_error": model.Cut(model.WordsOf(why, noAnswer), 500)}).Error
}

// put makes the draft at WeChat: the one that is there, or a new one when it was taken away over there.
func (s *Service) put(ctx context.Context, d *model.Draft, made model.DraftArticle) error {
	if d.MediaID != "" {
		err := s.wechat.DraftUpdate(ctx, d.MediaID, 0, made)
		if model.CallCode(err) != "40007" {
			return err
		}
		d.MediaID = ""
	}
	id, err := s.wechat.DraftAdd(ctx, []model.DraftArticle{made})
	d.MediaID = id
	return err
}

// noAnswer is told where WeChat gave no reason of its own.
const noAnswer = "微信接口暂时不可用，请稍后再试"

// Publish asks WeChat to publish draft id, without a push to the followers. While two people must stand behind an
// article, their yes to what the draft says is counted here. Errors: ErrConflict ("not_confirmed", "changed",
// "publishing"), ErrForbidden where the account lost the right, ErrUnavailable.
func (s *Service) Publish(ctx context.Context, by model.Operator, id int64) (model.Draft, error) {
	var d model.Draft
	soon := model.Milli(s.now().Add(time.Minute))
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var err error
		if d, err = s.lock(tx, id); err != nil {
			return err
		}
		if err := waiting(d); err != nil {
			return err
		}
		if err := s.articles.Approved(tx, d.ArticleID, d.ArticleHash); err != nil {
			return err
		}
		d.State, d.PublishID, d.PublishStatus, d.LastError, d.CheckAt, d.OperatorName, d.UpdatedAt = model.DraftPublishing, "", nil, "", &soon, by.Name, model.Milli(s.now())
		if err := s.keep(tx, d); err != nil {
			return err
		}
		return s.trail(tx, by, "draft.publish", d, map[string]any{"title": d.Title, "article_id": d.ArticleID})
	})
	if err != nil {
		return d, err
	}
	publishID, msgDataID, err := s.wechat.PublishSubmit(ctx, d.MediaID)
	ctx = context.WithoutCancel(ctx)
	switch {
	case err == nil:
		// The event may have been faster: then the row is no longer publishing, and stays as it is.
		if e := s.db.WithContext(ctx).Model(&model.Draft{}).Where("id = ? AND state = ? AND publish_id = ''", id, model.DraftPublishing).Updates(map[string]any{"publish_id": publishID, "msg_data_id": msgDataID}).Error; e != nil {
			return d, fmt.Errorf("draft %d: %w", id, e)
		}
	case !model.OutcomeUnknown(err):
		e := s.db.WithContext(ctx).Model(&model.Draft{}).Where("id = ? AND state = ?", id, model.DraftPublishing).Updates(map[string]any{"state": model.DraftFailed, "check_at": nil, "last_error": model.Cut(model.WordsOf(err, noAnswer), 500)}).Error
		return d, errors.Join(err, e)
	} // unknown: Check finds out
	return s.Get(ctx, id)
}

// waiting is nil when nothing is under way with d.
func waiting(d model.Draft) error {
	switch {
	case d.State != model.DraftInBox && d.State != model.DraftFailed || d.MediaID == "":
		return model.Refuse(model.ErrConflict, string(d.State), "这篇不在草稿箱里，不能再发")
	case d.CheckAt != nil && d.CheckAt.After(time.Now()):
		return busy()
	}
	return nil
}

// Delete takes draft id out of the box, or what was published from it off the account for good. What is gone over
// there already is gone here, too.
func (s *Service) Delete(ctx context.Context, by model.Operator, id int64) error {
	d, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	switch d.State {
	case model.DraftInBox, model.DraftFailed:
		if err := waiting(d); err != nil && d.MediaID != "" {
			return err
		}
		if d.MediaID != "" {
			if err := s.wechat.DraftDelete(ctx, d.MediaID); err != nil && model.CallCode(err) != "40007" {
				return err
			}
		}
	case model.DraftPublished:
		if err := s.wechat.PublishDelete(ctx, d.PublicID, 0); err != nil && !errors.Is(err, model.ErrNotFound) {
			return err
		}
	case model.DraftDeleted:
		return nil
	default:
		return model.Refuse(model.ErrConflict, string(d.State), "正在发布或群发，不能删除")
	}
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		before := d.State
		res := tx.Model(&model.Draft{}).Where("id = ? AND state = ?", id, before).Updates(map[string]any{"state": model.DraftDeleted, "box_key": nil, "check_at": nil, "updated_at": model.Milli(s.now())})
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return s.trail(tx, by, "draft.delete", d, map[string]any{"title": d.Title, "status": before})
	})
}

func (s *Service) lock(tx *gorm.DB, id int64) (model.Draft, error) {
	var d model.Draft
	err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Take(&d).Error
	return d, missing(err, id)
}

func missing(err error, id int64) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这篇草稿")
	}
	if err != nil {
		return fmt.Errorf("draft %d: %w", id, err)
	}
	return nil
}

func (s *Service) keep(tx *gorm.DB, d model.Draft) error {
	err := tx.Model(&d).Select("box_key", "state", "publish_id", "publish_status", "msg_data_id", "public_id", "url", "last_error", "check_at", "operator_name", "updated_at").Updates(d).Error
	if err != nil {
		return fmt.Errorf("draft %d: %w", d.ID, err)
	}
	return nil
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, d model.Draft, after map[string]any) error {
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "draft", ObjectID: strconv.FormatInt(d.ID, 10), After: model.AuditJSON(after)})
}

// Get reads one draft.
func (s *Service) Get(ctx context.Context, id int64) (model.Draft, error) {
	var d model.Draft
	err := s.db.WithContext(ctx).Where("appid = ? AND id = ?", s.appid, id).Take(&d).Error
	return d, missing(err, id)
}

// Filter narrows a list; zero lets everything through.
type Filter struct {
	ArticleID int64
	InBox     bool // only what can be published or sent
}

// List gives drafts, the newest first: at most limit with ids below before (0: from the top).
func (s *Service) List(ctx context.Context, f Filter, before int64, limit int) ([]model.Draft, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id DESC").Limit(limit)
	if f.ArticleID > 0 {
		q = q.Where("article_id = ?", f.ArticleID)
	}
	if f.InBox {
		q = q.Where("state IN ? AND media_id <> ''", []model.DraftState{model.DraftInBox, model.DraftFailed})
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	out := []model.Draft{}
	if err := q.Find(&out).Error; err != nil {
		return nil, fmt.Errorf("drafts: %w", err)
	}
	return out, nil
}
