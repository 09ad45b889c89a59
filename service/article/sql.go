package article

import (
	"context"
	"fmt"

	"loudou/model"
	"loudou/service/store"
)

// Get reads one article.
func (s *Service) Get(ctx context.Context, id int64) (View, error) {
	var a model.Article
	db := s.db.WithContext(ctx)
	if err := db.Where("appid = ? AND id = ?", s.appid, id).Take(&a).Error; err != nil {
		return View{}, missing(err, id)
	}
	return s.around(db, a)
}

// Filter narrows a list; empty lets everything through.
type Filter struct {
	State    model.ArticleState
	Word     string // in title or author
	CourseID int64
}

// List gives articles without their content, the newest first: at most limit with ids below before (0: from the top).
func (s *Service) List(ctx context.Context, f Filter, before int64, limit int) ([]model.Article, error) {
	q := s.db.WithContext(ctx).Omit("content").Where("appid = ?", s.appid).Order("id DESC").Limit(limit)
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.CourseID > 0 {
		q = q.Where("course_id = ?", f.CourseID)
	}
	if f.Word != "" {
		w := "%" + store.EscapeLike(f.Word) + "%"
		q = q.Where("(title LIKE ? ESCAPE '!' OR author LIKE ? ESCAPE '!')", w, w)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	out := []model.Article{}
	if err := q.Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list articles: %w", err)
	}
	return out, nil
}

// Published lists what the Mini Program may show, the latest published first, without content. The next
// page starts after the article numbered after (0: from the top).
func (s *Service) Published(ctx context.Context, after int64, limit int) ([]model.Article, error) {
	db := s.db.WithContext(ctx)
	q := db.Omit("content").Where("appid = ? AND state = ?", s.appid, model.ArticlePublished).Order("published_at DESC, id DESC").Limit(limit)
	if after > 0 {
		var last model.Article
		if err := db.Select("id", "published_at").Where("appid = ? AND id = ?", s.appid, after).Take(&last).Error; err != nil || last.PublishedAt == nil {
			return []model.Article{}, nil //nolint:nilerr // the page's beginning was taken back meanwhile: the list ends
		}
		q = q.Where("published_at < ? OR (published_at = ? AND id < ?)", last.PublishedAt.UTC(), last.PublishedAt.UTC(), last.ID)
	}
	out := []model.Article{}
	if err := q.Find(&out).Error; err != nil {
		return nil, fmt.Errorf("published articles: %w", err)
	}
	return out, nil
}

// PublishedOne reads a published article with its content. ErrNotFound for any other.
func (s *Service) PublishedOne(ctx context.Context, id int64) (model.Article, error) {
	var a model.Article
	if err := s.db.WithContext(ctx).Where("appid = ? AND id = ? AND state = ?", s.appid, id, model.ArticlePublished).Take(&a).Error; err != nil {
		return a, missing(err, id)
	}
	return a, nil
}

// Waiting counts the articles that wait for a confirmation.
func (s *Service) Waiting(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.WithContext(ctx).Model(&model.Article{}).Where("appid = ? AND state = ?", s.appid, model.ArticleWaiting).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("waiting articles: %w", err)
	}
	return n, nil
}

// WaitingFor counts those of Waiting that operatorID has not said yes to as they are now.
func (s *Service) WaitingFor(ctx context.Context, operatorID int64) (int64, error) {
	db := s.db.WithContext(ctx)
	var n int64
	said := db.Model(&model.ArticleConfirmation{}).Select("1").Where("article_confirmations.article_id = articles.id AND article_confirmations.content_hash = articles.content_hash AND article_confirmations.operator_id = ?", operatorID)
	if err := db.Model(&model.Article{}).Where("appid = ? AND state = ? AND NOT EXISTS (?)", s.appid, model.ArticleWaiting, said).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("articles waiting for %d: %w", operatorID, err)
	}
	return n, nil
}

// Named gives the titles of articles, whatever became of them.
func (s *Service) Named(ctx context.Context, ids []int64) (map[int64]string, error) {
	var list []model.Article
	if err := s.db.WithContext(ctx).Select("id", "title").Where("id IN ?", append(ids, 0)).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("titles of articles: %w", err)
	}
	out := make(map[int64]string, len(list))
	for _, a := range list {
		out[a.ID] = a.Title
	}
	return out, nil
}

// Brief gives title, state and publishing of articles of ours; those it does not know are left out.
func (s *Service) Brief(ctx context.Context, ids []int64) (map[int64]model.Article, error) {
	out := map[int64]model.Article{}
	if len(ids) == 0 {
		return out, nil
	}
	var list []model.Article
	if err := s.db.WithContext(ctx).Select("id", "title", "state", "published_at", "window_days", "goal").Where("appid = ? AND id IN ?", s.appid, ids).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("articles in brief: %w", err)
	}
	for _, a := range list {
		out[a.ID] = a
	}
	return out, nil
}
