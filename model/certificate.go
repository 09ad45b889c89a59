package model

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Certificate (结业证书) says that a learner finished every lesson a course had. Its serial is in the address that
// proves it; one per learner and course.
type Certificate struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	Serial       string
	CourseID     int64
	CourseTitle  string // as it was called then
	Lessons      int    // finished
	LearnerID    int64
	PersonID     int64
	Name         string // as the learner wrote it
	WithdrawnAt  *time.Time
	WithdrawnBy  string
	WithdrawnWhy string
	CreatedAt    time.Time
}

// TableName keeps the table's name apart from the type's.
func (Certificate) TableName() string { return "certificates" }

// SerialLetters is the length of a serial: 30^16 are far too many to try.
const SerialLetters = 16

// Standing is how far a learner is from a course's certificate.
type Standing struct {
	Title    string
	Issued   bool // the course gives one
	Owned    bool
	Lessons  int
	Finished int
}

// Earned says why there is no certificate yet; nil: there may be.
func (s Standing) Earned() error {
	switch {
	case !s.Issued:
		return Refuse(ErrForbidden, CodeForbidden, "这门课不发结业证书")
	case !s.Owned:
		return Refuse(ErrForbidden, CodeForbidden, "有这门课的人才能领结业证书")
	case s.Lessons == 0 || s.Finished < s.Lessons:
		return Refuse(ErrForbidden, CodeForbidden, fmt.Sprintf("学完全部课时就能领，还差 %d 课", max(1, s.Lessons-s.Finished)))
	}
	return nil
}

// CertificateName is the one form of a name to be printed; ErrInvalid for what is none.
func CertificateName(typed string) (string, error) {
	name := strings.Join(strings.Fields(typed), " ")
	bad := Refuse(ErrInvalid, CodeInvalid, "请写证书上的姓名").Field("name", "2 到 20 个字，只用文字、空格、间隔号和连字符")
	if n := utf8.RuneCountInString(name); n < 2 || n > 20 || !utf8.ValidString(name) {
		return "", bad
	}
	letters := 0
	for _, r := range name {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.Is(unicode.M, r), strings.ContainsRune(" ·•.-'’", r):
		default:
			return "", bad
		}
	}
	if letters < 2 {
		return "", bad
	}
	return name, nil
}
