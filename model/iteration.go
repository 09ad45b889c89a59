package model

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// Measure is a figure as it was at one moment, with what it counted then.
type Measure struct {
	Name        string   `json:"name"`
	Value       *float64 `json:"value"`
	Numerator   *int64   `json:"numerator,omitempty"`
	Denominator *int64   `json:"denominator,omitempty"`
	State       string   `json:"state" enum:"final,running,maturing,missing"`
	Rule        string   `json:"rule"`
}

// Iteration is the next version (下一版) of a course or of one of its lessons: a task, and the figures it was made from.
type Iteration struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	CourseID  int64
	LessonID  int64 // 0: the whole course
	TaskID    int64
	Title     string
	Note      string // what shall be better, and why
	FirstDay  int    // whose beginners the figures are of
	LastDay   int
	Before    string `gorm:"column:before_json"` // []Measure, frozen when it was made
	CreatedBy string
	CreatedAt time.Time
}

// TableName says that these are of courses.
func (Iteration) TableName() string { return "course_iterations" }

// IterationDays is how many days' beginners an iteration may look at.
const IterationDays = 366

// Check says by field what is wrong.
func (i *Iteration) Check() error {
	i.Title, i.Note = strings.TrimSpace(i.Title), strings.TrimSpace(i.Note)
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	if n := utf8.RuneCountInString(i.Title); n < 1 || n > TaskTitleMax {
		bad.Field("title", "请写下一版要改什么，1 到 60 个字")
	}
	if utf8.RuneCountInString(i.Note) > 500 {
		bad.Field("note", "最多 500 个字")
	}
	if i.FirstDay == 0 || i.LastDay < i.FirstDay {
		bad.Field("to", "结束日期不能早于开始日期")
	} else if i.Days() > IterationDays {
		bad.Field("to", "最多看一年")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Days is how many days' beginners it looks at.
func (i Iteration) Days() int {
	return int(DayStart(i.LastDay).Sub(DayStart(i.FirstDay)).Hours()/24+0.5) + 1
}

// Frozen reads the figures it was made from.
func (i Iteration) Frozen() []Measure {
	out := []Measure{}
	_ = json.Unmarshal([]byte(i.Before), &out) // written by us; an unreadable one shows none
	return out
}

// After is whose beginners show what the new version does: as many days as before, from the day after it was done.
func (i Iteration) After(done time.Time) (first, last int) {
	begin := DayStart(DayNumber(done)).AddDate(0, 0, 1)
	return DayNumber(begin), DayNumber(begin.AddDate(0, 0, i.Days()-1))
}
