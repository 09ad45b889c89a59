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
}

// NewCatalogue reads the ids of a table: articles, courses, lessons.
func NewCatalogue(db *gorm.DB, table string) Catalogue { return Catalogue{db, table} }

// IDs lists all of them.
func (c Catalogue) IDs(ctx context.Context) (ids []int64, err error) {
	if err = c.db.WithContext(ctx).Table(c.table).Pluck("id", &ids).Error; err != nil {
		err = fmt.Errorf("ids of %s: %w", c.table, err)
	}
	return ids, err
}

// Among gives those of ids that exist.
func (c Catalogue) Among(ctx context.Context, ids []int64) (found []int64, err error) {
	if err = c.db.WithContext(ctx).Table(c.table).Where("id IN ?", ids).Pluck("id", &found).Error; err != nil {
		err = fmt.Errorf("ids of %s: %w", c.table, err)
	}
	return found, err
}
