package figure

import (
	"context"

	"loudou/model"
)

// ReviewFigures gives C of a review: the figures of an article or a campaign over its own days, named and written out.
func (s *Service) ReviewFigures(ctx context.Context, kind model.ReviewKind, c *model.Campaign, id int64, first, last int) ([]model.ReviewFigure, error) {
	var figures map[string]Figure
	var list []model.ReportColumn
	switch kind {
	case model.ReviewArticle:
		list = []model.ReportColumn{
			{Key: "readers", Label: "阅读人数", Kind: "count"}, {Key: "read_rate", Label: "阅读率", Kind: "rate"}, {Key: "share_rate", Label: "转发率", Kind: "rate"}, {Key: "finish_rate", Label: "完读率", Kind: "rate"},
			{Key: "clickers", Label: "点击人数", Kind: "count"}, {Key: "click_rate", Label: "点击率", Kind: "rate"}, {Key: "buyers", Label: "购买人数", Kind: "count"}, {Key: "conversion_readers", Label: "转化率", Kind: "rate"}, {Key: "net", Label: "净收入", Kind: "fen"},
		}
		var err error
		if figures, err = s.Article(ctx, id, days(first, last)); err != nil {
			return nil, err
		}
	case model.ReviewCampaign:
		list = []model.ReportColumn{
			{Key: "scans", Label: "扫码", Kind: "count"}, {Key: "new_followers", Label: "新增关注", Kind: "count"}, {Key: "joined", Label: "参与人数", Kind: "count"}, {Key: "buyers", Label: "购买人数", Kind: "count"}, {Key: "orders", Label: "订单", Kind: "count"},
			{Key: "net", Label: "净收入", Kind: "fen"}, {Key: "lift", Label: "新关注净效果（估算）", Kind: "count"}, {Key: "cac", Label: "拉新成本", Kind: "fen"}, {Key: "roi", Label: "ROI", Kind: "rate"},
		}
		board, err := s.Campaign(ctx, *c)
		if err != nil {
			return nil, err
		}
		figures = board.Figures
		figures["lift"] = board.lift()
	default:
		return []model.ReviewFigure{}, nil
	}
	out := make([]model.ReviewFigure, 0, len(list))
	for _, x := range list {
		f := figures[x.Key]
		out = append(out, model.ReviewFigure{Key: x.Key, Label: x.Label, Kind: x.Kind, Value: f.Value, Text: model.ReportNumber(x.Kind, f.Value), State: string(f.State), Rule: f.Rule})
	}
	return out, nil
}
