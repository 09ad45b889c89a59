package model

import (
	"fmt"
	"time"
)

// ReleaseHow says what a lesson waits for once its course is open.
type ReleaseHow string

// The ways a lesson is released.
const (
	ReleaseAtOnce ReleaseHow = ""      // with the course
	ReleaseByDate ReleaseHow = "date"  // at a moment, for everybody
	ReleaseByDays ReleaseHow = "days"  // so many days after the learner's access began
	ReleaseOrder  ReleaseHow = "order" // once the lesson before it is finished
)

// Release is a lesson's place in the course's plan. A trial lesson has none: anybody may have it at any time.
type Release struct {
	How  ReleaseHow
	At   *time.Time // by date
	Days int        // by days; 1: a day after
}

// Reach is how far one learner has come, as far as a release asks.
type Reach struct {
	Since  time.Time // when their access to the course began
	Before *Lesson   // the lesson before this one; nil: this is the first
	Done   bool      // they finished it
}

// Locked says in Chinese why the learner may not open the lesson yet, and when they may where that is known;
// "" when they may.
func (r Release) Locked(reach Reach, now time.Time) (why string, opensAt *time.Time) {
	switch r.How {
	case ReleaseByDate:
		if r.At == nil || !now.Before(*r.At) {
			return "", nil
		}
		return r.At.In(Shanghai).Format("2006 年 1 月 2 日 15:04") + " 开放", r.At
	case ReleaseByDays:
		at := reach.Since.AddDate(0, 0, r.Days)
		if !now.Before(at) {
			return "", nil
		}
		return fmt.Sprintf("开课 %d 天后开放，%s 起可以学", r.Days, at.In(Shanghai).Format("1 月 2 日 15:04")), &at
	case ReleaseOrder:
		if reach.Before == nil || reach.Done {
			return "", nil
		}
		return "学完上一课「" + reach.Before.Title + "」后开放", nil
	}
	return "", nil
}

// Words say the plan to an operator, and to who has not bought yet; "" where nothing is waited for.
func (r Release) Words() string {
	switch r.How {
	case ReleaseByDate:
		if r.At != nil {
			return r.At.In(Shanghai).Format("2006-01-02 15:04") + " 开放"
		}
	case ReleaseByDays:
		return fmt.Sprintf("开课 %d 天后开放", r.Days)
	case ReleaseOrder:
		return "学完上一课后开放"
	}
	return ""
}

// tidy leaves only what the way asks for, so that what was typed before the way was changed decides nothing.
func (r *Release) tidy() {
	if r.How != ReleaseByDate {
		r.At = nil
	} else if r.At != nil {
		at := Milli(*r.At)
		r.At = &at
	}
	if r.How != ReleaseByDays {
		r.Days = 0
	}
}

// checkRelease adds to bad what is wrong with the release of l.
func (l Lesson) checkRelease(bad *Refusal) {
	r := l.Release
	switch r.How {
	case ReleaseAtOnce, ReleaseOrder:
	case ReleaseByDate:
		if r.At == nil || r.At.Year() < 2000 || r.At.Year() > 2100 {
			bad.Field("release.at", "请选开放的日期和时间")
		}
	case ReleaseByDays:
		if r.Days < 1 || r.Days > 3650 {
			bad.Field("release.days", "1 到 3650 天")
		}
	default:
		bad.Field("release.how", "应为空、date、days 或 order")
	}
	if l.Trial && r.How != ReleaseAtOnce {
		bad.Field("release.how", "可试看的课时随时能看，不用排开放时间")
	}
}

// SetRelease puts r onto the lesson.
func (l *Lesson) SetRelease(r Release) {
	r.tidy()
	l.Release = r
}
