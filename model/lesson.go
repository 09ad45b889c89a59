package model

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// LessonKind is what a lesson is made of.
type LessonKind string

// A file lesson is something to download.
const (
	LessonText  LessonKind = "text"
	LessonAudio LessonKind = "audio"
	LessonVideo LessonKind = "video"
	LessonFile  LessonKind = "file"
)

// MaxLessonSeconds bounds a lesson's length, and its progress where the length is not known: one day.
const MaxLessonSeconds = 86_400

// Lesson is a part of a course. A deleted one keeps its row, because progress and events speak of it.
type Lesson struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	CourseID  int64
	Position  int // from 1, in the order they are learned
	Chapter   string
	Title     string
	Kind      LessonKind
	Content   string // HTML, already cleaned
	Media     string // our own /media/… or an https address
	Trial     bool
	Seconds   int     // length; 0 where it has none or nobody knows
	Release   Release `gorm:"embedded;embeddedPrefix:release_"`
	Quiz      *Quiz   `gorm:"serializer:json"` // asked at the end; nil: none
	Version   int64
	UpdatedBy string
	CreatedAt time.Time
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
	DeletedAt *time.Time
	DraftOf   *int64 // in a draft: the lesson it is the draft of, 0 a new one; nil: a lesson
}

// TableName keeps the table's name apart from the type's.
func (Lesson) TableName() string { return "lessons" }

// QuizWords says in Chinese what a lesson asks at its end.
func (l Lesson) QuizWords() string { return quizWords(l.Quiz) }

// Cap brings a position a phone claims into what is possible.
func (l Lesson) Cap(position int) int {
	most := l.Seconds
	if most == 0 {
		most = MaxLessonSeconds
	}
	return max(0, min(position, most))
}

// Check looks at what an operator typed. Every fault is named.
func (l Lesson) Check() error {
	bad := Refuse(ErrInvalid, CodeInvalid, "课时信息有误，请检查标出的项")
	if n := utf8.RuneCountInString(strings.TrimSpace(l.Title)); n < 1 || n > 60 {
		bad.Field("title", "标题为 1 到 60 个字")
	}
	switch l.Kind {
	case LessonText, LessonAudio, LessonVideo, LessonFile:
	default:
		bad.Field("kind", "类型应为 text、audio、video 或 file")
	}
	if utf8.RuneCountInString(l.Chapter) > 60 {
		bad.Field("chapter", "章名最多 60 个字")
	}
	if len(l.Content) > 500_000 {
		bad.Field("content", "正文过长")
	}
	if !goodAddress(l.Media) {
		bad.Field("media", "媒体应为已上传的文件或 https 地址")
	}
	if l.Seconds < 0 || l.Seconds > MaxLessonSeconds {
		bad.Field("seconds", "时长为 0 到 86400 秒")
	}
	l.checkRelease(bad)
	if l.Quiz != nil {
		l.Quiz.check(bad)
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Progress is how far one learner got in one lesson. Position never goes back.
type Progress struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	LearnerID  int64
	PersonID   int64
	CourseID   int64
	LessonID   int64
	Position   int // seconds, the furthest
	FinishedAt *time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time `gorm:"autoUpdateTime:false"`
}

// TableName keeps the table's name apart from the type's.
func (Progress) TableName() string { return "progress" }

// CourseOfPage reads which course a page of our Mini Program shows.
func CourseOfPage(page string) (int64, bool) {
	path, query, _ := strings.Cut(page, "?")
	if !strings.Contains(path, "course") {
		return 0, false
	}
	v, err := url.ParseQuery(query)
	if err != nil {
		return 0, false
	}
	id, err := strconv.ParseInt(v.Get("id"), 10, 64)
	return id, err == nil && id > 0
}
