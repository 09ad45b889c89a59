package model

import (
	"regexp"
	"time"
)

// Learner is one account in the Mini Program. An erased one keeps its row with openid and unionid blotted
// out, so that sums stay and old tokens are refused.
type Learner struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	OpenID     OpenID `gorm:"column:openid"`
	UnionID    string `gorm:"column:unionid"`
	PersonID   int64
	Platform   Platform // of the last login
	SessionKey []byte   // encrypted; nil once erased
	Phone      []byte   // encrypted; nil while the learner has not given it, and once erased
	LoginAt    time.Time
	ErasedAt   *time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time `gorm:"autoUpdateTime:false"`
}

// TableName keeps the table's name apart from the type's.
func (Learner) TableName() string { return "learners" }

// Caller is the learner at the door, as the bearer token and the learner's row say. Platform is the
// terminal this token was given to.
type Caller struct {
	LearnerID int64
	PersonID  int64
	AppID     string
	OpenID    OpenID
	Platform  Platform
}

// MiniSession is what code2session answers. Source: 小程序登录, jscode2session.
type MiniSession struct {
	OpenID     OpenID
	UnionID    string // empty unless bound to an open-platform account
	SessionKey string // never leaves the server
}

var loginCode = regexp.MustCompile(`^[0-9A-Za-z_-]{1,128}$`)

// GoodLoginCode tells whether code can be what wx.login gave; anything else never reaches WeChat.
func GoodLoginCode(code string) bool { return loginCode.MatchString(code) }

// Phone is a learner's phone number, from the button's code.
type Phone struct {
	Number  string // without the country's code
	Country string // 86
}

// Masked shows a phone number so that its owner knows it again and nobody else can call it: 138****0000.
func (p Phone) Masked() string {
	n := len(p.Number)
	if n < 7 {
		return "****"
	}
	return p.Number[:3] + "****" + p.Number[n-4:]
}
