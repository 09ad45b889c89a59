package main

import (
	"context"

	"loudou/model"
	"loudou/service/certificate"
	"loudou/service/wechat"
)

func (h *house) certificate() {
	h.certificates = certificate.New(certificate.Options{DB: h.db, AppID: h.cfg.MiniAppID, PublicURL: h.cfg.PublicURL, Courses: standing{h}, Learners: h.learners, Texts: texts{h}, Audit: h.operators, Now: h.clock.now})
	h.erasers = append(h.erasers, h.certificates.Erase)
}

// standing puts together what service/course and service/progress know of a learner's way to a certificate.
type standing struct{ h *house }

func (s standing) Standing(ctx context.Context, who model.Caller, courseID int64) (model.Standing, error) {
	c, lessons, err := s.h.courses.Page(ctx, who, courseID)
	if err != nil {
		return model.Standing{}, err
	}
	done, err := s.h.progress.Finished(ctx, who.LearnerID, courseID)
	out := model.Standing{Title: c.Title, Issued: c.Certificate, Owned: c.Owned, Lessons: len(lessons)}
	for _, l := range lessons {
		if done[l.ID] {
			out.Finished++
		}
	}
	return out, err
}

// texts asks WeChat about what learners write. What it would have a person look at is not fit to be shown unseen.
type texts struct{ h *house }

func (t texts) Fit(ctx context.Context, openid model.OpenID, text string) (bool, error) {
	if t.h.mini == nil {
		return false, model.Refuse(model.ErrUnavailable, model.CodeUnavailable, "小程序还没有配置")
	}
	said, err := t.h.mini.MsgSecCheck(ctx, openid, wechat.SceneProfile, text)
	return said.Suggest == "pass", err
}
