package wxpaytest

import (
	"encoding/json"
	"fmt"
)

// state is all that survives a restart.
type state struct {
	Orders  map[string]*Order  `json:"orders"`
	Refunds map[string]*Refund `json:"refunds"`
	Notices []*Notice          `json:"notices"`

	prepaid map[string]*Order
}

func (s *state) init() {
	if s.Orders == nil {
		s.Orders = map[string]*Order{}
	}
	if s.Refunds == nil {
		s.Refunds = map[string]*Refund{}
	}
	s.prepaid = map[string]*Order{}
	for _, o := range s.Orders {
		s.prepaid[o.PrepayID] = o
	}
}

// Snapshot gives everything that is to survive a restart as JSON. Of notices only those not yet heard are kept.
func (f *Fake) Snapshot() ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.s
	s.Notices = nil
	for i, n := range f.s.Notices {
		if !n.Done && !n.Lost || i >= len(f.s.Notices)-200 {
			s.Notices = append(s.Notices, n)
		}
	}
	return json.Marshal(&s)
}

// Restore takes a Snapshot back and goes on with what was under way: refunds without a result and notices nobody has
// heard. Call it before the fake is used.
func (f *Fake) Restore(b []byte) error {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("state of the fake WeChat Pay: %w", err)
	}
	s.init()
	f.mu.Lock()
	f.s = s
	f.mu.Unlock()
	for _, x := range s.Refunds {
		if x.Status == "PROCESSING" {
			f.soon(x.OutRefundNo, "SUCCESS")
		}
	}
	for _, n := range s.Notices {
		if !n.Done && !n.Lost {
			f.repeat(n, false)
		}
	}
	return nil
}
