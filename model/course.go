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
// saving over each other.
type Course struct {
	ID            int64  `gorm:"primaryKey"`
	AppID         string `gorm:"column:appid"`
	Title         string
	Intro         string // HTML, already cleaned
	Cover         string // our own /media/… or an https address; may be empty
	Category      string
	Teacher       string
	Price         Fen
	OriginalPrice *Fen       // the price struck through; nil: none
	RefundRule    RefundRule `gorm:"embedded;embeddedPrefix:refund_"` // copied onto an order when it is placed
	Status        CourseStatus
	GoodsID       string // product id at virtual payment, one per course and price
	GoodsStatus   GoodsStatus
	GoodsError    string
	Version       int64
	UpdatedBy     string // the operator's name
	PublishedAt   *time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time `gorm:"autoUpdateTime:false"`
}

// TableName keeps the table's name apart from the type's.
func (Course) TableName() string { return "courses" }

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

// Vias lists the roads on which this course can be bought on platform, the preferred one first. Goods
// that virtual payment refused cannot be bought there; goods still on their way come after a road that
// works at once.
func (c Course) Vias(s Selling, platform Platform) []Via {
	if c.Status != CourseOnSale || c.Price == 0 {
		return []Via{}
	}
	vias := s.Vias(platform)
	vias = slices.DeleteFunc(vias, func(v Via) bool {
		return v == ViaXPay && (c.GoodsStatus == GoodsFailed || platform.mayBeIOS() && c.Price < XPayMinIOS)
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
)

// CourseOffer is one answer per course, person and terminal.
type CourseOffer struct {
	Actions   []CourseAction
	ShowPrice bool
	Vias      []Via
}

// Offer says what this person may do with c on this terminal. Where selling is not allowed there is
// neither a price nor a way to buy; learning works everywhere.
func (c Course) Offer(s Selling, platform Platform, owned, hasTrial bool) CourseOffer {
	o := CourseOffer{Actions: []CourseAction{}, Vias: c.Vias(s, platform)}
	o.ShowPrice = c.Price == 0 || len(s.Vias(platform)) > 0
	switch {
	case owned:
		o.Actions, o.Vias = append(o.Actions, ActionLearn), []Via{}
		return o
	case c.Status != CourseOnSale:
	case c.Price == 0:
		o.Actions = append(o.Actions, ActionClaim)
	case len(o.Vias) > 0:
		o.Actions = append(o.Actions, ActionBuy)
	}
	if hasTrial {
		o.Actions = append(o.Actions, ActionTrial)
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
	c.RefundRule.Check(bad)
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
	OperatorID    int64
	OperatorName  string
	CreatedAt     time.Time
}

// TableName keeps the table's name apart from the type's.
func (CoursePrice) TableName() string { return "course_prices" }
