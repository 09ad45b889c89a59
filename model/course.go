package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// CourseStatus is where a course stands in the shop. Whatever it becomes, who owns the course learns on.
type CourseStatus string

// A course is drafted, put on sale (上架), and then either no longer sold but still shown (停售) or taken
// out of the shop (下架). Both may go back on sale.
const (
	CourseDraft     CourseStatus = "draft"
	CourseOnSale    CourseStatus = "on_sale"
	CourseStopped   CourseStatus = "stopped"
	CourseWithdrawn CourseStatus = "withdrawn"
)

// GoodsStatus says whether virtual payment knows the course at its present price.
type GoodsStatus string

// Goods are published by a job after the course went on sale or changed its price.
const (
	GoodsNone      GoodsStatus = ""
	GoodsPending   GoodsStatus = "pending"
	GoodsPublished GoodsStatus = "published"
	GoodsFailed    GoodsStatus = "failed"
)

// MaxPrice bounds a price, in fen (one million yuan): far above any course, far below any overflow.
const MaxPrice Fen = 100_000_000

// Course is a sold thing. Version grows with every change of an operator and guards against two of them
// saving over each other. The draft of a published course is a row of its own, which only the console sees.
type Course struct {
	ID            int64  `gorm:"primaryKey"`
	AppID         string `gorm:"column:appid"`
	Bundle        bool   // a bundle (专栏): see BundleItem
	Title         string
	Intro         string // HTML, already cleaned
	Cover         string // our own /media/… or an https address; may be empty
	Category      string
	Teacher       string
	Price         Fen
	OriginalPrice *Fen       // the price struck through; nil: none
	RefundRule    RefundRule `gorm:"embedded;embeddedPrefix:refund_"` // copied onto an order when it is placed
	Sale
	SeatsTaken  int64 // by orders that may still be paid or are; moved with the order alone
	Certificate bool  // who finishes every lesson may take one
	Playing
	Status      CourseStatus
	GoodsID     string // product id at virtual payment, one per course and price
	GoodsStatus GoodsStatus
	GoodsError  string
	Version     int64
	UpdatedBy   string // the operator's name
	PublishedAt *time.Time
	DraftOf     *int64 // this row is the draft of that course; nil: it is a course
	DraftBase   string // the hash of what was live when the draft was begun
	CreatedAt   time.Time
	UpdatedAt   time.Time `gorm:"autoUpdateTime:false"`
}

// Playing is how a learner's phone plays a course. The phone obeys; the service cannot make it.
type Playing struct {
	Watermark bool // the learner's number runs over what is played
	NoForward bool // what was not played yet cannot be skipped
}

// Mark is the text that runs over what a learner plays; "" for none. A number, so that a recording tells who made it to the
// operator and to nobody else.
func (p Playing) Mark(learnerID int64) string {
	if !p.Watermark {
		return ""
	}
	return fmt.Sprintf("学员 %d", learnerID)
}

// TableName keeps the table's name apart from the type's.
func (Course) TableName() string { return "courses" }

// Subject is the course that is spoken of: itself, or the one it is the draft of.
func (c Course) Subject() int64 {
	if c.DraftOf != nil {
		return *c.DraftOf
	}
	return c.ID
}

// ProductID is the goods' number at virtual payment. It carries the price, since a changed price sells
// there only once its own goods are published, while orders at the old price are still being paid.
func (c Course) ProductID() string { return fmt.Sprintf("course_%d_%d", c.ID, c.Price) }

// Visible tells whether a learner may see the course's page.
func (c Course) Visible(owned bool) bool {
	switch c.Status {
	case CourseOnSale, CourseStopped:
		return true
	case CourseWithdrawn:
		return owned
	}
	return false
}

// Vias lists the roads on which this course can be bought on platform at now, the preferred one first. Goods
// that virtual payment refused, or a flash price it does not take, cannot be bought there; goods still on their way
// come after a road that works at once.
func (c Course) Vias(s Selling, platform Platform, now time.Time) []Via {
	if !c.Sold(now) || c.Price == 0 {
		return []Via{}
	}
	price, _ := c.PriceAt(now)
	vias := s.Vias(platform)
	vias = slices.DeleteFunc(vias, func(v Via) bool {
		return v == ViaXPay && (c.GoodsStatus == GoodsFailed || !XPayTakes(c.Price, price, platform))
	})
	if len(vias) == 2 && vias[0] == ViaXPay && c.GoodsStatus != GoodsPublished {
		slices.Reverse(vias)
	}
	return vias
}

// CourseAction is what one person may do with a course on the terminal in hand.
type CourseAction string

// Claim is taking a free course, which goes the same road as an order but never meets WeChat.
const (
	ActionBuy   CourseAction = "buy"
	ActionClaim CourseAction = "claim"
	ActionLearn CourseAction = "learn"
	ActionTrial CourseAction = "trial"
	ActionGift  CourseAction = "gift" // buy it for a friend, owned or not
	ActionPay   CourseAction = "pay"  // pay what was ordered before

	ActionCertificate CourseAction = "certificate" // take the certificate: every lesson is finished
)

// CourseOffer is one answer per course, person and terminal.
type CourseOffer struct {
	Actions   []CourseAction
	ShowPrice bool
	Vias      []Via
	Price     Fen        // what it costs now
	Flash     bool       // which is its flash price
	Opens     *time.Time // when its sale begins, where that is to come
	NotSold   string     // why it is not sold now, in Chinese; empty where it is, or where it is owned
}

// Offer says what this person may do with c on this terminal at now. Where selling is not allowed there is
// neither a price nor a way to buy; learning works everywhere.
func (c Course) Offer(s Selling, platform Platform, owned, hasTrial bool, now time.Time) CourseOffer {
	o := CourseOffer{Actions: []CourseAction{}, Vias: c.Vias(s, platform, now)}
	o.Price, o.Flash = c.PriceAt(now)
	if c.SaleFrom != nil && now.Before(*c.SaleFrom) {
		o.Opens = c.SaleFrom
	}
	sold := c.Sold(now) && !c.Full()
	if !sold {
		o.Vias = []Via{}
	}
	o.ShowPrice = c.Price == 0 || len(s.Vias(platform)) > 0
	gift := sold && len(o.Vias) > 0
	switch {
	case owned:
		o.Actions = append(o.Actions, ActionLearn)
		if gift {
			o.Actions = append(o.Actions, ActionGift)
		}
		return o
	case !sold:
		if o.NotSold = c.NotSold(now); o.NotSold == "" && c.Full() {
			o.NotSold = "名额已满"
		}
	case c.Price == 0:
		o.Actions = append(o.Actions, ActionClaim)
	case len(o.Vias) > 0:
		o.Actions = append(o.Actions, ActionBuy)
	}
	if hasTrial {
		o.Actions = append(o.Actions, ActionTrial)
	}
	if gift {
		o.Actions = append(o.Actions, ActionGift)
	}
	return o
}

// Check looks at what an operator typed. Every fault is named.
func (c Course) Check() error {
	bad := Refuse(ErrInvalid, CodeInvalid, "课程信息有误，请检查标出的项")
	if n := utf8.RuneCountInString(strings.TrimSpace(c.Title)); n < 1 || n > 60 {
		bad.Field("title", "标题为 1 到 60 个字")
	}
	if c.Price < 0 || c.Price > MaxPrice {
		bad.Field("price", "价格为 0 到 1000000 元")
	}
	if c.OriginalPrice != nil && (*c.OriginalPrice < 0 || *c.OriginalPrice > MaxPrice) {
		bad.Field("original_price", "原价为 0 到 1000000 元")
	}
	if utf8.RuneCountInString(c.Category) > 20 {
		bad.Field("category", "分类最多 20 个字")
	}
	if utf8.RuneCountInString(c.Teacher) > 30 {
		bad.Field("teacher", "讲师最多 30 个字")
	}
	if len(c.Intro) > 60_000 {
		bad.Field("intro", "简介过长")
	}
	if !goodAddress(c.Cover) {
		bad.Field("cover", "封面应为已上传的图片或 https 地址")
	}
	if c.Bundle && c.Certificate {
		bad.Field("certificate", "专栏不发证书，由里面的课程发")
	}
	c.RefundRule.Check(bad)
	c.Sale.Check(bad, c.Price)
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// goodAddress takes nothing, a file of ours, or an https address without tricks.
func goodAddress(s string) bool {
	if s == "" {
		return true
	}
	if len(s) > 500 || strings.ContainsAny(s, " \t\r\n\"'<>\\`") {
		return false
	}
	for _, r := range s {
		if r < 0x21 || r > 0x7e {
			return false
		}
	}
	return MediaName(s) != "" || strings.HasPrefix(s, "https://") && len(s) > len("https://")
}

// CoursePrice is one line of a course's price history; the newest is the present price.
type CoursePrice struct {
	ID            int64  `gorm:"primaryKey"`
	AppID         string `gorm:"column:appid"`
	CourseID      int64
	Price         Fen
	OriginalPrice *Fen
	FlashPrice    *Fen // in force from FlashFrom until FlashUntil, unless a newer line says otherwise
	FlashFrom     *time.Time
	FlashUntil    *time.Time
	OperatorID    int64
	OperatorName  string
	CreatedAt     time.Time
}

// TableName keeps the table's name apart from the type's.
func (CoursePrice) TableName() string { return "course_prices" }
