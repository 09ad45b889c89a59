package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Filter chooses orders for the console. Zero fields choose all. From and To are instants, To is not in.
type Filter struct {
	Status   model.OrderStatus
	Via      model.Via
	Kind     model.OrderKind
	Q        string // a number of the order, an attempt, a refund or WeChat; or a piece of the title
	CourseID int64
	From, To *time.Time // of the order's making
	Before   int64      // ids below it; 0 from the newest
	Limit    int
}

// Search lists orders, newest first, and the id to go on from (0: no more).
func (s *Service) Search(ctx context.Context, f Filter) ([]model.Order, int64, error) {
	db := s.db.WithContext(ctx)
	q := db.Model(&model.Order{}).Where("appid = ?", s.AppID).Order("id DESC").Limit(f.Limit + 1)
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	if f.Via != "" {
		q = q.Where("via = ?", f.Via)
	}
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.CourseID > 0 {
		q = q.Where("course_id = ?", f.CourseID)
	}
	if f.From != nil {
		q = q.Where("created_at >= ?", model.Milli(*f.From))
	}
	if f.To != nil {
		q = q.Where("created_at < ?", model.Milli(*f.To))
	}
	if f.Before > 0 {
		q = q.Where("id < ?", f.Before)
	}
	if f.Q != "" {
		no := plain(f.Q, 64)
		q = q.Where("(out_trade_no = ? OR id IN (?) OR id IN (?) OR title LIKE ? ESCAPE '!')", no,
			db.Model(&model.Payment{}).Select("order_id").Where("out_trade_no = ? OR transaction_id = ?", no, no),
			db.Model(&model.Refund{}).Select("order_id").Where("out_refund_no = ? OR refund_id = ?", no, no),
			"%"+store.EscapeLike(f.Q)+"%")
	}
	list := []model.Order{}
	if err := q.Find(&list).Error; err != nil {
		return nil, 0, fmt.Errorf("search orders: %w", err)
	}
	next := int64(0)
	if len(list) > f.Limit {
		list = list[:f.Limit]
		next = list[f.Limit-1].ID
	}
	return list, next, nil
}

// Proof is all there is about one order.
type Proof struct {
	Order    model.Order
	Payments []model.Payment
	Refunds  []model.Refund
	Notices  []model.PayNotice
	Apple    []model.AppleQuestion
	Changes  []model.Change // of the order, its payments and refunds; the grant's are service/grant's
}

// Proof gives an order by any of its numbers, with everything that happened to it.
func (s *Service) Proof(ctx context.Context, no string) (Proof, error) {
	var p Proof
	db := s.db.WithContext(ctx)
	o, err := s.byNo(db, no)
	if err != nil {
		return p, err
	}
	p.Order = o
	if p.Payments, err = attempts(db, o.ID); err != nil {
		return p, err
	}
	if p.Refunds, err = refundsOf(db, o.ID); err != nil {
		return p, err
	}
	p.Notices, p.Apple, p.Changes = []model.PayNotice{}, []model.AppleQuestion{}, []model.Change{}
	if err := db.Where("order_id = ?", o.ID).Order("id").Limit(50).Find(&p.Apple).Error; err != nil {
		return p, fmt.Errorf("apple's questions of order %s: %w", no, err)
	}
	if err := db.Where("order_id = ?", o.ID).Order("id").Limit(200).Find(&p.Notices).Error; err != nil {
		return p, fmt.Errorf("notices of order %s: %w", no, err)
	}
	if err := db.Table("order_changes").Where("order_id = ?", o.ID).Order("id").Limit(500).Find(&p.Changes).Error; err != nil {
		return p, fmt.Errorf("history of order %s: %w", no, err)
	}
	return p, nil
}

// Ask asks WeChat now about everything of an order that may bring news: attempts and refunds. The error
// says that WeChat did not answer; what it did answer is settled.
func (s *Service) Ask(ctx context.Context, no string) error {
	o, err := s.byNo(s.db.WithContext(ctx), no)
	if err != nil {
		return err
	}
	failed := s.askAll(ctx, o)
	if o.Status == model.OrderClosing {
		failed = errors.Join(failed, s.Close(ctx, o.ID))
	}
	list, err := refundsOf(s.db.WithContext(ctx), o.ID)
	if err != nil {
		return err
	}
	for _, r := range list {
		if !r.Status.Moving() && r.Status != model.RefundAbnormal {
			continue
		}
		if err := s.askRefund(ctx, r); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	if failed != nil {
		return fmt.Errorf("ask about order %s: %w (%v)", o.OutTradeNo, unclear(), failed)
	}
	return nil
}

// askRefund asks how a refund stands and books the answer; one that was never sent is pushed on.
func (s *Service) askRefund(ctx context.Context, r model.Refund) error {
	if r.Status == model.RefundApproved || r.Status == model.RefundSent {
		return s.push(ctx, r.ID)
	}
	var p model.Payment
	if err := s.db.WithContext(ctx).Take(&p, r.PaymentID).Error; err != nil {
		return missing(err, "payment", r.PaymentID)
	}
	ch, err := s.channel(r.Via)
	if err != nil {
		return err
	}
	call, cancel := context.WithTimeout(ctx, callTime)
	n, err := ch.QueryRefund(call, p, r)
	cancel()
	if err != nil {
		return fmt.Errorf("query refund %s: %w", r.OutRefundNo, err)
	}
	_, err = s.Book(ctx, n, model.ActorQuery, "")
	return err
}

// RefundFilter chooses refunds for the console.
type RefundFilter struct {
	Status model.RefundState
	Before int64
	Limit  int
}

// RefundLine is a refund and the order it belongs to.
type RefundLine struct {
	model.Refund
	Order model.Order
}

// RefundsAsked counts the refunds that learners ask for and nobody has decided.
func (s *Service) RefundsAsked(ctx context.Context) (n int64, err error) {
	db := s.db.WithContext(ctx)
	err = db.Model(&model.Refund{}).Where("status = ? AND order_id IN (?)", model.RefundAsked, db.Model(&model.Order{}).Select("id").Where("appid = ?", s.AppID)).Count(&n).Error
	if err != nil {
		err = fmt.Errorf("count refunds asked for: %w", err)
	}
	return n, err
}

// Refunds lists refunds, newest first, with their orders, and the id to go on from (0: no more).
func (s *Service) Refunds(ctx context.Context, f RefundFilter) ([]RefundLine, int64, error) {
	db := s.db.WithContext(ctx)
	q := db.Where("order_id IN (?)", db.Model(&model.Order{}).Select("id").Where("appid = ?", s.AppID)).Order("id DESC").Limit(f.Limit + 1)
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	if f.Before > 0 {
		q = q.Where("id < ?", f.Before)
	}
	var list []model.Refund
	if err := q.Find(&list).Error; err != nil {
		return nil, 0, fmt.Errorf("list refunds: %w", err)
	}
	next := int64(0)
	if len(list) > f.Limit {
		list = list[:f.Limit]
		next = list[f.Limit-1].ID
	}
	ids := make([]int64, 0, len(list))
	for _, r := range list {
		ids = append(ids, r.OrderID)
	}
	var orders []model.Order
	if err := db.Where("id IN ?", append(ids, 0)).Find(&orders).Error; err != nil {
		return nil, 0, fmt.Errorf("orders of refunds: %w", err)
	}
	byID := map[int64]model.Order{}
	for _, o := range orders {
		byID[o.ID] = o
	}
	out := make([]RefundLine, 0, len(list))
	for _, r := range list {
		out = append(out, RefundLine{Refund: r, Order: byID[r.OrderID]})
	}
	return out, next, nil
}

// PayByHand marks an order paid that was paid outside WeChat; why and proof are kept. The order's attempts
// are closed at WeChat after it. ErrConflict when the order waits for no money any more.
func (s *Service) PayByHand(ctx context.Context, op Operator, no, why, proof string) (model.Order, error) {
	if err := goodReason(why); err != nil {
		return model.Order{}, err
	}
	if n := len([]rune(proof)); n < 1 || n > 200 {
		return model.Order{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请写明凭证，最多 200 个字").Field("proof", "1 到 200 个字")
	}
	o, err := s.byNo(s.db.WithContext(ctx), no)
	if err != nil {
		return o, err
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if o, err = lockOrder(tx, o.ID); err != nil {
			return err
		}
		if !o.Status.Open() {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "这个订单不在等待付款")
		}
		o.Proof = why + "；凭证：" + proof
		before := string(o.Status)
		if err := s.payFree(tx, &o, model.ViaManual, model.OperatorActor(op.ID), "线下收款："+why); err != nil {
			return err
		}
		return s.Auditor.Audit(tx, model.AuditEntry{OperatorID: op.ID, OperatorName: op.Name, Action: "order.pay_by_hand", Object: "order", ObjectID: fmt.Sprint(o.ID),
			Before: fmt.Sprintf(`{"status":%q}`, before), After: `{"status":"paid","via":"manual"}`, Reason: why})
	})
	return o, err
}
