package model

import "time"

// Person is a small number behind which a human stands, as far as we know. Two numbers may turn out to be
// one human: then PersonLink points both at one, and counting goes through it; events are never rewritten.
type Person struct {
	ID        int64
	Staff     bool // staff and test accounts count nowhere, for all time
	CreatedAt time.Time
}

// TableName keeps gorm from saying "people".
func (Person) TableName() string { return "persons" }

// IdentityKind is a way to know a person.
type IdentityKind string

// The three ways: across our apps, within one app, and a browser or phone we only gave a number.
const (
	IdentityUnion  IdentityKind = "union"
	IdentityOpenID IdentityKind = "openid"
	IdentityClient IdentityKind = "client"
)

// PersonIdentity says that whoever knocks with (kind, appid, value) is a person. appid is empty for unionids.
type PersonIdentity struct {
	ID        int64
	Kind      IdentityKind
	AppID     string `gorm:"column:appid"`
	Value     string
	PersonID  int64
	CreatedAt time.Time
}

// PersonLink says that a person is canonically another: chains do not occur, the target has no link itself.
type PersonLink struct {
	PersonID    int64 `gorm:"primaryKey;autoIncrement:false"`
	CanonicalID int64
	LinkedAt    time.Time
}

// People is the counting view of all persons at one version: who is really whom, and who is staff.
type People struct {
	Version int64
	Links   map[int64]int64 // person → canonical, where they differ
	Staff   map[int64]bool  // canonical numbers
}

// Of gives the number a person counts under; 0 for nobody and for staff, who count nowhere.
func (p *People) Of(person int64) int64 {
	if c, ok := p.Links[person]; ok {
		person = c
	}
	if p.Staff[person] {
		return 0
	}
	return person
}

// IsStaff tells whether what a person does counts nowhere.
func (p *People) IsStaff(person int64) bool {
	if len(p.Staff) == 0 || person == 0 {
		return false
	}
	if c, ok := p.Links[person]; ok {
		person = c
	}
	return p.Staff[person]
}
