package console

import (
	"context"
	"strconv"
	"time"

	"loudou/model"
	"loudou/service/figure"
)

// SceneCodePath names a QR code.
type SceneCodePath struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

func (d *Door) sceneCode(ctx context.Context, in *SceneCodePath) (*sceneCodeOut, error) {
	c, err := d.Scenes.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &sceneCodeOut{viewSceneCode(c)}, nil
}

type sceneLineOut struct {
	Body struct {
		figure.SceneLine
		Rule string `json:"rule"`
	}
}

// sceneLine says beside the numbers by which rules they were counted.
func (d *Door) sceneLine(ctx context.Context, in *struct {
	SceneCodePath
	Range
	Model        model.AttributionModel `query:"model" default:"last" enum:"last,first,linear,position,decay"`
	LookbackDays int                    `query:"lookback_days" default:"30" minimum:"1" maximum:"366"`
}) (*sceneLineOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	c, err := d.Scenes.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &sceneLineOut{}
	if out.Body.SceneLine, err = d.Figures.Scene(ctx, c.AppID, c.Scene, span, in.Model, time.Duration(in.LookbackDays)*24*time.Hour); err != nil {
		return nil, err
	}
	out.Body.Rule = "扫码按次数，已经关注的人再扫也算。新关注是从没关注过、经这个码第一次关注的人；以前关注过又经它回来的另计回流。" +
		"n 天后还在：新关注的人里，关注当天之后第 n 个自然日结束时仍关注着的（走了又回来算在）；那一天没过完就是观察期未满，不写数。" +
		"课程浏览、订单和钱按之前 " + strconv.Itoa(in.LookbackDays) + " 天内的触点归因到这个码：" + modelNames[in.Model] + "；" + sharedRule + "日期都是北京时间。"
	return out, nil
}
