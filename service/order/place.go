package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Wish is what a learner asks for. It carries no price: the server's is the only one.
type Wish struct {
	CourseID   int64     `json:"course_id"`
	Gift       bool      `json:"gift,omitempty"` // to be given away
	Via        model.Via `json:"via"`            // empty: the server chooses
	Coupon     string    `json:"coupon"`
	ArticleID  int64     `json:"article_id"`
	CampaignID int64     `json:"campaign_id"`
	Channel    string    `json:"channel"`
}

// Action is what the learner may do with an order.
type Action string

// The actions of an order.
const (
	ActionPay      Action = "pay"
	ActionCancel   Action = "cancel"
	ActionLearn    Action = "learn"
	ActionRefund   Action = "refund"   // ask for one
	ActionWithdraw Action = "withdraw" // take back a wish for one that nobody has decided yet
	ActionBuy      Action = "buy"      // place a new order
	ActionGive     Action = "give"     // send the gift on
)

// Placed is an order as its learner sees it. Pay is JSON for the payment sheet, null unless it can be paid now.
type Placed struct {
	OutTradeNo string            `json:"out_trade_no"`
	CourseID   int64             `json:"course_id"`
	Title      string            `json:"title"`
	Kind       model.OrderKind   `json:"kind"`
	Gift       model.GiftStatus  `json:"gift,omitempty"` // what became of a paid gift
	ListPrice  model.Fen         `json:"list_price"`
	FlashOff   model.Fen         `json:"flash_off"`
	Discount   model.Fen         `json:"discount"` // what a coupon took off
	Amount     model.Fen         `json:"amount"`
	Refunded   model.Fen         `json:"refunded"`
	Status     model.OrderStatus `json:"status"`
	Via        model.Via         `json:"via"`
	CreatedAt  time.Time         `json:"created_at"`
	ExpiresAt  time.Time         `json:"expires_at"`
	PaidAt     *time.Time        `json:"paid_at"`
	Actions    []Action          `json:"actions"`
	Pay        json.RawMessage   `json:"pay"`
	New        bool              `json:"new"` // this call made the order
}

// requestKey is an Idempotency-Key of a learner: claimed before any work, kept for two days. OrderID is
// the point from which an abandoned request goes on; Answer is set once it was answered.
type requestKey struct {
	ID         int64 `gorm:"primaryKey"`
	LearnerID  int64
	RequestKey string
	BodyHash   string
	OrderID    int64
	Answer     *string
	LeaseUntil *time.Time // the database's clock
	CreatedAt  time.Time
}

func (requestKey) TableName() string { return "order_keys" }

const (
	keyLease = 30 * time.Second // longer than all calls of one request together
	keyLife  = 48 * time.Hour
)

// Place orders a course for buyer under the client's key: the same key and wish give the same answer,
// another wish is ErrConflict key_reused, and while the first still runs ErrConflict in_progress. A request
// that died or was answered with a passing fault goes on where it stopped, with the same out_trade_no. A
// course owned is ErrConflict owned, unless it is to be given away; one with an open order of the kind gives that order.
func (s *Service) Place(ctx context.Context, buyer model.Caller, key string, w Wish) (Placed, error) {
	if err := goodKey(key); err != nil {
		return Placed{}, err
	}
	if err := goodWish(w); err != nil {
		return Placed{}, err
	}
	k, answer, err := s.claimKey(ctx, buyer.LearnerID, key, w)
	if err != nil || answer != nil {
		if answer != nil {
			return *answer, err
		}
		return Placed{}, err
	}
	out, err := s.place(ctx, buyer, k, w)
	return s.settleKey(ctx, k, out, err)
}

func goodKey(key string) error {
	bad := key == "" || len(key) > 64
	for _, c := range []byte(key) {
		bad = bad || c < 0x21 || c > 0x7e
	}
	if bad {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请求头 Idempotency-Key 应为 1 到 64 个可见字符").Field("Idempotency-Key", "1 到 64 个可见字符")
	}
	return nil
}

func goodWish(w Wish) error {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "下单信息有误")
	if w.CourseID < 1 {
		bad.Field("course_id", "没有这门课程")
	}
	if w.Via != "" && w.Via != model.ViaJSAPI && w.Via != model.ViaXPay {
		bad.Field("via", "应为 jsapi 或 xpay")
	}
	if len(w.Coupon) > 64 {
		bad.Field("coupon_code", "没有这张优惠券")
	}
	if w.ArticleID < 0 {
		bad.Field("article_id", "应为正整数")
	}
	if w.CampaignID < 0 {
		bad.Field("campaign_id", "应为正整数")
	}
	if len([]rune(w.Channel)) > 64 {
		bad.Field("channel", "最多 64 个字")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// claimKey takes the key for this request, or gives the answer it had.
func (s *Service) claimKey(ctx context.Context, learnerID int64, key string, w Wish) (requestKey, *Placed, error) {
	body, err := json.Marshal(w)
	if err != nil {
		return requestKey{}, nil, err
	}
	now := s.real()
	lease := now.Add(keyLease)
	k := requestKey{LearnerID: learnerID, RequestKey: key, BodyHash: digest(string(body)), LeaseUntil: &lease, CreatedAt: now}
	db := s.db.WithContext(ctx)
	err = s.tx(ctx, func(tx *gorm.DB) error { k.ID = 0; return tx.Create(&k).Error })
	if err == nil {
		return k, nil, nil
	}
	if _, dup := store.Duplicate(err); !dup {
		return k, nil, fmt.Errorf("claim request key: %w", err)
	}
	var had requestKey
	if err := db.Where("learner_id = ? AND request_key = ?", learnerID, key).Take(&had).Error; err != nil {
		if errors.Is(err, gorm.ErrRecordNotFound) { // given up between the two statements
			return k, nil, inProgress()
		}
		return k, nil, fmt.Errorf("read request key: %w", err)
	}
	switch {
	case had.BodyHash != k.BodyHash:
		return k, nil, model.Refuse(model.ErrConflict, model.CodeKeyReused, "这个 Idempotency-Key 已用于另一个请求")
	case had.Answer != nil:
		var p Placed
		if err := json.Unmarshal([]byte(*had.Answer), &p); err != nil {
			return k, nil, fmt.Errorf("stored answer of key %d: %w", had.ID, err)
		}
		return had, &p, nil
	case had.LeaseUntil != nil && had.LeaseUntil.After(now):
		return k, nil, inProgress()
	}
	claim := db.Model(&requestKey{}).Where("id = ? AND answer IS NULL", had.ID)
	if had.LeaseUntil == nil {
		claim = claim.Where("lease_until IS NULL")
	} else {
		claim = claim.Where("lease_until = ?", had.LeaseUntil)
	}
	res := claim.Updates(map[string]any{"lease_until": lease})
	if res.Error != nil {
		return k, nil, fmt.Errorf("claim request key: %w", res.Error)
	}
	if res.RowsAffected != 1 {
		return k, nil, inProgress()
	}
	had.LeaseUntil = &lease
	return had, nil, nil
}

func inProgress() error {
	return model.Refuse(model.ErrConflict, model.CodeInProgress, "同一请求正在处理，请稍候再试")
}

// settleKey keeps the answer, or gives the key up so that a repeat may go on.
func (s *Service) settleKey(ctx context.Context, k requestKey, out Placed, failed error) (Placed, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	row := s.db.WithContext(ctx).Model(&requestKey{}).Where("id = ? AND answer IS NULL", k.ID)
	if failed == nil {
		raw, err := json.Marshal(out)
		if err != nil {
			return out, err
		}
		if err := row.Updates(map[string]any{"answer": string(raw), "lease_until": nil}).Error; err != nil {
			return out, fmt.Errorf("keep answer of key %d: %w", k.ID, err)
		}
		return out, nil
	}
	// A refusal made nothing, so the key is free again; a passing fault keeps the key and its order.
	var refusal *model.Refusal
	if errors.As(failed, &refusal) && !errors.Is(failed, model.ErrUnavailable) {
		if err := row.Where("order_id = 0").Delete(&requestKey{}).Error; err != nil {
			return out, errors.Join(failed, err)
		}
	}
	if err := s.db.WithContext(ctx).Model(&requestKey{}).Where("id = ? AND answer IS NULL", k.ID).
		Updates(map[string]any{"lease_until": nil}).Error; err != nil {
		return out, errors.Join(failed, err)
	}
	return out, failed
}

// place makes or finds the order and an attempt on it, and what the phone needs to pay.
func (s *Service) place(ctx context.Context, buyer model.Caller, k requestKey, w Wish) (Placed, error) {
	if k.OrderID != 0 { // an abandoned request: its order stands
		var o model.Order
		if err := s.db.WithContext(ctx).Take(&o, k.OrderID).Error; err != nil {
			return Placed{}, missing(err, "order", k.OrderID)
		}
		out, err := s.present(ctx, o, true)
		out.New = true
		return out, err
	}
	item, err := s.Shop.Item(ctx, w.CourseID, buyer.Platform)
	if err != nil {
		return Placed{}, err
	}
	if w.Gift && (s.Gifts == nil || item.Price == 0) {
		return Placed{}, model.Refuse(model.ErrConflict, model.CodeNotSellable, "免费的课程不用送，请朋友自己领取")
	}
	if w.ArticleID, err = known(ctx, s.Articles, w.ArticleID); err != nil {
		return Placed{}, err
	}
	if w.CampaignID, err = known(ctx, s.Campaigns, w.CampaignID); err != nil {
		return Placed{}, err
	}
	for range 3 {
		var o model.Order
		made, again, high := false, false, false
		err := s.tx(ctx, func(tx *gorm.DB) error {
			made, again, high = false, false, false
			if _, err := s.Learners.Lock(tx, buyer.LearnerID); err != nil {
				return err
			}
			err := store.Lock(tx).Where("open_key = ?", model.OpenKeyOf(w.kind(), buyer.LearnerID, w.CourseID)).Take(&o).Error
			switch {
			case errors.Is(err, gorm.ErrRecordNotFound):
				o, err = s.create(tx, buyer, item, w)
				if _, dup := store.Duplicate(err); dup {
					again = true // somebody else's order came in between
					return nil
				}
				made = err == nil
			case err == nil && o.Status == model.OrderPending && s.time().Before(o.ExpiresAt):
				if err = s.sameCoupon(tx, o, w.Coupon); err == nil {
					high, err = s.dearer(tx, o, item, w.Via)
				}
				if err == nil && !high {
					err = s.attemptFor(tx, &o, item, w.Via)
				}
			}
			if err != nil {
				return err
			}
			if high { // a crash from here on must not hand the dearer one out under this key
				return nil
			}
			return tx.Model(&requestKey{}).Where("id = ?", k.ID).Updates(map[string]any{"order_id": o.ID}).Error
		})
		if err != nil {
			return Placed{}, err
		}
		if again {
			continue
		}
		if !made && (high || o.Status == model.OrderClosing || !s.time().Before(o.ExpiresAt)) {
			// The order in the way is on its way out, or asks more than the course costs by now; where WeChat agrees at
			// once that it is dead, a new one can be made.
			if err := s.db.WithContext(ctx).Model(&requestKey{}).Where("id = ?", k.ID).Updates(map[string]any{"order_id": 0}).Error; err != nil {
				return Placed{}, fmt.Errorf("request key %d: %w", k.ID, err)
			}
			who, why := model.ActorTimer, "已过付款期限"
			if high {
				who, why = model.LearnerActor(buyer.LearnerID), "课程降价了，按现价重新下单"
			}
			if _, err := s.beginClosing(ctx, o.ID, who, why); err != nil {
				return Placed{}, err
			}
			if err := s.Close(ctx, o.ID); err != nil {
				return Placed{}, err
			}
			if err := s.db.WithContext(ctx).Take(&o, o.ID).Error; err != nil {
				return Placed{}, missing(err, "order", o.ID)
			}
			if !o.Status.Open() {
				continue
			}
			if costsLess(item, o) {
				return Placed{}, model.Refuse(model.ErrConflict, model.CodeOrderOpen, "课程降价了。您之前下的订单是 ¥"+o.Amount.Yuan()+"，正在关闭，关好后就能按现价 ¥"+item.Due().Yuan()+" 购买，请过一会儿再来")
			}
			if err := s.sameCoupon(s.db.WithContext(ctx), o, w.Coupon); err != nil {
				return Placed{}, err
			}
		}
		out, err := s.present(ctx, o, true)
		out.New = made
		return out, err
	}
	return Placed{}, inProgress()
}

// costsLess tells whether the course can be had for less now than o asks.
func costsLess(item model.Item, o model.Order) bool { return item.OnSale && item.Due() < o.Amount }

// dearer tells whether an open order is to make room for one at the price of now: it asks more, the new one could be
// paid on this terminal, and nobody has paid anything on the old one yet. One that keeps a seat stays: between the two
// somebody else would take it. So does one virtual payment may still bring money for: its number cannot be closed, and for
// half an hour the buyer could pay neither. Its sum is shown before it is paid.
func (s *Service) dearer(tx *gorm.DB, o model.Order, item model.Item, wish model.Via) (bool, error) {
	if !costsLess(item, o) || o.Seat {
		return false, nil
	}
	list, err := attempts(tx, o.ID)
	if err != nil || slices.ContainsFunc(list, disputed) {
		return false, err
	}
	if slices.ContainsFunc(list, func(p model.Payment) bool {
		return p.Via == model.ViaXPay && p.HandedAt != nil && s.time().Before(p.HandedAt.Add(s.XPayHold))
	}) {
		return false, nil
	}
	if item.Due() == 0 {
		return true, nil
	}
	_, closed := chooseFor(wish, item, model.Order{ListPrice: item.Price, FlashOff: item.FlashOff, Amount: item.Due(), Platform: o.Platform})
	return closed == nil, nil
}

// known forgets a number that is none of ours: where a buyer came from must not be made up.
func known(ctx context.Context, c Catalogue, id int64) (int64, error) {
	if c == nil || id == 0 {
		return 0, nil
	}
	ids, err := c.Among(ctx, []int64{id})
	if err != nil {
		return 0, fmt.Errorf("where the buyer came from: %w", err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	return id, nil
}

// create inserts the order and its first attempt. The unique open key goes in before ownership is looked
// at: it waits for a payment that is being booked, so a course cannot be both owned and ordered anew.
func (s *Service) create(tx *gorm.DB, buyer model.Caller, item model.Item, w Wish) (model.Order, error) {
	now := s.time()
	openKey := model.OpenKeyOf(w.kind(), buyer.LearnerID, item.CourseID)
	o := model.Order{
		AppID: buyer.AppID, OutTradeNo: number(now), Kind: w.kind(), LearnerID: buyer.LearnerID, PersonID: buyer.PersonID, OpenID: buyer.OpenID,
		Platform: buyer.Platform, CourseID: item.CourseID, Title: item.Title, ListPrice: item.Price, FlashOff: item.FlashOff, Amount: item.Due(),
		Agreement: item.Agreement, AccessDays: item.AccessDays, RefundRule: item.RefundRule, Status: model.OrderPending, OpenKey: &openKey,
		ExpiresAt: now.Add(s.Expiry).Truncate(time.Second), ArticleID: w.ArticleID, CampaignID: w.CampaignID, Channel: w.Channel,
		CreatedAt: now, UpdatedAt: now,
	}
	if err := s.discount(tx, &o, w.Coupon); err != nil {
		return o, s.ownedOr(tx, o, err)
	}
	o.Via = model.ViaFree
	if o.Amount > 0 {
		var err error
		if o.Via, err = chooseFor(w.Via, item, o); err != nil {
			return o, s.ownedOr(tx, o, err)
		}
	} else if !item.OnSale {
		return o, s.ownedOr(tx, o, notSellable())
	}
	if err := tx.Create(&o).Error; err != nil {
		return o, err
	}
	if err := s.ownedOr(tx, o, nil); err != nil {
		return o, err
	}
	if o.CouponID != 0 {
		if err := s.Coupons.Hold(tx, o); err != nil {
			return o, err
		}
	}
	if err := s.holdSeat(tx, &o, item); err != nil {
		return o, err
	}
	who := model.LearnerActor(buyer.LearnerID)
	if err := s.change(tx, model.ThingOrder, o.ID, o.ID, "", string(o.Status), who, "下单"); err != nil {
		return o, err
	}
	if err := s.Facts.Add(tx, fact(o, model.EventOrderCreate, "order:"+o.OutTradeNo, o.Amount, now)); err != nil {
		return o, err
	}
	if o.Amount == 0 {
		return o, s.payFree(tx, &o, model.ViaFree, who, "价格为零")
	}
	return o, s.addAttempt(tx, &o, o.OutTradeNo, item, who)
}

// ownedOr answers "owned" when the learner has the course and buys it for themselves, else err.
func (s *Service) ownedOr(tx *gorm.DB, o model.Order, err error) error {
	if o.Kind == model.OrderForGift {
		return err
	}
	owned, failed := s.Grants.Covers(tx, o.LearnerID, o.CourseID)
	if failed != nil {
		return failed
	}
	if owned {
		return model.Refuse(model.ErrConflict, model.CodeOwned, "您已拥有这门课程，可以直接学习")
	}
	return err
}

func notSellable() error {
	return model.Refuse(model.ErrConflict, model.CodeNotSellable, "这门课程目前不能在这台设备上购买")
}

// choose takes the wished road if it is open on this terminal, or the preferred one.
func choose(wish model.Via, item model.Item) (model.Via, error) {
	if !item.OnSale || len(item.Vias) == 0 {
		return "", notSellable()
	}
	if wish == "" {
		return item.Vias[0], nil
	}
	if !slices.Contains(item.Vias, wish) {
		return "", notSellable()
	}
	return wish, nil
}

// maxAttempts bounds what one order can make us ask WeChat about.
const maxAttempts = 10

// attemptFor gives the open order an attempt on the wished road, a new one where there is none that lives.
func (s *Service) attemptFor(tx *gorm.DB, o *model.Order, item model.Item, wish model.Via) error {
	via := wish
	if via == "" {
		via = o.Via
	}
	list, err := attempts(tx, o.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, disputed) {
		return nil // somebody paid something: no second payment before a person has looked
	}
	live := slices.ContainsFunc(list, func(p model.Payment) bool { return p.Via == via && p.Status.Live() })
	if !live {
		if _, err := chooseFor(via, item, *o); err != nil {
			return err
		}
		if via == model.ViaXPay && item.Price != o.ListPrice {
			return model.Refuse(model.ErrConflict, model.CodeDiscountNotPayable, "课程已改价，请取消原订单后重新下单")
		}
		if len(list) >= maxAttempts {
			return model.Refuse(model.ErrConflict, model.CodeOrderOpen, "这个订单尝试支付的次数太多，请取消后重新下单")
		}
	}
	if o.Via != via {
		o.Via = via
		if err := tx.Model(&model.Order{}).Where("id = ? AND status = ?", o.ID, o.Status).Updates(map[string]any{"via": via}).Error; err != nil {
			return fmt.Errorf("order %d: %w", o.ID, err)
		}
	}
	if live {
		return nil
	}
	return s.addAttempt(tx, o, number(s.time()), item, model.LearnerActor(o.LearnerID))
}

func disputed(p model.Payment) bool { return p.Status == model.PaymentMismatch }

func (s *Service) addAttempt(tx *gorm.DB, o *model.Order, no string, item model.Item, who model.Actor) error {
	ch, err := s.channel(o.Via)
	if err != nil {
		return err
	}
	if o.OpenID == "" { // nobody's payment could be told from another's
		return fmt.Errorf("payment of order %d: no buyer: %w", o.ID, model.ErrInvalid)
	}
	now := s.time()
	check := now.Add(firstCheck)
	p := model.Payment{
		OrderID: o.ID, OutTradeNo: no, Via: o.Via, AppID: o.AppID, MchID: ch.MchID(), OpenID: o.OpenID, Total: o.Amount, Currency: "CNY",
		ExpireAt: o.ExpiresAt, Status: model.PaymentCreated, CheckAt: &check, CreatedAt: now, UpdatedAt: now,
	}
	if o.Via == model.ViaXPay {
		p.ProductID = item.ProductID
	}
	if err := tx.Create(&p).Error; err != nil {
		return fmt.Errorf("payment of order %d: %w", o.ID, err)
	}
	return s.change(tx, model.ThingPayment, p.ID, o.ID, "", string(p.Status), who, "支付方式："+viaNames[p.Via])
}

// viaNames are the ways to pay in the operator's words.
var viaNames = map[model.Via]string{model.ViaJSAPI: "微信支付", model.ViaXPay: "虚拟支付", model.ViaManual: "人工", model.ViaFree: "免费"}

// payFree marks an order paid without a payment: the sum is zero, or an operator vouches for it.
func (s *Service) payFree(tx *gorm.DB, o *model.Order, via model.Via, who model.Actor, why string) error {
	from := o.Status
	if !o.Free(via, s.time()) {
		return fmt.Errorf("order %d: %w", o.ID, model.ErrConflict)
	}
	if err := s.saveOrder(tx, o, from, who, why); err != nil {
		return err
	}
	return s.opened(tx, *o, "pay:"+o.OutTradeNo, who)
}

// opened does what belongs to every step into "paid": the grant or the gift, the fact, the work after the commit.
func (s *Service) opened(tx *gorm.DB, o model.Order, factKey string, who model.Actor) error {
	if err := s.bought(o).ByOrder(tx, o, who); err != nil {
		return err
	}
	// WeChat tells whole seconds: a payment within the second of its order would stand before it, and the
	// funnel would lose the buyer.
	at := *o.PaidAt
	if at.Before(o.CreatedAt) {
		at = o.CreatedAt
	}
	if err := s.Facts.Add(tx, fact(o, model.EventPaid, factKey, o.Amount, at)); err != nil {
		return err
	}
	if err := s.Queue.Add(tx, jobPaid, fmt.Sprint(o.ID), orderJob{OrderID: o.ID, ByQuery: who == model.ActorQuery}, time.Time{}); err != nil {
		return err
	}
	return s.tell(tx, o, MessagePaid)
}

func fact(o model.Order, kind model.EventType, key string, sum model.Fen, at time.Time) model.Event {
	var props map[string]any
	if o.Kind == model.OrderForGift {
		props = map[string]any{"gift": true}
	}
	return model.Event{
		Props: props, Key: key, AppID: o.AppID, Type: kind, OccurredAt: at, PersonID: o.PersonID, ArticleID: o.ArticleID, CourseID: o.CourseID,
		CampaignID: o.CampaignID, Channel: o.Channel, Amount: sum, OutTradeNo: o.OutTradeNo,
	}
}

// ForgetKeys drops request keys older than two days.
func (s *Service) ForgetKeys(ctx context.Context) error {
	var ids []int64
	db := s.db.WithContext(ctx)
	if err := db.Model(&requestKey{}).Where("created_at < ?", s.real().Add(-keyLife)).Limit(5000).Pluck("id", &ids).Error; err != nil {
		return fmt.Errorf("old request keys: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	if err := db.Where("id IN ?", ids).Delete(&requestKey{}).Error; err != nil {
		return fmt.Errorf("old request keys: %w", err)
	}
	return nil
}
