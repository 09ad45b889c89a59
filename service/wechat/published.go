package wechat

import (
	"context"
	"time"

	"loudou/model"
)

// Published gives a page of what the account has published, whoever did it, the latest first: at most 20 after
// offset, and how many there are. What was taken away is left out. ErrForbidden (48001) where the account lost the
// right. Source: 获取成功发布列表.
func (c *Client) Published(ctx context.Context, offset int) (articles []model.PublishedArticle, total int, err error) {
	var out struct {
		Total int `json:"total_count"`
		Items []struct {
			ArticleID string `json:"article_id"`
			Content   struct {
				News []struct {
					Title   string `json:"title"`
					URL     string `json:"url"`
					Deleted bool   `json:"is_deleted"`
				} `json:"news_item"`
			} `json:"content"`
			At int64 `json:"update_time"`
		} `json:"item"`
	}
	in := map[string]int{"offset": offset, "count": 20, "no_content": 1}
	if err := c.post(ctx, "/cgi-bin/freepublish/batchget", in, &out); err != nil {
		return nil, 0, err
	}
	for _, i := range out.Items {
		for _, n := range i.Content.News { // a button opens the first that is still there
			if !n.Deleted {
				articles = append(articles, model.PublishedArticle{ArticleID: i.ArticleID, Title: n.Title, URL: n.URL, At: time.Unix(i.At, 0).UTC()})
				break
			}
		}
	}
	return articles, out.Total, nil
}
