package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/order"
)

func (d *Door) registerOrder(api huma.API) {
	tags := []string{"orders"}
	verb(d, api, model.RightRead, huma.Operation{OperationID: "orders", Method: "GET", Path: "/console/v1/orders", Summary: "Orders, the newest first", Tags: tags}, d.listOrders)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "order", Method: "GET", Path: "/console/v1/orders/{no}", Summary: "One order with everything that happened to it", Tags: tags}, d.showOrder)
	verb(d, api, model.RightMoney, huma.Operation{OperationID: "askOrder", Method: "POST", Path: "/console/v1/orders/{no}/ask", Summary: "Ask WeChat now", Tags: tags}, d.askOrder)
	verb(d, api, model.RightMoney, huma.Operation{OperationID: "payOrderByHand", Method: "POST", Path: "/console/v1/orders/{no}/paid-by-hand", Summary: "Mark paid what was paid outside WeChat", Tags: tags, MaxBodyBytes: 8 << 10}, d.payByHand)
	verb(d, api, model.RightMoney, huma.Operation{OperationID: "refundOrder", Method: "POST", Path: "/console/v1/orders/{no}/refunds", Summary: "Give money back; 202 where a second operator must agree", Tags: tags, DefaultStatus: http.StatusCreated, MaxBodyBytes: 8 << 10}, d.startRefund)
}

type OrderLine struct {
	OutTradeNo string            `json:"out_trade_no"`
	CourseID   int64             `json:"course_id"`
	Title      string            `json:"title"`
	Kind       model.OrderKind   `json:"kind" enum:"self,gift" doc:"gift: bought for a friend"`
	Amount     model.Fen         `json:"amount" doc:"fen"`
	Refunded   model.Fen         `json:"refunded" doc:"fen"`
	Status     model.OrderStatus `json:"status" enum:"pending,closing,closed,paid,partly_refunded,refunded"`
	Via        model.Via         `json:"via" enum:"jsapi,xpay,manual,free"`
	Platform   model.Platform    `json:"platform"`
	LearnerID  int64             `json:"learner_id"`
	Learner    string            `json:"learner" doc:"masked openid"`
	ArticleID  int64             `json:"article_id,omitempty"`
	CampaignID int64             `json:"campaign_id,omitempty"`
	Channel    string            `json:"channel,omitempty"`
	CreatedAt  time.Time         `json:"created_at"`
	ExpiresAt  time.Time         `json:"expires_at"`
	PaidAt     *time.Time        `json:"paid_at,omitempty"`
	ClosedAt   *time.Time        `json:"closed_at,omitempty"`
}

func viewLine(o model.Order) OrderLine {
	return OrderLine{
		OutTradeNo: o.OutTradeNo, CourseID: o.CourseID, Title: o.Title, Kind: o.Kind, Amount: o.Amount, Refunded: o.Refunded, Status: o.Status, Via: o.Via, Platform: o.Platform,
		LearnerID: o.LearnerID, Learner: o.OpenID.Masked(), ArticleID: o.ArticleID, CampaignID: o.CampaignID, Channel: o.Channel,
		CreatedAt: o.CreatedAt, ExpiresAt: o.ExpiresAt, PaidAt: o.PaidAt, ClosedAt: o.ClosedAt,
	}
}

// OrderFilter is what a list of orders, on the screen or as CSV, can be narrowed by.
type OrderFilter struct {
	Status   string `query:"status" enum:"pending,closing,closed,paid,partly_refunded,refunded"`
	Via      string `query:"via" enum:"jsapi,xpay,manual,free"`
	Kind     string `query:"kind" enum:"self,gift"`
	Q        string `query:"q" maxLength:"64" doc:"any number of the order's, or a piece of the course's title"`
	CourseID int64  `query:"course_id" minimum:"1" maximum:"9007199254740991"`
	From     string `query:"from" maxLength:"10" doc:"first day, Asia/Shanghai"`
	To       string `query:"to" maxLength:"10" doc:"last day, Asia/Shanghai"`
}

func (f OrderFilter) filter() (order.Filter, error) {
	out := order.Filter{Status: model.OrderStatus(f.Status), Via: model.Via(f.Via), Kind: model.OrderKind(f.Kind), Q: f.Q, CourseID: f.CourseID}
	if f.From != "" {
		from, err := model.ParseDay(f.From)
		if err != nil {
			return out, badDay("from")
		}
		out.From = &from
	}
	if f.To != "" {
		to, err := model.ParseDay(f.To)
		if err != nil {
			return out, badDay("to")
		}
		to = to.AddDate(0, 0, 1)
		out.To = &to
	}
	if out.From != nil && out.To != nil && !out.From.Before(*out.To) {
		return out, model.Refuse(model.ErrInvalid, model.CodeInvalid, "开始日期在结束日期之后").Field("from", "应不晚于结束日期")
	}
	return out, nil
}

func badDay(field string) error {
	return model.Refuse(model.ErrInvalid, model.CodeInvalid, "日期应为 2026-01-31 的写法").Field(field, "应为 2026-01-31 的写法")
}

type ordersOut struct{ Body respond.Page[OrderLine] }

func (d *Door) listOrders(ctx context.Context, in *struct {
	OrderFilter
	PageSize  int    `query:"page_size" default:"20" minimum:"1" maximum:"100"`
	PageToken string `query:"page_token" maxLength:"64"`
}) (*ordersOut, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	const scope = "console.orders"
	if f.Before, err = respond.FromPageToken(scope, in.PageToken); err != nil {
		return nil, err
	}
	f.Limit = in.PageSize
	list, next, err := d.Orders.Search(ctx, f)
	if err != nil {
		return nil, err
	}
	items := make([]OrderLine, 0, len(list))
	for _, o := range list {
		items = append(items, viewLine(o))
	}
	return &ordersOut{Body: respond.NewPage(items, respond.PageToken(scope, next))}, nil
}

type (
	paymentBody struct {
		OutTradeNo    string              `json:"out_trade_no"`
		Via           model.Via           `json:"via"`
		MchID         string              `json:"mchid,omitempty"`
		ProductID     string              `json:"product_id,omitempty"`
		Total         model.Fen           `json:"total"`
		PayerTotal    model.Fen           `json:"payer_total"`
		Status        model.PaymentStatus `json:"status" enum:"created,prepaid,unknown,success,closed,orphan,returned,mismatch"`
		TradeState    model.TradeState    `json:"trade_state,omitempty" doc:"WeChat's own word"`
		TransactionID string              `json:"transaction_id,omitempty"`
		CreatedAt     time.Time           `json:"created_at"`
		PaidAt        *time.Time          `json:"paid_at,omitempty"`
	}
	changeBody struct {
		Thing string    `json:"thing" enum:"order,payment,refund,grant,gift"`
		ID    int64     `json:"id"`
		From  string    `json:"from"`
		To    string    `json:"to"`
		Who   string    `json:"who" doc:"learner:1, operator:1:name, wechat:notify, wechat:query, timer, system"`
		Why   string    `json:"why"`
		At    time.Time `json:"at"`
	}
	noticeBody struct {
		Source      model.Actor `json:"source"`
		NoticeID    string      `json:"notice_id,omitempty"`
		OutTradeNo  string      `json:"out_trade_no"`
		OutRefundNo string      `json:"out_refund_no,omitempty"`
		Outcome     string      `json:"outcome"`
		Times       int         `json:"times"`
		FirstAt     time.Time   `json:"first_at"`
		LastAt      time.Time   `json:"last_at"`
		Raw         string      `json:"raw" doc:"word for word, openids masked"`
	}
	giftBody struct {
		Status    model.GiftStatus `json:"status" enum:"waiting,frozen,opened,void"`
		LearnerID int64            `json:"learner_id,omitempty" doc:"who opened it"`
		Kept      bool             `json:"kept" doc:"the buyer opened it themselves"`
		OpenedAt  *time.Time       `json:"opened_at,omitempty"`
	}
	grantBody struct {
		Status   model.GrantStatus `json:"status" enum:"active,frozen,revoked,expired"`
		Why      string            `json:"why"`
		StartsAt time.Time         `json:"starts_at"`
		EndsAt   *time.Time        `json:"ends_at,omitempty"`
	}
	proofBody struct {
		OrderLine
		ListPrice  model.Fen     `json:"list_price"`
		FlashOff   model.Fen     `json:"flash_off" doc:"fen the flash price took off"`
		Discount   model.Fen     `json:"discount" doc:"fen the coupon took off"`
		CouponID   int64         `json:"coupon_id" doc:"0: none"`
		Agreement  string        `json:"agreement,omitempty"`
		PaidBy     string        `json:"paid_by,omitempty" doc:"the attempt that paid"`
		Proof      string        `json:"proof,omitempty" doc:"of an order marked paid by hand"`
		Refundable model.Fen     `json:"refundable" doc:"fen that can still be given back"`
		Payments   []paymentBody `json:"payments"`
		Refunds    []refundBody  `json:"refunds"`
		Grant      *grantBody    `json:"grant,omitempty"`
		Gift       *giftBody     `json:"gift,omitempty" doc:"of a paid order of kind gift"`
		Inbox      []moneyBody   `json:"inbox"`
		Bill       []billRowBody `json:"bill" doc:"what WeChat's daily bills say of it"`
		Apple      []appleBody   `json:"apple" doc:"questions of Apple's before a refund, with our answers"`
		Changes    []changeBody  `json:"changes"`
		Notices    []noticeBody  `json:"notices"`
	}
	appleBody struct {
		Agree    bool      `json:"agree" doc:"we advised to refund; Apple decides"`
		Info     string    `json:"info"`
		Evidence string    `json:"evidence"`
		Reason   string    `json:"reason,omitempty" doc:"the buyer's, as Apple passed it on"`
		Times    int       `json:"times"`
		FirstAt  time.Time `json:"first_at"`
		LastAt   time.Time `json:"last_at"`
	}
	proofOut    struct{ Body proofBody }
	billRowBody struct {
		Kind        model.BillKind    `json:"kind" enum:"pay,refund"`
		OutTradeNo  string            `json:"out_trade_no"`
		OutRefundNo string            `json:"out_refund_no,omitempty"`
		Amount      model.Fen         `json:"amount" doc:"fen"`
		Fee         model.Fen         `json:"fee" doc:"fen, negative where a refund gave it back"`
		Rate        string            `json:"rate,omitempty"`
		Verdict     model.BillVerdict `json:"verdict" enum:"new,equal,differs,missing_here,missing_there,other"`
		What        string            `json:"what,omitempty" doc:"why it does not fit"`
		TradedAt    *time.Time        `json:"traded_at,omitempty"`
	}
)

// OrderNoPath names an order by any of its numbers.
type OrderNoPath struct {
	No string `path:"no" maxLength:"64"`
}

func (d *Door) showOrder(ctx context.Context, in *OrderNoPath) (*proofOut, error) {
	return d.proof(ctx, in.No)
}

func (d *Door) proof(ctx context.Context, no string) (*proofOut, error) {
	p, err := d.Orders.Proof(ctx, no)
	if err != nil {
		return nil, err
	}
	names, err := d.actors(ctx)
	if err != nil {
		return nil, err
	}
	o := p.Order
	b := proofBody{OrderLine: viewLine(o), ListPrice: o.ListPrice, FlashOff: o.FlashOff, Discount: o.Discount, CouponID: o.CouponID, Agreement: o.Agreement, PaidBy: o.PaidBy, Proof: o.Proof,
		Payments: []paymentBody{}, Refunds: []refundBody{}, Inbox: []moneyBody{}, Changes: []changeBody{}, Notices: []noticeBody{}, Apple: []appleBody{}}
	for _, q := range p.Apple {
		b.Apple = append(b.Apple, appleBody{Agree: q.Agree, Info: q.Info, Evidence: q.Evidence, Reason: q.Reason, Times: q.Times, FirstAt: q.FirstAt, LastAt: q.LastAt})
	}
	for _, x := range p.Payments {
		v := paymentBody{OutTradeNo: x.OutTradeNo, Via: x.Via, MchID: x.MchID, ProductID: x.ProductID, Total: x.Total, PayerTotal: x.PayerTotal,
			Status: x.Status, TradeState: x.TradeState, CreatedAt: x.CreatedAt, PaidAt: x.PaidAt}
		if x.TransactionID != nil {
			v.TransactionID = *x.TransactionID
		}
		b.Payments = append(b.Payments, v)
	}
	if o.Status.Holding() {
		b.Refundable = o.Amount
	}
	for _, r := range p.Refunds {
		b.Refunds = append(b.Refunds, names.sign(viewRefund(r, o)))
		if r.Kind == model.RefundOfOrder && r.Status.Holds() && b.Refundable > 0 {
			b.Refundable -= r.Amount
		}
	}
	for _, n := range p.Notices {
		b.Notices = append(b.Notices, noticeBody{Source: n.Source, NoticeID: n.NoticeID, OutTradeNo: n.OutTradeNo, OutRefundNo: n.OutRefundNo, Outcome: n.Outcome,
			Times: n.Times, FirstAt: n.FirstAt, LastAt: n.LastAt, Raw: masked(n.Raw, o.OpenID)})
	}
	g, history, err := d.Grants.OfOrder(ctx, o.ID)
	if err == nil {
		b.Grant = &grantBody{Status: g.Status, Why: g.Why, StartsAt: g.StartsAt, EndsAt: g.EndsAt}
	} else if !errors.Is(err, model.ErrNotFound) {
		return nil, err
	}
	if o.Kind == model.OrderForGift {
		f, steps, err := d.Gifts.OfOrder(ctx, o.ID)
		if err != nil {
			return nil, err
		}
		if f.ID != 0 {
			b.Gift = &giftBody{Status: f.Status, LearnerID: f.LearnerID, Kept: f.LearnerID == f.GiverID, OpenedAt: f.OpenedAt}
		}
		history = append(history, steps...)
	}
	for _, c := range append(p.Changes, history...) {
		b.Changes = append(b.Changes, changeBody{Thing: c.Thing, ID: c.ThingID, From: c.From, To: c.To, Who: string(names.of(model.Actor(c.Who))), Why: c.Why, At: c.HappenAt})
	}
	sortChanges(b.Changes)
	entries, err := d.Ledger.OfOrder(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		b.Inbox = append(b.Inbox, viewMoney(e))
	}
	if b.Bill, err = d.billOf(ctx, o.ID); err != nil {
		return nil, err
	}
	return &proofOut{Body: b}, nil
}

// billOf gives the bill's rows of an order, and what the bill lacks of it.
func (d *Door) billOf(ctx context.Context, orderID int64) ([]billRowBody, error) {
	rows, diffs, err := d.Reconcile.OfOrder(ctx, orderID)
	if err != nil {
		return nil, err
	}
	out := []billRowBody{}
	for _, r := range rows {
		b := billRowBody{Kind: r.Kind, OutTradeNo: r.OutTradeNo, OutRefundNo: r.OutRefundNo, Amount: r.Amount, Fee: r.Fee, Rate: r.Rate, Verdict: r.Verdict, TradedAt: &r.TradedAt}
		for _, x := range diffs {
			if x.SolvedAt == nil && x.Kind == r.Kind && x.OutTradeNo == r.OutTradeNo && x.OutRefundNo == r.OutRefundNo {
				b.What = x.What
			}
		}
		out = append(out, b)
	}
	for _, x := range diffs {
		if x.SolvedAt == nil && x.Verdict == model.BillMissingThere {
			out = append(out, billRowBody{Kind: x.Kind, OutTradeNo: x.OutTradeNo, OutRefundNo: x.OutRefundNo, Amount: x.Ours, Verdict: x.Verdict, What: x.What})
		}
	}
	return out, nil
}

func (d *Door) askOrder(ctx context.Context, in *OrderNoPath) (*proofOut, error) {
	if err := d.Orders.Ask(ctx, in.No); err != nil {
		return nil, err
	}
	return d.proof(ctx, in.No)
}

func (d *Door) payByHand(ctx context.Context, in *struct {
	OrderNoPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"80"`
		Proof  string `json:"proof" minLength:"1" maxLength:"200" doc:"what proves it: a receipt's number, who took the money"`
	}
}) (*proofOut, error) {
	if _, err := d.Orders.PayByHand(ctx, signer(ctx), in.No, in.Body.Reason, in.Body.Proof); err != nil {
		return nil, err
	}
	return d.proof(ctx, in.No)
}

func signer(ctx context.Context) order.Operator {
	o := OperatorFrom(ctx)
	return order.Operator{ID: o.ID, Name: o.Name}
}

func (d *Door) startRefund(ctx context.Context, in *struct {
	OrderNoPath
	Key  string `header:"Idempotency-Key" required:"true" maxLength:"64" doc:"made by the client for this refund; the same key again is the same refund"`
	Body struct {
		Amount model.Fen `json:"amount" minimum:"1" maximum:"9007199254740991" doc:"fen"`
		Reason string    `json:"reason" minLength:"1" maxLength:"80" doc:"WeChat shows it to the buyer"`
	}
}) (*refundOut, error) {
	r, err := d.Orders.StartRefund(ctx, signer(ctx), in.No, in.Key, in.Body.Amount, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	out := &refundOut{Status: http.StatusCreated, Body: viewRefund(r, model.Order{})}
	if r.Status == model.RefundAsked {
		out.Status = http.StatusAccepted
	}
	return out, nil
}
