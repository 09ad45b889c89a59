package model

import "time"

// MaxMembers bounds the courses of a bundle.
const MaxMembers = 100

// Kind is "bundle" or "course".
func (c Course) Kind() string {
	if c.Bundle {
		return "bundle"
	}
	return "course"
}

// BundleItem is a course in a bundle (专栏), or one that was. A bundle is a course of its own kind, and so is priced, sold,
// given, refunded as every course is; it has no lessons, and a grant on it opens its members.
type BundleItem struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	BundleID  int64
	CourseID  int64 // never a bundle
	Position  int
	LeftAt    *time.Time // taken out; nil: it is in
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName keeps the table's name apart from the type's.
func (BundleItem) TableName() string { return "bundle_items" }

// OpenedBy tells whether g, a grant on the bundle, opens the member. One that was added later it opens; one that was taken
// out it opens on where the bundle had been ordered by then, or come by without an order.
func (i BundleItem) OpenedBy(g Grant) bool {
	since := g.CreatedAt
	if g.OrderedAt != nil {
		since = *g.OrderedAt
	}
	return g.CourseID == i.BundleID && (i.LeftAt == nil || !since.After(*i.LeftAt))
}

// On is the grant seen from the member: the same grant, for its course.
func (i BundleItem) On(g Grant) Grant {
	g.Through, g.CourseID = i.BundleID, i.CourseID
	return g
}
