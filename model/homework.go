package model

import (
	"strings"
	"time"
	"unicode/utf8"
)

// HomeworkState is where a hand-in of homework stands.
type HomeworkState string

// The latest hand-in of a learner is the one that counts.
const (
	HomeworkWaiting  HomeworkState = "waiting"  // 待批改
	HomeworkMarked   HomeworkState = "marked"   // 已批改: passed
	HomeworkReturned HomeworkState = "returned" // 退回重交, by the teacher or by WeChat's check
	HomeworkReplaced HomeworkState = "replaced" // handed in anew before it was marked
)

// Bounds of homework.
const (
	HomeworkPictures   = 9 // of one hand-in
	HomeworkTextMost   = 2000
	homeworkTitleMost  = 60
	homeworkTaskMost   = 5000
	homeworkWordsMost  = 1000
	homeworkDaysMost   = 365
	HomeworkByWeChat   = "内容没有通过微信的检查，请修改后重交"
	HomeworkMostHanded = 50 // hand-ins of one learner for one homework
	HomeworkMostUnsent = 30 // pictures a learner uploaded and has not handed in yet
)

// Homework (作业) is a task under a lesson, at most one. It is not part of a course's draft: saved, it stands.
type Homework struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	CourseID     int64
	LessonID     int64 // unique
	Title        string
	Task         string // plain text
	DueDays      int    // after the learner got the course; 0: no end
	NeedText     bool
	NeedPictures bool
	Counts       bool // the lesson is finished by passing it
	Closed       bool // taken away: nobody hands in, what was handed in stays
	UpdatedBy    string
	CreatedAt    time.Time
	UpdatedAt    time.Time `gorm:"autoUpdateTime:false"`
}

// TableName keeps the table's name apart from the type's.
func (Homework) TableName() string { return "homeworks" }

// Tidy trims what an operator typed and names what is wrong with it.
func (h *Homework) Tidy() error {
	bad := Refuse(ErrInvalid, CodeInvalid, "作业信息有误，请检查标出的项")
	h.Title, h.Task = strings.TrimSpace(h.Title), strings.TrimSpace(h.Task)
	if n := utf8.RuneCountInString(h.Title); n < 1 || n > homeworkTitleMost {
		bad.Field("title", "标题为 1 到 60 个字")
	}
	if n := utf8.RuneCountInString(h.Task); n < 1 || n > homeworkTaskMost {
		bad.Field("task", "作业要求为 1 到 5000 个字")
	}
	if h.DueDays < 0 || h.DueDays > homeworkDaysMost {
		bad.Field("due_days", "为 0 到 365 天，0 是不限")
	}
	if !h.NeedText && !h.NeedPictures {
		bad.Field("need_text", "文字和图片至少要一样")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// DueAt is the end of the day, in Shanghai, until which whoever got the course at since should hand in; nil: no end.
func (h Homework) DueAt(since time.Time) *time.Time {
	if h.DueDays == 0 || since.IsZero() {
		return nil
	}
	at := DayStart(DayNumber(since)).AddDate(0, 0, h.DueDays+1).UTC()
	return &at
}

// HomeworkText is what a learner typed or pasted, with the ends of lines and the tabs of other programs made plain.
func HomeworkText(typed string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ").Replace(typed))
}

// HandIn names what is wrong with a hand-in of text and so many pictures.
func (h Homework) HandIn(text string, pictures int) error {
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查填写的内容")
	switch n := utf8.RuneCountInString(text); {
	case n > HomeworkTextMost:
		bad.Field("content", "最多 2000 个字")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' }):
		bad.Field("content", "里面有不能显示的字符，请删掉后再交")
	case n == 0 && h.NeedText:
		bad.Field("content", "这份作业要写文字")
	}
	switch {
	case pictures > HomeworkPictures:
		bad.Field("pictures", "最多 9 张图片")
	case pictures == 0 && h.NeedPictures:
		bad.Field("pictures", "这份作业要交图片")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// HomeworkSubmission is one hand-in. Verdict is what WeChat's check of its text said, "" while it was not heard; "pass"
// where there is no text.
type HomeworkSubmission struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	HomeworkID int64
	CourseID   int64
	LessonID   int64
	LearnerID  int64
	PersonID   int64
	IdemKey    string // the phone's Idempotency-Key
	Number     int    // of the learner, from 1
	Content    string
	Verdict    TextVerdict
	State      HomeworkState
	Late       bool
	Score      *int   // 0–100; nil: passed without one
	Words      string // the teacher's, or why it came back
	MarkedBy   string
	MarkedAt   *time.Time
	Featured   bool // 精选: shown to others who have the course, once WeChat's check passed
	CreatedAt  time.Time

	Pictures []HomeworkPicture `gorm:"-"`
}

// TableName keeps the table's name apart from the type's.
func (HomeworkSubmission) TableName() string { return "homework_submissions" }

// Passed tells whether others may see it: WeChat's check passed its text and every picture.
func (s HomeworkSubmission) Passed() bool { return s.verdict() == TextPass }

// verdict is the worst that was said; "" while something was not heard.
func (s HomeworkSubmission) verdict() TextVerdict {
	worst := s.Verdict
	rank := map[TextVerdict]int{TextPass: 0, "": 1, TextUnknown: 2, TextReview: 3, TextRisky: 4}
	for _, p := range s.Pictures {
		if rank[p.Verdict] > rank[worst] {
			worst = p.Verdict
		}
	}
	return worst
}

// Check is the check's result in words of the console: checking, pass, review, risky, unknown.
func (s HomeworkSubmission) Check() string {
	if v := s.verdict(); v != "" {
		return string(v)
	}
	return "checking"
}

// HomeworkPicture is a picture of a hand-in, or one uploaded for it (SubmissionID 0).
type HomeworkPicture struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	LessonID     int64
	LearnerID    int64
	PersonID     int64
	SubmissionID int64
	Position     int
	Address      string // /media/…
	Verdict      TextVerdict
	TraceID      string // of WeChat's check, "" until it was asked
	AskedAt      *time.Time
	CreatedAt    time.Time
}

// TableName keeps the table's name apart from the type's.
func (HomeworkPicture) TableName() string { return "homework_pictures" }

// HomeworkWords is what a teacher wrote; need: it may not be empty.
func HomeworkWords(typed string, need bool) (string, error) {
	words := strings.TrimSpace(typed)
	if n := utf8.RuneCountInString(words); n > homeworkWordsMost || n == 0 && need {
		return "", Refuse(ErrInvalid, CodeInvalid, "请检查填写的内容").Field("words", "1 到 1000 个字，学员看得到")
	}
	return words, nil
}
