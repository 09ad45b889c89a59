package model

import "time"

// PublishedArticle is an article of the account that a button may open.
type PublishedArticle struct {
	ArticleID string    `json:"article_id"`
	Title     string    `json:"title"`
	URL       string    `json:"url"`
	At        time.Time `json:"at"`
}
