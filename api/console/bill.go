package console

import (
	"context"
	"encoding/csv"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/reconcile"
)

func (d *Door) registerBill(r *gin.Engine, api huma.API) {
	tags := []string{"bills"}
	verb(d, api, model.RightRead, huma.Operation{OperationID: "bills", Method: "GET", Path: "/console/v1/bills", Summary: "WeChat's daily bills against our ledger, the newest first", Tags: tags}, d.listBills)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "bill", Method: "GET", Path: "/console/v1/bills/{via}/{day}", Summary: "One day of one channel, with what does not fit", Tags: tags}, d.showBill)
	verb(d, api, model.RightMoney, huma.Operation{OperationID: "runBill", Method: "POST", Path: "/console/v1/bills/{via}/{day}/run", Summary: "Fetch and compare the day again", Tags: tags}, d.runBill)
	r.GET("/console/v1/bills.csv", d.Guard(model.RightMoney, ""), d.exportBills)
}

type BillLine struct {
	Via          model.Via       `json:"via" enum:"jsapi,xpay"`
	Day          string          `json:"day" doc:"Asia/Shanghai"`
	State        model.BillState `json:"state" enum:"waiting,none,fetched,done,failed" doc:"none: no trade that day; fetched: not compared to its end"`
	Rows         int64           `json:"rows"`
	Paid         model.Fen       `json:"paid" doc:"fen, as the bill says"`
	Refunded     model.Fen       `json:"refunded" doc:"fen, as the bill says"`
	Fee          model.Fen       `json:"fee" doc:"fen, as the bill says, less what refunds gave back"`
	Net          model.Fen       `json:"net" doc:"fen: paid less refunded less fee"`
	Equal        int64           `json:"equal"`
	Differs      int64           `json:"differs"`
	MissingHere  int64           `json:"missing_here" doc:"in the bill and not with us"`
	MissingThere int64           `json:"missing_there" doc:"with us and not in the bill"`
	Other        int64           `json:"other" doc:"rows of other apps of the same merchant"`
	Healed       int64           `json:"healed" doc:"payments and refunds we learned of only from the bill"`
	Error        string          `json:"error,omitempty"`
	ComparedAt   *time.Time      `json:"compared_at,omitempty"`
}

func viewBill(b model.Bill) BillLine {
	return BillLine{
		Via: b.Via, Day: model.DayName(b.Day), State: b.State, Rows: b.RowCount, Paid: b.Paid, Refunded: b.Refunded, Fee: b.Fee, Net: b.Left(), Equal: b.Equal, Differs: b.Differs,
		MissingHere: b.MissingHere, MissingThere: b.MissingThere, Other: b.Other, Healed: b.Healed, Error: b.Error, ComparedAt: b.ComparedAt,
	}
}

// BillFilter is what the list of bills, on the screen or as CSV, can be narrowed by.
type BillFilter struct {
	Via  string `query:"via" enum:"jsapi,xpay"`
	From string `query:"from" maxLength:"10" doc:"first day, Asia/Shanghai"`
	To   string `query:"to" maxLength:"10" doc:"last day, Asia/Shanghai"`
	Only string `query:"only" enum:"open" doc:"open: only days with a difference or without a bill"`
}

func (f BillFilter) filter() (reconcile.Filter, error) {
	out := reconcile.Filter{Via: model.Via(f.Via), Only: f.Only}
	for _, x := range []struct {
		name, day string
		to        *int
	}{{"from", f.From, &out.From}, {"to", f.To, &out.To}} {
		if x.day == "" {
			continue
		}
		t, err := model.ParseDay(x.day)
		if err != nil {
			return out, badDay(x.name)
		}
		*x.to = model.DayNumber(t)
	}
	if out.To > 0 && out.From > out.To {
		return out, model.Refuse(model.ErrInvalid, model.CodeInvalid, "开始日期在结束日期之后").Field("from", "应不晚于结束日期")
	}
	return out, nil
}

type billsOut struct {
	Body struct {
		respond.Page[BillLine]
		Vias    []model.Via `json:"vias" doc:"channels that have bills"`
		LastDay string      `json:"last_day" doc:"the latest day whose bill may be there"`
	}
}

func (d *Door) listBills(ctx context.Context, in *struct {
	BillFilter
	PageSize  int    `query:"page_size" default:"20" minimum:"1" maximum:"100"`
	PageToken string `query:"page_token" maxLength:"64"`
}) (*billsOut, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	const scope = "console.bills"
	if f.Before, err = respond.FromPageToken(scope, in.PageToken); err != nil {
		return nil, err
	}
	f.Limit = in.PageSize + 1
	list, err := d.Reconcile.Bills(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &billsOut{}
	out.Body.Page = pageOf(list, in.PageSize, scope, func(b model.Bill) int64 { return b.ID }, viewBill)
	out.Body.Vias, out.Body.LastDay = d.Reconcile.Vias(), model.DayName(d.Reconcile.LastDay())
	return out, nil
}

type (
	differenceBody struct {
		Kind          model.BillKind    `json:"kind" enum:"pay,refund"`
		Verdict       model.BillVerdict `json:"verdict" enum:"differs,missing_here,missing_there"`
		TransactionID string            `json:"transaction_id,omitempty"`
		OutTradeNo    string            `json:"out_trade_no"`
		OutRefundNo   string            `json:"out_refund_no,omitempty"`
		Ours          model.Fen         `json:"ours" doc:"fen; 0 where we have nothing"`
		Theirs        model.Fen         `json:"theirs" doc:"fen; 0 where the bill has nothing"`
		What          string            `json:"what"`
		Todo          string            `json:"todo,omitempty"`
		Known         bool              `json:"known" doc:"an order of ours stands behind it"`
		EntryID       int64             `json:"entry_id,omitempty" doc:"its entry in the money inbox"`
		EntryState    model.MoneyState  `json:"entry_state,omitempty" enum:"open,done"`
		ResolvedBy    model.Actor       `json:"resolved_by,omitempty"`
		ResolvedWhy   string            `json:"resolved_why,omitempty"`
		SolvedAt      *time.Time        `json:"solved_at,omitempty" doc:"a later comparison found it in order"`
	}
	dayOut struct {
		Body struct {
			BillLine
			Differences []differenceBody `json:"differences" doc:"at most 1000, open ones first"`
		}
	}
)

// BillPath names a day of a channel.
type BillPath struct {
	Via string `path:"via" enum:"jsapi,xpay"`
	Day string `path:"day" maxLength:"10" doc:"2026-01-31, Asia/Shanghai"`
}

func (p BillPath) day() (model.Via, int, error) {
	t, err := model.ParseDay(p.Day)
	if err != nil {
		return "", 0, badDay("day")
	}
	return model.Via(p.Via), model.DayNumber(t), nil
}

func (d *Door) showBill(ctx context.Context, in *BillPath) (*dayOut, error) {
	via, day, err := in.day()
	if err != nil {
		return nil, err
	}
	b, err := d.Reconcile.Bill(ctx, via, day)
	if err != nil {
		return nil, err
	}
	return d.viewDay(ctx, b)
}

func (d *Door) viewDay(ctx context.Context, b model.Bill) (*dayOut, error) {
	list, err := d.Reconcile.Differences(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	names, err := d.actors(ctx)
	if err != nil {
		return nil, err
	}
	out := &dayOut{}
	out.Body.BillLine, out.Body.Differences = viewBill(b), make([]differenceBody, 0, len(list))
	for _, x := range list {
		out.Body.Differences = append(out.Body.Differences, viewDifference(x, names))
	}
	return out, nil
}

func viewDifference(x reconcile.Difference, names actorNames) differenceBody {
	return differenceBody{Kind: x.Kind, Verdict: x.Verdict, TransactionID: x.TransactionID, OutTradeNo: x.OutTradeNo, OutRefundNo: x.OutRefundNo, Ours: x.Ours, Theirs: x.Theirs, What: x.What, Todo: x.Todo,
		Known: x.OrderID > 0, EntryID: x.EntryID, EntryState: x.EntryState, ResolvedBy: names.of(x.ResolvedBy), ResolvedWhy: x.ResolvedWhy, SolvedAt: x.SolvedAt}
}

// runPatience is how long the button waits; a longer day goes on as a job.
const runPatience = 15 * time.Second

func (d *Door) runBill(ctx context.Context, in *BillPath) (*dayOut, error) {
	via, day, err := in.day()
	if err != nil {
		return nil, err
	}
	b, err := d.Reconcile.Run(ctx, via, day, runPatience)
	if err != nil {
		return nil, err
	}
	return d.viewDay(ctx, b)
}

var (
	verdictWords = map[model.BillVerdict]string{model.BillEqual: "相符", model.BillDiffers: "不符", model.BillMissingHere: "本店缺", model.BillMissingThere: "账单缺", model.BillOther: "其他应用", model.BillNew: "未比"}
	viaWords     = map[model.Via]string{model.ViaJSAPI: "微信支付", model.ViaXPay: "虚拟支付"}
)

// exportBills streams the rows of the filtered days for the accountant, as CSV with a byte order mark and no cell
// that a spreadsheet would run. Long numbers are text: a spreadsheet rounds them otherwise.
func (d *Door) exportBills(c *gin.Context) {
	q := c.Request.URL.Query()
	in := BillFilter{Via: q.Get("via"), From: q.Get("from"), To: q.Get("to")}
	if viaWords[model.Via(in.Via)] == "" && in.Via != "" {
		respond.Fail(c, respond.Status(http.StatusBadRequest))
		return
	}
	f, err := in.filter()
	if err != nil {
		respond.Fail(c, err)
		return
	}
	ctx := c.Request.Context()
	var w *csv.Writer
	begin := func() {
		c.Header("Content-Type", "text/csv; charset=utf-8")
		c.Header("Content-Disposition", `attachment; filename="bills.csv"`)
		_, _ = c.Writer.WriteString("\uFEFF")
		w = csv.NewWriter(c.Writer)
		w.UseCRLF = true
		_ = w.Write([]string{"账单日", "渠道", "类型", "交易时间", "微信支付单号", "商户订单号", "商户退款单号", "订单号", "课程", "收款（元）", "退款（元）", "手续费（元）", "净额（元）", "费率", "对账结果", "说明"})
	}
	err = d.Reconcile.Lines(ctx, f, func(l reconcile.Line) error {
		if w == nil {
			begin()
		}
		kind, paid, back := "收款", l.Amount, model.Fen(0)
		if l.Kind == model.BillRefund {
			kind, paid, back = "退款", 0, l.Amount
		}
		at := ""
		if !l.TradedAt.IsZero() {
			at = l.TradedAt.In(model.Shanghai).Format(time.DateTime)
		}
		_ = w.Write([]string{model.DayName(l.Day), viaWords[l.Via], kind, at, text(l.TransactionID), text(l.OutTradeNo), text(l.OutRefundNo), text(l.OrderNo), safeCell(l.Title),
			paid.Yuan(), back.Yuan(), l.Fee.Yuan(), (paid - back - l.Fee).Yuan(), safeCell(l.Rate), verdictWords[l.Verdict], safeCell(l.What)})
		return w.Error()
	})
	switch {
	case err == nil:
		if w == nil {
			begin()
		}
		w.Flush()
	case w == nil:
		respond.Fail(c, err)
	default: // the head is out already; a cut line tells the reader better than a false end
		w.Flush()
		slog.Error("bills export cut off", "error", err, "request_id", respond.RequestID(ctx))
		_, _ = c.Writer.WriteString("导出中断，请重试\r\n")
	}
}

// text is a number of many digits as a spreadsheet must read it: as text.
func text(s string) string {
	if s == "" {
		return ""
	}
	return "'" + s
}

type feeBody struct {
	Key       string    `json:"key" doc:"jsapi, xpay, xpay:ios; or the number of the course or article, 0 without one"`
	Title     string    `json:"title,omitempty"`
	Orders    int64     `json:"orders"`
	Gross     model.Fen `json:"gross" doc:"fen paid in the range"`
	Refunded  model.Fen `json:"refunded" doc:"fen given back in the range, whenever it was paid"`
	Fee       model.Fen `json:"fee" doc:"fen; as the bills state, estimated where no bill is in"`
	Estimated model.Fen `json:"estimated" doc:"fen: the part of fee that is an estimate"`
	Net       model.Fen `json:"net" doc:"fen: gross less refunded less fee"`
}

type feesOut struct {
	Body struct {
		Items []feeBody `json:"items"`
		Total feeBody   `json:"total"`
	}
}

func (d *Door) fees(ctx context.Context, in *struct {
	From string `query:"from" required:"true" maxLength:"10" doc:"first day, Asia/Shanghai"`
	To   string `query:"to" required:"true" maxLength:"10" doc:"last day, Asia/Shanghai"`
	By   string `query:"by" enum:"channel,course,article" default:"channel"`
}) (*feesOut, error) {
	f, err := BillFilter{From: in.From, To: in.To}.filter()
	if err != nil {
		return nil, err
	}
	list, err := d.Reconcile.Fees(ctx, f.From, f.To, in.By)
	if err != nil {
		return nil, err
	}
	if in.By == reconcile.ByArticle {
		if list, err = d.articleTitles(ctx, list); err != nil {
			return nil, err
		}
	}
	out := &feesOut{}
	out.Body.Items = []feeBody{}
	var sum reconcile.Fee
	for _, x := range list {
		out.Body.Items = append(out.Body.Items, viewFee(x))
		sum.Orders, sum.Gross, sum.Refunded, sum.Fee, sum.Estimated = sum.Orders+x.Orders, sum.Gross+x.Gross, sum.Refunded+x.Refunded, sum.Fee+x.Fee, sum.Estimated+x.Estimated
	}
	out.Body.Total = viewFee(sum)
	return out, nil
}

func viewFee(f reconcile.Fee) feeBody {
	return feeBody{Key: f.Key, Title: f.Title, Orders: f.Orders, Gross: f.Gross, Refunded: f.Refunded, Fee: f.Fee, Estimated: f.Estimated, Net: f.Net()}
}

func (d *Door) articleTitles(ctx context.Context, list []reconcile.Fee) ([]reconcile.Fee, error) {
	ids := []int64{}
	for _, f := range list {
		if id, err := strconv.ParseInt(f.Key, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	titles, err := d.Articles.Named(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, f := range list {
		if id, err := strconv.ParseInt(f.Key, 10, 64); err == nil {
			list[i].Title = titles[id]
		}
	}
	return list, nil
}
