package figure

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// Catalogue tells which numbers a table of things holds: what exists may be counted, whether it is on sale
// or not.
type Catalogue struct {
	db    *gorm.DB
	table string
	appid string // of the account they belong to; another's do not exist here
}

// NewCatalogue reads the ids of an account's table: articles, courses, lessons.
func NewCatalogue(db *gorm.DB, table, appid string) Catalogue { return Catalogue{db, table, appid} }

// rows leaves out what is only drafted: nobody can have met it.
func (c Catalogue) rows(ctx context.Context) *gorm.DB {
	q := c.db.WithContext(ctx).Table(c.table).Where("appid = ?", c.appid)
	if c.table == "courses" || c.table == "lessons" {
		q = q.Where("draft_of IS NULL")
	}
	return q
}

// IDs lists all of them.
func (c Catalogue) IDs(ctx context.Context) (ids []int64, err error) {
	if err = c.rows(ctx).Pluck("id", &ids).Error; err != nil {
		err = fmt.Errorf("ids of %s: %w", c.table, err)
	}
	return ids, err
}

// Among gives those of ids that exist.
func (c Catalogue) Among(ctx context.Context, ids []int64) (found []int64, err error) {
	if err = c.rows(ctx).Where("id IN ?", ids).Pluck("id", &found).Error; err != nil {
		err = fmt.Errorf("ids of %s: %w", c.table, err)
	}
	return found, err
}
