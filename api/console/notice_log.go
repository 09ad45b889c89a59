package console

import (
	"context"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerNoticeLog(api huma.API) {
	tags := []string{"notices"}
	verb(d, api, model.RightRead, huma.Operation{OperationID: "noticeLog", Method: "GET", Path: "/console/v1/notices/{id}/log", Summary: "What became of each person's notice", Tags: tags}, d.noticeLog)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "noticeLogFile", Method: "GET", Path: "/console/v1/notices/{id}/log.csv", Summary: "The same as CSV, openids masked", Tags: tags}, d.noticeLogFile)
}

// NoticeLogFilter is exported because huma fills only exported embedded structs.
type NoticeLogFilter struct {
	NoticeID
	State string `query:"state" enum:"waiting,sending,sent,delivered,refused,failed,unknown,"`
}

type noticeSendBody struct {
	ID         int64                 `json:"id"`
	FollowerID int64                 `json:"follower_id" doc:"0: erased"`
	Fan        string                `json:"fan" doc:"remark, or masked openid"`
	State      model.NoticeSendState `json:"state" enum:"waiting,sending,sent,delivered,refused,failed,unknown"`
	Code       string                `json:"code" doc:"WeChat's"`
	Reason     string                `json:"reason"`
	MsgID      string                `json:"msg_id"`
	Calls      int                   `json:"calls"`
	SentAt     *time.Time            `json:"sent_at"`
	UpdatedAt  time.Time             `json:"updated_at"`
}

func (d *Door) viewNoticeSends(ctx context.Context, rows []model.NoticeSend) ([]noticeSendBody, error) {
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.FollowerID)
	}
	fans, err := d.Followers.Among(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]noticeSendBody, 0, len(rows))
	for _, r := range rows {
		b := noticeSendBody{ID: r.ID, FollowerID: max(0, r.FollowerID), Fan: fanName(fans[r.FollowerID], model.OpenID(r.OpenID)), State: r.State, Code: r.Code, Reason: r.Reason, Calls: r.Calls, SentAt: r.SentAt, UpdatedAt: r.UpdatedAt.UTC()}
		if r.OpenID == "" {
			b.Fan = "已删除"
		}
		if r.MsgID != nil {
			b.MsgID = *r.MsgID
		}
		out = append(out, b)
	}
	return out, nil
}

type noticeLogOut struct{ Body respond.Page[noticeSendBody] }

func (d *Door) noticeLog(ctx context.Context, in *struct {
	Paging
	NoticeLogFilter
}) (*noticeLogOut, error) {
	scope := "notice " + strconv.FormatInt(in.ID, 10) + " " + in.State
	after, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	rows, err := d.Notices.Log(ctx, in.ID, model.NoticeSendState(in.State), after, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(rows) > in.PageSize {
		rows = rows[:in.PageSize]
		next = respond.PageToken(scope, rows[len(rows)-1].ID)
	}
	list, err := d.viewNoticeSends(ctx, rows)
	if err != nil {
		return nil, err
	}
	return &noticeLogOut{respond.NewPage(list, next)}, nil
}

var noticeStates = map[model.NoticeSendState]string{model.NoticeToSend: "待发", model.NoticeCalling: "正在发", model.NoticeSent: "微信已接收", model.NoticeDelivered: "已送达", model.NoticeRefused: "粉丝拒收", model.NoticeMissed: "失败", model.NoticeUnknown: "不确定"}

func (d *Door) noticeLogFile(ctx context.Context, in *struct{ NoticeLogFilter }) (*huma.StreamResponse, error) {
	if _, err := d.Notices.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		after := int64(0)
		sendCSV(c, "notice.csv", []string{"粉丝编号", "粉丝（备注或已遮盖的 openid）", "结果", "微信的代码", "原因", "微信编号", "调用次数", "微信接收时间", "更新时间"}, func() ([][]string, error) {
			rows, err := d.Notices.Log(c.Request.Context(), in.ID, model.NoticeSendState(in.State), after, 500)
			if err != nil {
				return nil, err
			}
			list, err := d.viewNoticeSends(c.Request.Context(), rows)
			if err != nil {
				return nil, err
			}
			out := make([][]string, 0, len(list))
			for _, b := range list {
				after = b.ID
				out = append(out, []string{number(b.FollowerID), b.Fan, noticeStates[b.State], b.Code, b.Reason, b.MsgID, strconv.Itoa(b.Calls), clockText(b.SentAt), clockText(&b.UpdatedAt)})
			}
			return out, nil
		})
	}}, nil
}
