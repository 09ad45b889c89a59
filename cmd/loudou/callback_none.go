package main

import (
	"context"
	"time"

	"loudou/model"
)

// noOfficial answers while the settings name no Official Account.
type noOfficial struct{}

var errNoOfficial = model.Refuse(model.ErrUnavailable, model.CodeUnavailable, "公众号还没有配置")

func (noOfficial) SendCustom(context.Context, model.OpenID, model.Message) error {
	return errNoOfficial
}

func (noOfficial) FollowerInfo(context.Context, model.OpenID) (model.FollowerInfo, error) {
	return model.FollowerInfo{}, errNoOfficial
}

func (noOfficial) MakeCode(context.Context, string, time.Duration) (string, string, *time.Time, error) {
	return "", "", nil, errNoOfficial
}

func (noOfficial) Tags(context.Context) ([]model.Tag, error) { return nil, errNoOfficial }

func (noOfficial) TagCreate(context.Context, string) (int64, error) { return 0, errNoOfficial }

func (noOfficial) TagRename(context.Context, int64, string) error { return errNoOfficial }

func (noOfficial) TagDelete(context.Context, int64) error { return errNoOfficial }

func (noOfficial) TagFans(context.Context, int64, []model.OpenID, bool) error { return errNoOfficial }

func (noOfficial) Remark(context.Context, model.OpenID, string) error { return errNoOfficial }

func (noOfficial) Block(context.Context, []model.OpenID, bool) error { return errNoOfficial }

func (noOfficial) FollowerInfos(context.Context, []model.OpenID) ([]model.FollowerInfo, error) {
	return nil, errNoOfficial
}

func (noOfficial) FollowerPage(context.Context, string) ([]model.OpenID, string, int, error) {
	return nil, "", 0, errNoOfficial
}

func (noOfficial) BlockedPage(context.Context, string) ([]model.OpenID, string, error) {
	return nil, "", errNoOfficial
}
