package model

import "time"

// Sale is when a course is sold, what it costs for a while, and to how many. Every moment is judged by the service's clock, never by
// a phone's.
type Sale struct {
	SaleFrom   *time.Time // sold from (起售); nil: as soon as it is on sale
	SaleUntil  *time.Time // sold until (停售); nil: no end
	FlashPrice *Fen       // the price (限时价) from FlashFrom until FlashUntil; nil: none
	FlashFrom  *time.Time
	FlashUntil *time.Time
	Seats      *int64 // how many may buy (名额); nil: any number
}

// MaxSeats bounds the seats of a course.
const MaxSeats = 1_000_000

// Tidy brings the moments to what the database keeps.
func (s Sale) Tidy() Sale {
	for _, at := range []**time.Time{&s.SaleFrom, &s.SaleUntil, &s.FlashFrom, &s.FlashUntil} {
		if *at != nil {
			t := Milli(**at)
			*at = &t
		}
	}
	return s
}

// Check names what is wrong with s beside a price.
func (s Sale) Check(bad *Refusal, price Fen) {
	for name, at := range map[string]*time.Time{"sale_from": s.SaleFrom, "sale_until": s.SaleUntil, "flash_from": s.FlashFrom, "flash_until": s.FlashUntil} {
		if at != nil && (at.Year() < 2020 || at.Year() > 2100) {
			bad.Field("sale."+name, "应为 2020 到 2100 年之间的时间")
		}
	}
	if s.SaleFrom != nil && s.SaleUntil != nil && !s.SaleUntil.After(*s.SaleFrom) {
		bad.Field("sale.sale_until", "停售时间应在起售时间之后")
	}
	if s.Seats != nil && (*s.Seats < 1 || *s.Seats > MaxSeats) {
		bad.Field("sale.seats", "名额为 1 到 1000000 的整数；不限就留空")
	}
	if s.FlashPrice == nil {
		if s.FlashFrom != nil || s.FlashUntil != nil {
			bad.Field("sale.flash_price", "写了限时价的时间，还要写限时价")
		}
		return
	}
	if *s.FlashPrice < 1 || *s.FlashPrice >= price {
		bad.Field("sale.flash_price", "限时价应高于 0 元、低于价格")
	}
	switch {
	case s.FlashFrom == nil:
		bad.Field("sale.flash_from", "请选限时价开始的时间")
	case s.FlashUntil == nil:
		bad.Field("sale.flash_until", "请选限时价结束的时间")
	case !s.FlashUntil.After(*s.FlashFrom):
		bad.Field("sale.flash_until", "限时价的结束应在开始之后")
	}
}

// SameFlash tells whether two sales have the same flash price at the same times.
func (s Sale) SameFlash(o Sale) bool {
	return sameOf(s.FlashPrice, o.FlashPrice, func(a, b Fen) bool { return a == b }) && sameOf(s.FlashFrom, o.FlashFrom, time.Time.Equal) && sameOf(s.FlashUntil, o.FlashUntil, time.Time.Equal)
}

func sameOf[T any](a, b *T, eq func(T, T) bool) bool {
	return a == nil && b == nil || a != nil && b != nil && eq(*a, *b)
}

// Sold tells whether the course is sold at now: on sale, and within its times.
func (c Course) Sold(now time.Time) bool { return c.Status == CourseOnSale && c.NotSold(now) == "" }

// NotSold says in Chinese why a course that is shown is not sold at now; "" where nothing of its own is in the way.
func (c Course) NotSold(now time.Time) string {
	switch {
	case c.Status == CourseStopped, c.SaleUntil != nil && !now.Before(*c.SaleUntil):
		return "已停售"
	case c.SaleFrom != nil && now.Before(*c.SaleFrom):
		return c.SaleFrom.In(Shanghai).Format("2006 年 1 月 2 日 15:04") + " 开售"
	}
	return ""
}

// SeatsLeft is how many may still buy; nil: any number.
func (c Course) SeatsLeft() *int64 {
	if c.Seats == nil {
		return nil
	}
	left := max(*c.Seats-c.SeatsTaken, 0)
	return &left
}

// Full holds when every seat is taken.
func (c Course) Full() bool { left := c.SeatsLeft(); return left != nil && *left == 0 }

// PriceAt is what the course costs at now, and whether that is its flash price.
func (c Course) PriceAt(now time.Time) (price Fen, flash bool) {
	if c.FlashPrice == nil || c.FlashFrom == nil || c.FlashUntil == nil || now.Before(*c.FlashFrom) || !now.Before(*c.FlashUntil) {
		return c.Price, false
	}
	return *c.FlashPrice, true
}

// XPaySells refuses a flash price that virtual payment would not take: it sells a course only for its published price,
// or for 40 % of it and more.
func (c Course) XPaySells() error {
	if c.FlashPrice == nil || XPayTakes(c.Price, *c.FlashPrice, PlatformAndroid) {
		return nil
	}
	least := (c.Price*40 + 99) / 100
	return Refuse(ErrInvalid, CodeInvalid, "课程信息有误，请检查标出的项").Field("sale.flash_price", "虚拟支付不收低于价格 40% 的限时价，最低 "+least.Yuan()+" 元")
}
