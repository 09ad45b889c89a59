package wechat

import (
	"context"
	"strconv"

	"loudou/model"
)

// The datacube of the Mini Program: days as yyyymmdd, yesterday at the latest, whole weeks and months.
var miniPaths = map[model.MiniKind]string{
	model.MiniSummary: "/datacube/getweanalysisappiddailysummarytrend",
	model.MiniTrend:   "/datacube/getweanalysisappiddailyvisittrend", model.MiniTrendWeek: "/datacube/getweanalysisappidweeklyvisittrend", model.MiniTrendMonth: "/datacube/getweanalysisappidmonthlyvisittrend",
	model.MiniRetain: "/datacube/getweanalysisappiddailyretaininfo", model.MiniRetainWeek: "/datacube/getweanalysisappidweeklyretaininfo", model.MiniRetainMonth: "/datacube/getweanalysisappidmonthlyretaininfo",
	model.MiniPages: "/datacube/getweanalysisappidvisitpage", model.MiniSources: "/datacube/getweanalysisappidvisitdistribution",
}

// MiniStatistic gives WeChat's answer about the period of kind that begins with first, as it came: it is readable
// by model.ReadMini. Errors: ErrUnavailable with code 61503 while it is not ready, the others as WeChat says.
// Source: 小程序数据分析.
func (c *Client) MiniStatistic(ctx context.Context, kind model.MiniKind, first int) ([]byte, error) {
	path := miniPaths[kind]
	body := `{"begin_date":"` + strconv.Itoa(first) + `","end_date":"` + strconv.Itoa(kind.Last(first)) + `"}`
	raw, err := c.Post(ctx, path, nil, []byte(body))
	if err != nil {
		return nil, err
	}
	if _, err := model.ReadMini(kind, raw); err != nil {
		return nil, unreadable(path)
	}
	return raw, nil
}
