package main

import (
	"context"
	"errors"
	"time"

	"loudou/model"
	"loudou/service/homework"
	"loudou/service/quiz"
	"loudou/service/remark"
	"loudou/service/signup"
	"loudou/service/wechat"
)

// learning connects what learners do in a course beyond looking at it.
func (h *house) learning() {
	h.quizzes = quiz.New(quiz.Options{DB: h.db, AppID: h.cfg.MiniAppID, Lessons: h.courses, Learners: h.learners, Progress: h.progress, Audit: h.operators, Now: h.clock.now})
	h.remarks = remark.New(remark.Options{DB: h.db, AppID: h.cfg.MiniAppID, Courses: owning{h}, Learners: h.learners, Texts: judging{h}, Jobs: h.jobs, Audit: h.operators, Now: h.clock.now})
	h.jobs.HandleSlow(remark.CheckJob, h.remarks.Check)
	h.homework = homework.New(homework.Options{DB: h.db, AppID: h.cfg.MiniAppID, Lessons: h.courses, Learners: h.learners, Access: h.grants, Progress: h.progress, Quizzes: h.quizzes, Files: h.media,
		Checks: judging{h}, Jobs: h.jobs, Audit: h.operators, Now: h.clock.now})
	h.progress.Gate = h.homework
	h.inbox.Takes(h.homework)
	h.jobs.HandleSlow(homework.CheckJob, h.homework.Check)
	h.jobs.Handle(homework.JudgedJob, h.homework.Judged)
	h.jobs.HandleSlow(homework.ForgetJob, h.homework.Forget)
	h.jobs.Every("homework.sweep", time.Hour, h.homework.Sweep)
	h.erasers = append(h.erasers, h.quizzes.Erase, h.remarks.Erase, h.homework.Erase)
}

// signUp connects the campaigns' sign-up lists.
func (h *house) signUp() {
	h.signups = signup.New(signup.Options{DB: h.db, AppID: h.cfg.OfficialAppID, Campaigns: h.campaigns, Learners: h.learners, Facts: h.facts, Audit: h.operators, Now: h.clock.now})
	h.erasers = append(h.erasers, h.signups.Erase)
}

// owning tells whether somebody has a course they are shown.
type owning struct{ h *house }

func (o owning) Owned(ctx context.Context, who model.Caller, courseID, lessonID int64) (bool, error) {
	c, lessons, err := o.h.courses.Page(ctx, who, courseID)
	if err != nil || lessonID == 0 {
		return c.Owned, err
	}
	for _, l := range lessons {
		if l.ID == lessonID {
			_, _, err := o.h.courses.Open(ctx, who, lessonID)
			return c.Owned, err
		}
	}
	return false, model.Refuse(model.ErrNotFound, model.CodeNotFound, "这门课里没有这个课时")
}

// judging asks WeChat about what learners write. What WeChat declines to judge, because the writer has been away for
// two hours, no later try will change.
type judging struct{ h *house }

func (j judging) Judge(ctx context.Context, openid model.OpenID, text string) (model.TextVerdict, error) {
	if j.h.mini == nil {
		return model.TextUnknown, nil
	}
	said, err := j.h.mini.MsgSecCheck(ctx, openid, wechat.SceneComment, text)
	if declined(err) {
		return model.TextUnknown, nil
	}
	return model.TextVerdict(said.Suggest), err
}

func (j judging) AskPicture(ctx context.Context, openid model.OpenID, url string) (string, model.TextVerdict, error) {
	if j.h.mini == nil {
		return "", model.TextUnknown, nil
	}
	trace, err := j.h.mini.MediaCheckAsync(ctx, openid, wechat.SceneComment, url)
	if declined(err) {
		return "", model.TextUnknown, nil
	}
	return trace, "", err
}

// declined holds for what WeChat will not judge, now or ever.
func declined(err error) bool {
	return errors.Is(err, model.ErrConflict) || errors.Is(err, model.ErrInvalid) || errors.Is(err, model.ErrForbidden)
}
