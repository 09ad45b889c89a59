package model

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Role is what an operator may do, in one word; May says what that is.
type Role string

const (
	RoleOwner    Role = "owner"
	RoleEditor   Role = "editor"
	RoleReviewer Role = "reviewer"
	RoleFinance  Role = "finance"
	RoleViewer   Role = "viewer"
)

// Roles lists every role, the widest first.
var Roles = []Role{RoleOwner, RoleEditor, RoleReviewer, RoleFinance, RoleViewer}

// Right is one kind of act at the console. Every operation of the console door names the one it needs.
type Right string

const (
	RightNone    Right = ""        // nobody needs to be logged in: login alone
	RightRead    Right = "read"    // look at content, orders and figures
	RightEdit    Right = "edit"    // change and publish content, menus, replies, courses, campaigns
	RightConfirm Right = "confirm" // say yes or no to what another person wrote
	RightMoney   Right = "money"   // refunds, the money inbox, coupons' limits
	RightOwn     Right = "own"     // operators, settings, the audit trail
)

// Rights lists every right that needs a session.
var Rights = []Right{RightRead, RightEdit, RightConfirm, RightMoney, RightOwn}

var rightsOf = map[Role][]Right{
	RoleOwner:    {RightRead, RightEdit, RightConfirm, RightMoney, RightOwn},
	RoleEditor:   {RightRead, RightEdit, RightConfirm},
	RoleReviewer: {RightRead, RightConfirm},
	RoleFinance:  {RightRead, RightMoney},
	RoleViewer:   {RightRead},
}

// May reports whether r has the right; an unknown role has none.
func (r Role) May(right Right) bool {
	for _, have := range rightsOf[r] {
		if have == right {
			return true
		}
	}
	return false
}

// Valid reports whether r is one of Roles.
func (r Role) Valid() bool { return rightsOf[r] != nil }

// RolesWith lists the roles that have the right.
func RolesWith(right Right) []Role {
	var out []Role
	for _, r := range Roles {
		if r.May(right) {
			out = append(out, r)
		}
	}
	return out
}

// Operator is a person of ours at the console.
type Operator struct {
	ID           int64 `gorm:"primaryKey"`
	Name         string
	NameKey      string // what must be unique: see OperatorNameKey
	PasswordHash string // argon2id in PHC form; never leaves service/operator
	Role         Role
	DisabledAt   *time.Time
	LoginAt      *time.Time // last good login
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Enabled reports whether o may log in.
func (o Operator) Enabled() bool { return o.DisabledAt == nil }

// Longest name and shortest, longest password, in characters.
const (
	OperatorNameMax     = 32
	OperatorPasswordMin = 10
	OperatorPasswordMax = 200
)

// OperatorNameKey folds a name to the form two operators may not share: trimmed, lower case.
func OperatorNameKey(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// CheckOperatorName says in Chinese what is wrong with a name, "" when nothing is.
func CheckOperatorName(name string) string {
	if !utf8.ValidString(name) || strings.TrimSpace(name) != name || name == "" {
		return "名字不能为空，首尾不能有空格"
	}
	if utf8.RuneCountInString(name) > OperatorNameMax {
		return "名字最多 32 个字"
	}
	for _, r := range name {
		if !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) {
			return "名字里有看不见的字符"
		}
	}
	return ""
}

// CheckOperatorPassword says in Chinese what is wrong with a new password, "" when nothing is.
func CheckOperatorPassword(name, password string) string {
	n := utf8.RuneCountInString(password)
	switch {
	case n < OperatorPasswordMin:
		return "密码至少 10 个字符"
	case n > OperatorPasswordMax:
		return "密码最多 200 个字符"
	case strings.EqualFold(password, name):
		return "密码不能与名字相同"
	}
	first, _ := utf8.DecodeRuneInString(password)
	if strings.Trim(password, string(first)) == "" {
		return "密码不能只由一个字符组成"
	}
	return ""
}

// OperatorSession is one login. The cookie's value is not kept: only its SHA-256.
type OperatorSession struct {
	TokenHash  string `gorm:"primaryKey"` // hex SHA-256 of the cookie's value
	OperatorID int64
	Address    string
	CreatedAt  time.Time
	SeenAt     time.Time
	ExpiresAt  time.Time // whatever happens
	EndedAt    *time.Time
}

// How long a login lives: unused, and at all.
const (
	SessionIdle = 12 * time.Hour
	SessionMax  = 7 * 24 * time.Hour
)

// Live reports whether s opens the door at now.
func (s OperatorSession) Live(now time.Time) bool {
	return s.EndedAt == nil && now.Before(s.ExpiresAt) && now.Before(s.SeenAt.Add(SessionIdle))
}
