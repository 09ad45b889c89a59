package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// CourseContent is what a course teaches and says of itself: what a draft changes and a version keeps. Price and
// refund rule are not in it: they hold from the moment they are saved, and going back to an old text must not bring
// back an old price.
type CourseContent struct {
	Title    string          `json:"title"`
	Intro    string          `json:"intro"`
	Cover    string          `json:"cover"`
	Category string          `json:"category"`
	Teacher  string          `json:"teacher"`
	Lessons  []LessonContent `json:"lessons"`
}

// LessonContent is one lesson of it. ID is the lesson's, 0 for one that is not live yet: progress speaks of lessons by
// it, so a lesson keeps it from version to version.
type LessonContent struct {
	ID      int64      `json:"id"`
	Chapter string     `json:"chapter"`
	Title   string     `json:"title"`
	Kind    LessonKind `json:"kind"`
	Content string     `json:"content"`
	Media   string     `json:"media"`
	Trial   bool       `json:"trial"`
	Seconds int        `json:"seconds"`
	Release Release    `json:"release"`
	Quiz    *Quiz      `json:"quiz,omitempty"` // absent where there is none: contents kept before there were quizzes stay the same content
}

// Hash tells two contents apart.
func (c CourseContent) Hash() string {
	body, err := json.Marshal(c)
	if err != nil {
		panic(err) // texts and numbers only
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// ContentOf reads the content out of a course's rows. The lessons of a draft stand for those they were drafted from.
func ContentOf(c Course, lessons []Lesson) CourseContent {
	out := CourseContent{Title: c.Title, Intro: c.Intro, Cover: c.Cover, Category: c.Category, Teacher: c.Teacher, Lessons: make([]LessonContent, 0, len(lessons))}
	for _, l := range lessons {
		id := l.ID
		if l.DraftOf != nil {
			id = *l.DraftOf
		}
		r := l.Release
		if r.At != nil {
			at := r.At.UTC()
			r.At = &at
		}
		out.Lessons = append(out.Lessons, LessonContent{ID: id, Chapter: l.Chapter, Title: l.Title, Kind: l.Kind, Content: l.Content, Media: l.Media, Trial: l.Trial, Seconds: l.Seconds, Release: r, Quiz: l.Quiz})
	}
	return out
}

// Onto writes the content over a lesson's row.
func (c LessonContent) Onto(l *Lesson) {
	l.Chapter, l.Title, l.Kind, l.Content, l.Media, l.Trial, l.Seconds, l.Quiz = c.Chapter, c.Title, c.Kind, c.Content, c.Media, c.Trial, c.Seconds, c.Quiz
	l.SetRelease(c.Release)
}

var lessonKindWords = map[LessonKind]string{LessonText: "图文", LessonAudio: "音频", LessonVideo: "视频", LessonFile: "文件"}

// CourseDiff says in words how after differs from before; empty: not at all. A lesson that moved is the same lesson
// elsewhere.
func CourseDiff(before, after CourseContent) []string {
	out := []string{}
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if before.Title != after.Title {
		add("课程改名：「%s」→「%s」", before.Title, after.Title)
	}
	if before.Intro != after.Intro {
		add("简介：%s", textWords(before.Intro, after.Intro))
	}
	if before.Cover != after.Cover {
		add("封面：%s", fileWords(before.Cover, after.Cover))
	}
	if before.Category != after.Category {
		add("分类：%s → %s", orNone(before.Category), orNone(after.Category))
	}
	if before.Teacher != after.Teacher {
		add("讲师：%s → %s", orNone(before.Teacher), orNone(after.Teacher))
	}
	was := pair(len(before.Lessons), len(after.Lessons), func(i, j int) bool {
		return before.Lessons[i].ID > 0 && before.Lessons[i].ID == after.Lessons[j].ID
	})
	stay := inOrder(was)
	for j, n := range after.Lessons {
		if was[j] < 0 {
			trial := ""
			if n.Trial {
				trial = "，可试看"
			}
			add("新增第 %d 课「%s」（%s%s）", j+1, n.Title, lessonKindWords[n.Kind], trial)
			continue
		}
		o := before.Lessons[was[j]]
		if o.Title != n.Title {
			add("课时改名：「%s」→「%s」", o.Title, n.Title)
		}
		if !stay[j] {
			add("「%s」从第 %d 课移到第 %d 课", n.Title, was[j]+1, j+1)
		}
		out = append(out, lessonWords(o, n)...)
	}
	for i, o := range before.Lessons {
		if !slices.Contains(was, i) {
			add("删除课时「%s」", o.Title)
		}
	}
	return out
}

func lessonWords(o, n LessonContent) []string {
	out := []string{}
	add := func(format string, args ...any) { out = append(out, "「"+n.Title+"」"+fmt.Sprintf(format, args...)) }
	if o.Chapter != n.Chapter {
		add("的章：%s → %s", orNone(o.Chapter), orNone(n.Chapter))
	}
	if o.Kind != n.Kind {
		add("的类型：%s → %s", lessonKindWords[o.Kind], lessonKindWords[n.Kind])
	}
	if o.Content != n.Content {
		add("的正文：%s", textWords(o.Content, n.Content))
	}
	if o.Media != n.Media {
		add("的文件：%s", fileWords(o.Media, n.Media))
	}
	if o.Seconds != n.Seconds {
		add("的时长：%s → %s", clockWords(o.Seconds), clockWords(n.Seconds))
	}
	switch {
	case !o.Trial && n.Trial:
		add("改为可试看")
	case o.Trial && !n.Trial:
		add("不再试看")
	}
	if was, is := quizWords(o.Quiz), quizWords(n.Quiz); was != is {
		add("的测验：%s → %s", was, is)
	} else if o.Quiz != nil && o.Quiz.Hash() != n.Quiz.Hash() {
		add("的测验：题目有改动（%s）", is)
	}
	if was, is := releaseWords(o.Release), releaseWords(n.Release); was != is {
		add("的开放：%s → %s", was, is)
	}
	return out
}

// textWords tells how long a text was and is, its markup not counted.
func textWords(before, after string) string {
	was, is := letters(before), letters(after)
	switch {
	case was == 0 && is > 0:
		return fmt.Sprintf("写了 %d 字", is)
	case is == 0 && was > 0:
		return fmt.Sprintf("删掉了原来的 %d 字", was)
	}
	return fmt.Sprintf("有改动（%d 字 → %d 字）", was, is)
}

// letters counts what is between the tags.
func letters(html string) int {
	n, inside := 0, false
	for _, r := range html {
		switch {
		case r == '<':
			inside = true
		case r == '>':
			inside = false
		case !inside && r > ' ' && r != utf8.RuneError:
			n++
		}
	}
	return n
}

func fileWords(before, after string) string {
	switch {
	case before == "":
		return "加上了"
	case after == "":
		return "拿掉了"
	}
	return "换了一个"
}

func quizWords(q *Quiz) string {
	if q == nil {
		return "没有"
	}
	tries := "次数不限"
	if q.Tries > 0 {
		tries = fmt.Sprintf("最多答 %d 次", q.Tries)
	}
	return fmt.Sprintf("%d 道题，%d 分及格，%s", len(q.Questions), q.Pass, tries)
}

func clockWords(seconds int) string {
	if seconds == 0 {
		return "没写"
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

func releaseWords(r Release) string {
	if w := r.Words(); w != "" {
		return w
	}
	return "买了就能学"
}

func orNone(s string) string {
	if s == "" {
		return "（没写）"
	}
	return s
}
