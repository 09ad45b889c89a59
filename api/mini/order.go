package mini

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/order"
)

func (d *Door) registerOrder(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniPlaceOrder", Method: "POST", Path: "/mini/v1/orders", Summary: "Order a course; the price is the server's", DefaultStatus: http.StatusCreated}, d.placeOrder)
	verb(d, api, huma.Operation{OperationID: "miniOrders", Method: "GET", Path: "/mini/v1/orders", Summary: "The learner's orders, the newest first"}, d.orders)
	verb(d, api, huma.Operation{OperationID: "miniOrder", Method: "GET", Path: "/mini/v1/orders/{out_trade_no}", Summary: "One order; asks WeChat while it waits for money"}, d.order)
	verb(d, api, huma.Operation{OperationID: "miniCancelOrder", Method: "POST", Path: "/mini/v1/orders/{out_trade_no}/cancel", Summary: "Cancel an order that is not paid"}, d.cancelOrder)
	verb(d, api, huma.Operation{OperationID: "miniAskRefund", Method: "POST", Path: "/mini/v1/orders/{out_trade_no}/refund-requests", Summary: "Ask for a refund; an operator decides", DefaultStatus: http.StatusAccepted}, d.askRefund)
	verb(d, api, huma.Operation{OperationID: "miniRefundOffer", Method: "GET", Path: "/mini/v1/orders/{out_trade_no}/refund-offer", Summary: "What the order's refund rule says now, to be read before asking"}, d.refundOffer)
	verb(d, api, huma.Operation{OperationID: "miniWithdrawRefund", Method: "DELETE", Path: "/mini/v1/orders/{out_trade_no}/refund-requests", Summary: "Take back a wish for a refund nobody has decided yet"}, d.withdrawRefund)
}

type orderBody struct {
	OutTradeNo string            `json:"out_trade_no" doc:"the order's number: its first attempt's"`
	CourseID   int64             `json:"course_id"`
	Title      string            `json:"title"`
	Kind       model.OrderKind   `json:"kind" enum:"self,gift" doc:"gift: bought for a friend"`
	Gift       model.GiftStatus  `json:"gift,omitempty" enum:"waiting,frozen,opened,void" doc:"what became of a paid gift; frozen: a refund is open"`
	ListPrice  model.Fen         `json:"list_price" doc:"fen, before flash price and coupon"`
	FlashOff   model.Fen         `json:"flash_off" doc:"fen the flash price took off"`
	Discount   model.Fen         `json:"discount" doc:"fen the coupon took off"`
	Amount     model.Fen         `json:"amount" doc:"fen"`
	Refunded   model.Fen         `json:"refunded" doc:"fen given back so far"`
	Status     model.OrderStatus `json:"status" enum:"pending,closing,closed,paid,partly_refunded,refunded"`
	Via        model.Via         `json:"via" enum:"jsapi,xpay,manual,free"`
	CreatedAt  time.Time         `json:"created_at"`
	ExpiresAt  time.Time         `json:"expires_at" doc:"last moment to pay"`
	PaidAt     *time.Time        `json:"paid_at,omitempty"`
	Actions    []order.Action    `json:"actions" doc:"pay, cancel, learn, give, refund, withdraw, buy: what the learner may do now"`
	Pay        any               `json:"pay" doc:"what wx.requestPayment or wx.requestVirtualPayment needs; null unless the order can be paid now"`
}

type orderOut struct {
	Status int
	Body   orderBody
}

func viewOrder(p order.Placed) orderBody {
	b := orderBody{OutTradeNo: p.OutTradeNo, CourseID: p.CourseID, Title: p.Title, Kind: p.Kind, Gift: p.Gift, ListPrice: p.ListPrice, FlashOff: p.FlashOff, Discount: p.Discount, Amount: p.Amount, Refunded: p.Refunded, Status: p.Status, Via: p.Via,
		CreatedAt: p.CreatedAt, ExpiresAt: p.ExpiresAt, PaidAt: p.PaidAt, Actions: p.Actions}
	if len(p.Pay) > 0 {
		b.Pay = json.RawMessage(p.Pay)
	}
	return b
}

// placeOrder answers 201 with a new order, 200 with one that was open already.
func (d *Door) placeOrder(ctx context.Context, in *struct {
	Key  string `header:"Idempotency-Key" required:"true" maxLength:"64" doc:"made by the client for this purchase; the same key again is the same purchase"`
	Body struct {
		_          struct{}  `additionalProperties:"true"`
		CourseID   int64     `json:"course_id" minimum:"1" maximum:"9007199254740991"`
		Gift       bool      `json:"gift,omitempty" doc:"to be given to a friend: it may be owned already, and opens nothing for the buyer"`
		Via        model.Via `json:"via,omitempty" enum:"jsapi,xpay" doc:"how to pay; the server chooses where absent"`
		CouponCode string    `json:"coupon_code,omitempty" maxLength:"64"`
		ArticleID  int64     `json:"article_id,omitempty" minimum:"0" maximum:"9007199254740991" doc:"where the buyer came from"`
		CampaignID int64     `json:"campaign_id,omitempty" minimum:"0" maximum:"9007199254740991"`
		Channel    string    `json:"channel,omitempty" maxLength:"64"`
	}
}) (*orderOut, error) {
	b := in.Body
	p, err := d.Orders.Place(ctx, CallerFrom(ctx), in.Key, order.Wish{CourseID: b.CourseID, Gift: b.Gift, Via: b.Via, Coupon: b.CouponCode, ArticleID: b.ArticleID, CampaignID: b.CampaignID, Channel: b.Channel})
	if err != nil {
		return nil, err
	}
	out := &orderOut{Status: http.StatusOK, Body: viewOrder(p)}
	if p.New {
		out.Status = http.StatusCreated
	}
	return out, nil
}

// OrderPath names an order by any of its attempts' numbers.
type OrderPath struct {
	OutTradeNo string `path:"out_trade_no" maxLength:"64"`
}

func shown(p order.Placed, err error) (*orderOut, error) {
	if err != nil {
		return nil, err
	}
	return &orderOut{Status: http.StatusOK, Body: viewOrder(p)}, nil
}

func (d *Door) order(ctx context.Context, in *OrderPath) (*orderOut, error) {
	return shown(d.Orders.Get(ctx, CallerFrom(ctx), in.OutTradeNo))
}

func (d *Door) cancelOrder(ctx context.Context, in *OrderPath) (*orderOut, error) {
	return shown(d.Orders.Cancel(ctx, CallerFrom(ctx), in.OutTradeNo))
}

type ordersOut struct{ Body respond.Page[orderBody] }

func (d *Door) orders(ctx context.Context, in *struct {
	PageSize  int    `query:"page_size" default:"20" minimum:"1" maximum:"50"`
	PageToken string `query:"page_token" maxLength:"64"`
}) (*ordersOut, error) {
	const scope = "mini.orders"
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	list, next, err := d.Orders.List(ctx, CallerFrom(ctx), before, in.PageSize)
	if err != nil {
		return nil, err
	}
	items := make([]orderBody, 0, len(list))
	for _, p := range list {
		items = append(items, viewOrder(p))
	}
	return &ordersOut{Body: respond.NewPage(items, respond.PageToken(scope, next))}, nil
}

type refundWish struct {
	OutRefundNo string            `json:"out_refund_no"`
	OutTradeNo  string            `json:"out_trade_no"`
	Amount      model.Fen         `json:"amount" doc:"fen"`
	Reason      string            `json:"reason"`
	Status      model.RefundState `json:"status"`
}

type refundWishOut struct{ Body refundWish }

func wished(no string, r model.Refund, err error) (*refundWishOut, error) {
	if err != nil {
		return nil, err
	}
	return &refundWishOut{Body: refundWish{OutRefundNo: r.OutRefundNo, OutTradeNo: no, Amount: r.Amount, Reason: r.Reason, Status: r.Status}}, nil
}

type refundOfferOut struct {
	Body struct {
		Amount  model.Fen           `json:"amount" doc:"fen that would come back"`
		Rule    string              `json:"rule" doc:"as it was when the order was placed, in Chinese"`
		Verdict model.RefundVerdict `json:"verdict" enum:"allowed,person,refused" doc:"refused: asking would be refused"`
		Words   string              `json:"words" doc:"for the learner, in Chinese"`
	}
}

func (d *Door) refundOffer(ctx context.Context, in *OrderPath) (*refundOfferOut, error) {
	o, err := d.Orders.OfferRefund(ctx, CallerFrom(ctx), in.OutTradeNo)
	if err != nil {
		return nil, err
	}
	out := &refundOfferOut{}
	out.Body.Amount, out.Body.Rule, out.Body.Verdict, out.Body.Words = o.Amount, o.Rule, o.Verdict, o.Words
	return out, nil
}

func (d *Door) askRefund(ctx context.Context, in *struct {
	OrderPath
	Body struct {
		_      struct{} `additionalProperties:"true"`
		Reason string   `json:"reason" minLength:"1" maxLength:"80"`
	}
}) (*refundWishOut, error) {
	r, err := d.Orders.RequestRefund(ctx, CallerFrom(ctx), in.OutTradeNo, in.Body.Reason)
	return wished(in.OutTradeNo, r, err)
}

func (d *Door) withdrawRefund(ctx context.Context, in *OrderPath) (*refundWishOut, error) {
	r, err := d.Orders.Withdraw(ctx, CallerFrom(ctx), in.OutTradeNo)
	return wished(in.OutTradeNo, r, err)
}
