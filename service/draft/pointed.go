package draft

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"loudou/model"
)

// Dead gives of article_ids and addresses those of articles of ours that were published and are taken away, and their
// titles. What others published is not known.
func (s *Service) Dead(ctx context.Context, articles []string) (map[string]string, error) {
	out := map[string]string{}
	for part := range slices.Chunk(articles, 500) {
		var rows []model.Draft
		plain := []string{""} // MySQL compares a column of ASCII with nothing else
		for _, a := range part {
			if !strings.ContainsFunc(a, func(r rune) bool { return r > 126 }) {
				plain = append(plain, a)
			}
		}
		err := s.db.WithContext(ctx).Select("title", "public_id", "url").
			Where("appid = ? AND state = ? AND (public_id IN ? OR url IN ?) AND (public_id <> '' OR url <> '')", s.appid, model.DraftDeleted, plain, part).Find(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("articles that are gone: %w", err)
		}
		for _, d := range rows {
			for _, id := range []string{d.PublicID, d.URL} {
				if id != "" && slices.Contains(part, id) {
					out[id] = d.Title
				}
			}
		}
	}
	return out, nil
}

// MediaUses tells whose covers lie in the draft box, or are on their way out of it.
func (s *Service) MediaUses(ctx context.Context) ([]model.MaterialUse, error) {
	var rows []model.Draft
	if err := s.db.WithContext(ctx).Where("appid = ? AND box_key IS NOT NULL", s.appid).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("drafts in the box: %w", err)
	}
	var out []model.MaterialUse
	for _, d := range rows {
		a, err := s.articles.Article(ctx, d.ArticleID)
		if err != nil {
			return nil, err
		}
		if name := model.MediaName(a.Cover); name != "" {
			out = append(out, model.MaterialUse{File: name, Where: "draft", Title: "草稿「" + d.Title + "」的封面", Link: fmt.Sprintf("/articles/%d", d.ArticleID)})
		}
	}
	return out, nil
}
