package main

import (
	"context"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/article"
	"loudou/service/broadcast"
	"loudou/service/comment"
	"loudou/service/draft"
	"loudou/service/material"
	"loudou/service/notice"
)

// sending is what leaves the house to many, and what it is made of: drafts and publishing, mass sends, material.
type sending struct {
	drafts     *draft.Service
	broadcasts *broadcast.Service
	materials  *material.Service
	comments   *comment.Service
	notices    *notice.Service
}

// send connects what leaves the house; account answers "not set up" without an Official Account.
func (h *house) send(account sendAccount) {
	h.drafts = draft.New(h.db, h.cfg.OfficialAppID, account, outgoing{h.articles}, pictures{h.media, h.materials}, h.operators, h.clock.now)
	h.jobs.Every("draft.check", time.Minute, h.drafts.Check)
	h.broadcasts = broadcast.New(h.db, h.cfg.OfficialAppID, account, h.drafts, h.operators, h.jobs, h.clock.now)
	h.jobs.Handle(broadcast.SendJob, h.broadcasts.Call)
	h.jobs.Every("broadcast.due", 5*time.Second, h.broadcasts.Due)
	h.jobs.Every("broadcast.check", time.Minute, h.broadcasts.Check)
	h.notices = notice.New(h.db, h.cfg.OfficialAppID, account, h.followers, h.operators, h.jobs, h.clock.now)
	h.jobs.HandleSlow(notice.Job, h.notices.Run) // it waits for WeChat, fan after fan
	h.jobs.Every("notice.watch", time.Minute, h.notices.Watch)
	h.jobs.Every("notice.sweep", 24*time.Hour, h.forgets(h.notices.Sweep))
	h.comments = comment.New(h.db, h.cfg.OfficialAppID, account, outgoing{h.articles}, h.operators, h.clock.now)
	h.jobs.Every("comment.sweep", 24*time.Hour, h.forgets(h.comments.Sweep))
	if h.official != nil {
		h.jobs.Every("comment.watch", 30*time.Minute, h.comments.Watch)
	}
}

// outgoing is the articles as what sends them asks for them.
type outgoing struct{ *article.Service }

func (o outgoing) Article(ctx context.Context, id int64) (model.Article, error) {
	v, err := o.Get(ctx, id)
	return v.Article, err
}

func (o outgoing) WentOut(tx *gorm.DB, id int64, url, msgDataID string, at time.Time, by string) error {
	return o.Service.WentOut(tx, id, article.Out{URL: url, MsgDataID: msgDataID, Index: 1, At: at, By: by})
}

// sendAccount is what sending asks of WeChat.
type sendAccount interface {
	draft.WeChat
	broadcast.WeChat
	material.WeChat
	comment.WeChat
	notice.WeChat
}

func (noOfficial) DraftAdd(context.Context, []model.DraftArticle) (string, error) {
	return "", errNoOfficial
}

func (noOfficial) DraftUpdate(context.Context, string, int, model.DraftArticle) error {
	return errNoOfficial
}

func (noOfficial) DraftGet(context.Context, string) ([]model.DraftArticle, error) {
	return nil, errNoOfficial
}

func (noOfficial) DraftDelete(context.Context, string) error { return errNoOfficial }

func (noOfficial) PublishSubmit(context.Context, string) (string, string, error) {
	return "", "", errNoOfficial
}

func (noOfficial) PublishGet(context.Context, string) (model.Publication, error) {
	return model.Publication{}, errNoOfficial
}

func (noOfficial) PublishDelete(context.Context, string, int) error { return errNoOfficial }

func (noOfficial) UploadContentPicture(context.Context, string, []byte) (string, error) {
	return "", errNoOfficial
}

func (noOfficial) MassSendAll(context.Context, model.MassTo, model.MassMessage, string) (model.MassAccepted, error) {
	return model.MassAccepted{}, errNoOfficial
}

func (noOfficial) MassPreview(context.Context, string, model.MassMessage) error { return errNoOfficial }

func (noOfficial) MassGet(context.Context, string) (string, error) { return "", errNoOfficial }

func (noOfficial) MassQuota(context.Context) (int64, int64, error) { return 0, 0, errNoOfficial }

func (noOfficial) CommentSwitch(context.Context, model.CommentAt, bool) error { return errNoOfficial }

func (noOfficial) CommentList(context.Context, model.CommentAt, int, int, int) ([]model.Comment, int, error) {
	return nil, 0, errNoOfficial
}

func (noOfficial) CommentElect(context.Context, model.CommentAt, int64, bool) error {
	return errNoOfficial
}

func (noOfficial) CommentDelete(context.Context, model.CommentAt, int64) error { return errNoOfficial }

func (noOfficial) CommentReply(context.Context, model.CommentAt, int64, string) error {
	return errNoOfficial
}

func (noOfficial) CommentUnreply(context.Context, model.CommentAt, int64) error { return errNoOfficial }

func (noOfficial) NoticeTemplates(context.Context, model.NoticeKind) ([]model.NoticeTemplate, error) {
	return nil, errNoOfficial
}

func (noOfficial) SendNotice(context.Context, model.OpenID, model.NoticeMessage) (string, error) {
	return "", errNoOfficial
}
