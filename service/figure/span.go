package figure

import (
	"time"

	"loudou/model"
)

// Span is a range of whole Asia/Shanghai days, both ends included.
type Span struct {
	First, Last int // day numbers
	From, To    time.Time
}

// mostDays bounds a question's cost.
const mostDays = 1100

// ParseSpan reads two days as 2026-01-31. ErrInvalid names the field.
func ParseSpan(from, to string) (Span, error) {
	a, err := model.ParseDay(from)
	if err != nil {
		return Span{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "日期有误").Field("from", "应为 2026-01-31 的写法")
	}
	b, err := model.ParseDay(to)
	if err != nil {
		return Span{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "日期有误").Field("to", "应为 2026-01-31 的写法")
	}
	if a.Year() < 2011 || b.Year() > 2200 {
		return Span{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "日期有误").Field("from", "超出可统计的年份")
	}
	if b.Before(a) {
		return Span{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "日期有误").Field("to", "不能早于开始日期")
	}
	if b.Sub(a) > mostDays*24*time.Hour {
		return Span{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "日期有误").Field("to", "范围最多三年")
	}
	return span(a, b), nil
}

// span makes the range from the day of a to the day of b.
func span(a, b time.Time) Span {
	s := Span{First: model.DayNumber(a), Last: model.DayNumber(b)}
	s.From, s.To = model.DayStart(s.First), model.DayStart(s.Last).AddDate(0, 0, 1)
	return s
}

// Before is the range of the same length directly before s.
func (s Span) Before() Span {
	n := int(s.To.Sub(s.From).Hours()/24 + 0.5)
	return span(s.From.AddDate(0, 0, -n), s.From.AddDate(0, 0, -1))
}

// Days lists the day numbers of s.
func (s Span) Days() []int {
	var out []int
	for d := s.From; d.Before(s.To); d = d.AddDate(0, 0, 1) {
		out = append(out, model.DayNumber(d))
	}
	return out
}

// days is the number of the day so many days after day n.
func addDays(n, days int) int { return model.DayNumber(model.DayStart(n).AddDate(0, 0, days)) }

// State says whether a figure may still move.
type State string

// The four states.
const (
	Final    State = "final"
	Running  State = "running"  // the range is not over
	Maturing State = "maturing" // a window is still open for some of its people
	Missing  State = "missing"  // WeChat has not told, or nobody asked
)

// state of a figure of s whose windows stay open so long after it.
func (s Span) state(now time.Time, window time.Duration) State {
	switch {
	case now.Before(s.To):
		return Running
	case now.Before(s.To.Add(window)):
		return Maturing
	}
	return Final
}

// Figure is one number with what it means. Value is nil when it is undefined (division by zero) or missing;
// a rate's value is an unrounded fraction.
type Figure struct {
	Value       *float64  `json:"value"`
	Numerator   *int64    `json:"numerator,omitempty"`
	Denominator *int64    `json:"denominator,omitempty"`
	State       State     `json:"state" enum:"final,running,maturing,missing"`
	AsOf        time.Time `json:"as_of"`
	Rule        string    `json:"rule" doc:"what is counted, in Chinese"`
}

// board collects figures of one range.
type board struct {
	span    Span
	now     time.Time
	figures map[string]Figure
}

func newBoard(s Span, now time.Time) *board {
	return &board{span: s, now: model.Milli(now), figures: map[string]Figure{}}
}

func (b *board) count(name string, n int64, rule string) {
	v := float64(n)
	b.figures[name] = Figure{Value: &v, State: b.span.state(b.now, 0), AsOf: b.now, Rule: rule}
}

// rate sets a quotient; window is how long after the range it may still move.
func (b *board) rate(name string, num, den int64, window time.Duration, rule string) {
	f := Figure{Numerator: &num, Denominator: &den, State: b.span.state(b.now, window), AsOf: b.now, Rule: rule}
	if den != 0 {
		v := float64(num) / float64(den)
		f.Value = &v
	}
	b.figures[name] = f
}

func (b *board) missing(rule string, names ...string) {
	for _, name := range names {
		b.figures[name] = Figure{State: Missing, AsOf: b.now, Rule: rule}
	}
}
