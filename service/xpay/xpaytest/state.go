package xpaytest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// Order is one outTradeNo as virtual payment knows it.
type Order struct {
	OutTradeNo    string    `json:"order_id"`
	WxOrderID     string    `json:"wx_order_id"`
	OpenID        string    `json:"openid"`
	ProductID     string    `json:"product_id"`
	Env           int       `json:"env"`
	OrigPrice     int64     `json:"orig_price"`
	Price         int64     `json:"price"` // what is paid
	Left          int64     `json:"left"`
	Attach        string    `json:"attach"`
	Status        int       `json:"status"` // 1 created, 2 paid, 4 delivered, 5 refunded
	IOS           bool      `json:"ios"`
	TransactionID string    `json:"transaction_id,omitempty"`
	CreatedAt     time.Time `json:"created_at"`
	PaidAt        time.Time `json:"paid_at,omitzero"`
	DeliveredAt   time.Time `json:"delivered_at,omitzero"`
	Told          bool      `json:"told"` // the push was heard, or lost on purpose
}

// Refund is one refund_order_id.
type Refund struct {
	ID         string    `json:"refund_order_id"`
	WxID       string    `json:"refund_wx_order_id"`
	OutTradeNo string    `json:"order_id"`
	Fee        int64     `json:"refund_fee"`
	Status     int       `json:"status"` // 1 running, 8 done, 7 failed
	AskedAt    time.Time `json:"asked_at"`
	DoneAt     time.Time `json:"done_at,omitzero"`
	Body       string    `json:"body"` // what must be the same when the number comes again
	Told       bool      `json:"told"`
}

// Goods is one registered product. It sells at Published; a new Price needs publishing first.
type Goods struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Price     int64  `json:"price"`
	Remark    string `json:"remark"`
	URL       string `json:"item_url"`
	Published int64  `json:"published"` // the price that is sold; 0: not on sale
}

// batch is the state of the last upload or publication: 0 none, 1 running, 2 failed or partly, 3 done.
type batch struct {
	Status int      `json:"status"`
	IDs    []string `json:"ids"`
	Failed []string `json:"failed,omitempty"`
}

type state struct {
	Orders  map[string]*Order  `json:"orders"`
	Refunds map[string]*Refund `json:"refunds"`
	Goods   map[string]*Goods  `json:"goods"`
	Upload  batch              `json:"upload"`
	Publish batch              `json:"publish"`
}

func (s *state) init() {
	if s.Orders == nil {
		s.Orders = map[string]*Order{}
	}
	if s.Refunds == nil {
		s.Refunds = map[string]*Refund{}
	}
	if s.Goods == nil {
		s.Goods = map[string]*Goods{}
	}
}

// Snapshot gives everything that is to survive a restart as JSON.
func (f *Fake) Snapshot() ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return json.Marshal(&f.s)
}

// Restore takes a Snapshot back and goes on with what was under way. Call it before the fake is used.
func (f *Fake) Restore(b []byte) error {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("state of the fake virtual payment: %w", err)
	}
	s.init()
	f.mu.Lock()
	f.s = s
	f.mu.Unlock()
	for _, o := range s.Orders {
		if o.Status == 2 && !o.Told {
			f.tellPaid(o.OutTradeNo, BadDays{})
		}
	}
	for _, x := range s.Refunds {
		switch {
		case x.Status == 1:
			f.soon(x.ID, 0)
		case !x.Told:
			f.tellRefund(x.ID, BadDays{})
		}
	}
	for _, b := range []struct {
		b  *batch
		fn func()
	}{{&f.s.Upload, f.uploaded}, {&f.s.Publish, f.published}} {
		if b.b.Status == 1 {
			f.background(&f.bg, b.fn)
		}
	}
	return nil
}

// Order gives what is known about an outTradeNo.
func (f *Fake) Order(outTradeNo string) (Order, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o := f.s.Orders[outTradeNo]; o != nil {
		return *o, true
	}
	return Order{}, false
}

// Orders gives all of them, in no order.
func (f *Fake) Orders() []Order {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Order, 0, len(f.s.Orders))
	for _, o := range f.s.Orders {
		out = append(out, *o)
	}
	return out
}

// Refunds gives all of them, in no order.
func (f *Fake) Refunds() []Refund {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Refund, 0, len(f.s.Refunds))
	for _, x := range f.s.Refunds {
		out = append(out, *x)
	}
	return out
}

// GoodsOf gives one registered product.
func (f *Fake) GoodsOf(id string) (Goods, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g := f.s.Goods[id]; g != nil {
		return *g, true
	}
	return Goods{}, false
}

// Sell registers and publishes a product at once, as if it had been done in the console.
func (f *Fake) Sell(id, name string, price int64) {
	f.mu.Lock()
	f.s.Goods[id] = &Goods{ID: id, Name: name, Price: price, Published: price}
	f.mu.Unlock()
	f.changed()
}

func digits(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}
