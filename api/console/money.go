package console

import (
	"cmp"
	"context"
	"encoding/csv"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/order"
)

func (d *Door) registerMoney(r *gin.Engine, api huma.API) {
	tags := []string{"money"}
	verb(d, api, model.RightRead, huma.Operation{OperationID: "refunds", Method: "GET", Path: "/console/v1/refunds", Summary: "Refunds, the newest first", Tags: tags}, d.listRefunds)
	verb(d, api, model.RightMoney, huma.Operation{OperationID: "approveRefund", Method: "POST", Path: "/console/v1/refunds/{out_refund_no}/approve", Summary: "Let an asked refund go", Tags: tags, MaxBodyBytes: 8 << 10}, d.approveRefund)
	verb(d, api, model.RightMoney, huma.Operation{OperationID: "refuseRefund", Method: "POST", Path: "/console/v1/refunds/{out_refund_no}/refuse", Summary: "Turn an asked refund down", Tags: tags, MaxBodyBytes: 8 << 10}, d.refuseRefund)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "moneyInbox", Method: "GET", Path: "/console/v1/money-inbox", Summary: "What does not add up", Tags: tags}, d.moneyInbox)
	verb(d, api, model.RightMoney, huma.Operation{OperationID: "resolveMoney", Method: "POST", Path: "/console/v1/money-inbox/{id}/resolve", Summary: "Say that an entry is dealt with", Tags: tags, MaxBodyBytes: 8 << 10}, d.resolveMoney)
	r.GET("/console/v1/orders.csv", d.Guard(model.RightMoney, ""), d.exportOrders)
}

type refundBody struct {
	OutRefundNo string            `json:"out_refund_no"`
	OutTradeNo  string            `json:"out_trade_no" doc:"the attempt the money came by"`
	OrderNo     string            `json:"order_no,omitempty"`
	Title       string            `json:"title,omitempty"`
	Kind        model.RefundKind  `json:"kind" enum:"order,orphan" doc:"orphan: money nobody wanted goes back"`
	Via         model.Via         `json:"via"`
	Amount      model.Fen         `json:"amount" doc:"fen"`
	Total       model.Fen         `json:"total" doc:"fen of the attempt"`
	Reason      string            `json:"reason"`
	Status      model.RefundState `json:"status" enum:"asked,approved,sent,processing,success,closed,abnormal,refused,withdrawn"`
	AskedBy     model.Actor       `json:"asked_by"`
	ProposedBy  model.Actor       `json:"proposed_by,omitempty" doc:"the first operator where two must agree"`
	ApprovedBy  model.Actor       `json:"approved_by,omitempty"`
	DecidedWhy  string            `json:"decided_why,omitempty"`
	RefundID    string            `json:"refund_id,omitempty"`
	Error       string            `json:"error,omitempty" doc:"why WeChat did not take it yet"`
	CreatedAt   time.Time         `json:"created_at"`
	SentAt      *time.Time        `json:"sent_at,omitempty"`
	SucceededAt *time.Time        `json:"succeeded_at,omitempty"`
}

type refundOut struct {
	Status int
	Body   refundBody
}

func viewRefund(r model.Refund, o model.Order) refundBody {
	return refundBody{
		OutRefundNo: r.OutRefundNo, OutTradeNo: r.OutTradeNo, OrderNo: o.OutTradeNo, Title: o.Title, Kind: r.Kind, Via: r.Via, Amount: r.Amount, Total: r.Total, Reason: r.Reason,
		Status: r.Status, AskedBy: r.AskedBy, ProposedBy: r.ProposedBy, ApprovedBy: r.ApprovedBy, DecidedWhy: r.DecidedWhy, RefundID: r.RefundID, Error: r.Error,
		CreatedAt: r.CreatedAt, SentAt: r.SentAt, SucceededAt: r.SucceededAt,
	}
}

// actorNames are the operators' names by actor.
type actorNames map[model.Actor]string

// actors reads who the operators are, for what they did to be told with their name.
func (d *Door) actors(ctx context.Context) (actorNames, error) {
	all, err := d.Operators.List(ctx)
	if err != nil {
		return nil, err
	}
	names := make(actorNames, len(all))
	for _, o := range all {
		names[model.OperatorActor(o.ID)] = o.Name
	}
	return names, nil
}

// of gives an actor with the operator's name behind it: operator:2:小明.
func (n actorNames) of(a model.Actor) model.Actor {
	if name, ok := n[a]; ok {
		return a + ":" + model.Actor(name)
	}
	return a
}

func (n actorNames) sign(r refundBody) refundBody {
	r.AskedBy, r.ProposedBy, r.ApprovedBy = n.of(r.AskedBy), n.of(r.ProposedBy), n.of(r.ApprovedBy)
	return r
}

type refundsOut struct{ Body respond.Page[refundBody] }

func (d *Door) listRefunds(ctx context.Context, in *struct {
	Status    string `query:"status" enum:"asked,approved,sent,processing,success,closed,abnormal,refused,withdrawn"`
	PageSize  int    `query:"page_size" default:"20" minimum:"1" maximum:"100"`
	PageToken string `query:"page_token" maxLength:"64"`
}) (*refundsOut, error) {
	const scope = "console.refunds"
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	list, next, err := d.Orders.Refunds(ctx, order.RefundFilter{Status: model.RefundState(in.Status), Before: before, Limit: in.PageSize})
	if err != nil {
		return nil, err
	}
	names, err := d.actors(ctx)
	if err != nil {
		return nil, err
	}
	items := make([]refundBody, 0, len(list))
	for _, l := range list {
		items = append(items, names.sign(viewRefund(l.Refund, l.Order)))
	}
	return &refundsOut{Body: respond.NewPage(items, respond.PageToken(scope, next))}, nil
}

type RefundNoPath struct {
	No string `path:"out_refund_no" maxLength:"64"`
}

func (d *Door) approveRefund(ctx context.Context, in *struct {
	RefundNoPath
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"80"`
	}
}) (*refundOut, error) {
	why := in.Body.Reason
	if why == "" {
		why = "同意退款"
	}
	r, err := d.Orders.Approve(ctx, signer(ctx), in.No, why)
	if err != nil {
		return nil, err
	}
	out := &refundOut{Status: http.StatusOK, Body: viewRefund(r, model.Order{})}
	if r.Status == model.RefundAsked {
		out.Status = http.StatusAccepted // a second operator must agree
	}
	return out, nil
}

func (d *Door) refuseRefund(ctx context.Context, in *struct {
	RefundNoPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"80" doc:"the learner reads it"`
	}
}) (*refundOut, error) {
	r, err := d.Orders.RefuseRefund(ctx, signer(ctx), in.No, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &refundOut{Status: http.StatusOK, Body: viewRefund(r, model.Order{})}, nil
}

type moneyBody struct {
	ID            int64            `json:"id"`
	Kind          model.MoneyKind  `json:"kind"`
	OrderID       int64            `json:"order_id,omitempty"`
	Via           model.Via        `json:"via,omitempty"`
	OutTradeNo    string           `json:"out_trade_no,omitempty"`
	TransactionID string           `json:"transaction_id,omitempty"`
	OutRefundNo   string           `json:"out_refund_no,omitempty"`
	Amount        model.Fen        `json:"amount" doc:"fen"`
	What          string           `json:"what" doc:"what happened"`
	Todo          string           `json:"todo" doc:"what to do"`
	State         model.MoneyState `json:"state" enum:"open,done"`
	ResolvedBy    model.Actor      `json:"resolved_by,omitempty"`
	ResolvedWhy   string           `json:"resolved_why,omitempty"`
	ResolvedAt    *time.Time       `json:"resolved_at,omitempty"`
	CreatedAt     time.Time        `json:"created_at"`
}

func viewMoney(e model.MoneyEntry) moneyBody {
	return moneyBody{
		ID: e.ID, Kind: e.Kind, OrderID: e.OrderID, Via: e.Via, OutTradeNo: e.OutTradeNo, TransactionID: e.TransactionID, OutRefundNo: e.OutRefundNo, Amount: e.Amount,
		What: e.What, Todo: e.Todo, State: e.State, ResolvedBy: e.ResolvedBy, ResolvedWhy: e.ResolvedWhy, ResolvedAt: e.ResolvedAt, CreatedAt: e.CreatedAt,
	}
}

// moneyInboxOut carries beside the list the two counts that must be zero.
type moneyInboxOut struct {
	Body struct {
		respond.Page[moneyBody]
		Open               int64 `json:"open"`
		PaidWithoutGrant   int64 `json:"paid_without_grant" doc:"must be 0"`
		GrantWithoutReason int64 `json:"grant_without_reason" doc:"must be 0"`
	}
}

func (d *Door) moneyInbox(ctx context.Context, in *struct {
	State     string `query:"state" enum:"open,done" doc:"default: both"`
	PageSize  int    `query:"page_size" default:"20" minimum:"1" maximum:"100"`
	PageToken string `query:"page_token" maxLength:"64"`
}) (*moneyInboxOut, error) {
	const scope = "console.money"
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	list, err := d.Ledger.List(ctx, model.MoneyState(in.State), before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	guards, err := d.Ledger.Guards(ctx)
	if err != nil {
		return nil, err
	}
	out := &moneyInboxOut{}
	out.Body.Page = pageOf(list, in.PageSize, scope, func(e model.MoneyEntry) int64 { return e.ID }, viewMoney)
	out.Body.Open, out.Body.PaidWithoutGrant, out.Body.GrantWithoutReason = guards.OpenEntries, guards.PaidWithoutGrant, guards.GrantWithoutReason
	return out, nil
}

type moneyOut struct{ Body moneyBody }

func (d *Door) resolveMoney(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"what was done about it"`
	}
}) (*moneyOut, error) {
	o := OperatorFrom(ctx)
	e, err := d.Ledger.Resolve(ctx, in.ID, o.ID, o.Name, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &moneyOut{Body: viewMoney(e)}, nil
}

var statusWords = map[model.OrderStatus]string{
	model.OrderPending: "待付款", model.OrderClosing: "关闭中", model.OrderClosed: "已关闭", model.OrderPaid: "已付款",
	model.OrderPartlyRefunded: "部分退款", model.OrderRefunded: "已退款",
}

// exportOrders streams the filtered orders as CSV for a spreadsheet: with a byte order mark, and no cell
// that a spreadsheet would run.
func (d *Door) exportOrders(c *gin.Context) {
	q := c.Request.URL.Query()
	in := OrderFilter{Status: q.Get("status"), Via: q.Get("via"), Kind: q.Get("kind"), Q: q.Get("q"), From: q.Get("from"), To: q.Get("to")}
	if v := q.Get("course_id"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 1 {
			respond.Fail(c, model.Refuse(model.ErrInvalid, model.CodeInvalid, "没有这门课程").Field("course_id", "应为正整数"))
			return
		}
		in.CourseID = n
	}
	if len(in.Q) > 256 || statusWords[model.OrderStatus(in.Status)] == "" && in.Status != "" {
		respond.Fail(c, respond.Status(http.StatusBadRequest))
		return
	}
	f, err := in.filter()
	if err != nil {
		respond.Fail(c, err)
		return
	}
	f.Limit = 500
	ctx := c.Request.Context()
	list, next, err := d.Orders.Search(ctx, f)
	if err != nil {
		respond.Fail(c, err)
		return
	}
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", `attachment; filename="orders.csv"`)
	_, _ = c.Writer.WriteString("\uFEFF")
	w := csv.NewWriter(c.Writer)
	w.UseCRLF = true
	_ = w.Write([]string{"订单号", "课程", "买给谁", "金额（元）", "已退（元）", "净额（元）", "状态", "支付方式", "学员", "渠道", "文章", "下单时间", "付款时间"})
	for {
		for _, o := range list {
			paid, net := "", model.Fen(0)
			if o.PaidAt != nil {
				paid, net = o.PaidAt.In(model.Shanghai).Format(time.DateTime), o.Left()
			}
			article, whose := "", "自己"
			if o.Kind == model.OrderForGift {
				whose = "朋友"
			}
			if o.ArticleID > 0 {
				article = strconv.FormatInt(o.ArticleID, 10)
			}
			_ = w.Write([]string{safeCell(o.OutTradeNo), safeCell(o.Title), whose, o.Amount.Yuan(), o.Refunded.Yuan(), net.Yuan(), statusWords[o.Status], string(o.Via),
				safeCell(o.OpenID.Masked()), safeCell(o.Channel), article, o.CreatedAt.In(model.Shanghai).Format(time.DateTime), paid})
		}
		w.Flush()
		if next == 0 || w.Error() != nil {
			return
		}
		f.Before = next
		if list, next, err = d.Orders.Search(ctx, f); err != nil {
			// The head is out already; a cut line tells the reader better than a false end.
			slog.Error("orders export cut off", "error", err, "request_id", respond.RequestID(ctx))
			_, _ = c.Writer.WriteString("导出中断，请重试\r\n")
			return
		}
	}
}

// safeCell keeps a spreadsheet from taking text for a formula.
func safeCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n|", rune(s[0])) {
		return "'" + s
	}
	return s
}

// masked hides the buyer's openid in what WeChat said.
func masked(raw string, openid model.OpenID) string {
	if openid == "" {
		return raw
	}
	return strings.ReplaceAll(raw, string(openid), openid.Masked())
}

func sortChanges(list []changeBody) {
	slices.SortStableFunc(list, func(a, b changeBody) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
}
