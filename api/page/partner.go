// Package page is the door of pages for people outside who have a link of ours: a partner looks at what it brought.
// They are plain pages, without the console's weight and without any script.
package page

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/figure"
	"loudou/service/limit"
	"loudou/service/partner"
)

// Limits of the door: for one address, right links and wrong ones alike, and for one partner, whose numbers are counted
// anew each time.
var (
	perAddress = limit.Rate{N: 30, Per: time.Minute, Burst: 30}
	perPartner = limit.Rate{N: 20, Per: time.Minute, Burst: 20}
)

// Partner is the door of a partner's own numbers.
type Partner struct {
	Partners *partner.Service
	Figures  *figure.Service
	Limits   *limit.Limiter
}

// Mount adds /p/{secret} and the settled months' files below it.
func (d *Partner) Mount(r *gin.Engine, _ huma.API) {
	r.GET("/p/:secret", d.show)
	r.GET("/p/:secret/:file", d.sheet)
}

//go:embed partner.html partner.css certificate.html
var files embed.FS

var (
	pages = template.Must(template.New("partner.html").Funcs(template.FuncMap{
		"yuan":  func(n int64) string { return "¥" + model.Fen(n).Yuan() },
		"month": model.MonthName,
		"share": func(bp *int64) string {
			if bp == nil {
				return "不分成"
			}
			return strconv.FormatFloat(float64(*bp)/100, 'f', -1, 64) + "%"
		},
		"time": func(t time.Time) string { return t.In(model.Shanghai).Format("2006-01-02 15:04") },
	}).ParseFS(files, "partner.html"))
	style  = must(files.ReadFile("partner.css"))
	policy = func() string {
		sum := sha256.Sum256(style)
		return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	}()
)

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// private keeps the page out of search engines, caches, frames, and its address out of other sites' logs.
func private(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", policy)
}

// view is what a partner sees: its own numbers, and nobody's name but its own.
type view struct {
	Style    template.CSS
	Fault    string
	Partner  string
	Share    *int64
	Ranges   []choice
	From, To string
	Tiles    []tile
	Days     []figure.SceneDay
	Months   []monthLine
	Rule     string
	AsOf     time.Time
}

type (
	choice struct {
		Key, Label string
		Here       bool
	}
	tile struct{ Label, Value, Note string }
	// monthLine is a settled month and the address of its file, below the page's own.
	monthLine struct {
		model.PartnerSettlement
		File string
	}
)

// enter lets the caller in, or answers: 429 above the limits, 404 for a link that never was or is withdrawn.
func (d *Partner) enter(c *gin.Context) (model.Partner, bool) {
	private(c.Writer.Header())
	ctx := c.Request.Context()
	if wait, ok := d.Limits.Allow(ctx, "partner:address:"+network(c.ClientIP()), perAddress); !ok {
		d.tooMany(c, wait)
		return model.Partner{}, false
	}
	p, err := d.Partners.Open(ctx, c.Param("secret"))
	if err != nil {
		d.fail(c, err)
		return p, false
	}
	if wait, ok := d.Limits.Allow(ctx, "partner:"+strconv.FormatInt(p.ID, 10), perPartner); !ok {
		d.tooMany(c, wait)
		return p, false
	}
	return p, true
}

// network is the address a limit counts: of IPv6 the half that a household has to itself.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil || a.Is4() {
		return ip
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return p.String()
}

func (d *Partner) tooMany(c *gin.Context, wait time.Duration) {
	retryAfter(c, wait)
	d.render(c, http.StatusTooManyRequests, view{Fault: "打开得太频繁，请过一分钟再看"})
}

func (d *Partner) fail(c *gin.Context, err error) {
	if errors.Is(err, model.ErrNotFound) {
		d.render(c, http.StatusNotFound, view{Fault: "这个链接没有内容或已经停用，请向给你链接的人要新的"})
		return
	}
	slog.Error("partner's page", "err", err, "request_id", respond.RequestID(c.Request.Context()))
	d.render(c, http.StatusServiceUnavailable, view{Fault: "暂时打不开，请稍后再试"})
}

func (d *Partner) render(c *gin.Context, status int, v view) {
	v.Style = template.CSS(style) //nolint:gosec // our own file
	send(c, "partner's page", pages, status, v)
}

// span is the range a key stands for, and the choice of keys.
func span(key string, now time.Time) (from, to string, all []choice) {
	month := model.MonthStart(model.MonthNumber(now))
	all = []choice{{Key: "30", Label: "近 30 天"}, {Key: "month", Label: "本月"}, {Key: "last", Label: "上月"}}
	for i := range all {
		all[i].Here = all[i].Key == key
	}
	switch key {
	case "month":
		return model.Day(month), model.Day(now), all
	case "last":
		return model.Day(month.AddDate(0, -1, 0)), model.Day(month.AddDate(0, 0, -1)), all
	}
	all[0].Here = true
	return model.Day(now.AddDate(0, 0, -29)), model.Day(now), all
}

func (d *Partner) show(c *gin.Context) {
	p, ok := d.enter(c)
	if !ok {
		return
	}
	v := view{Partner: p.Name, Share: p.ShareBP, Rule: figure.PartnerRule}
	v.From, v.To, v.Ranges = span(c.Query("range"), d.Partners.Now())
	if err := d.fill(c.Request.Context(), p, c.Param("secret"), &v); err != nil {
		d.fail(c, err)
		return
	}
	d.render(c, http.StatusOK, v)
}

func (d *Partner) fill(ctx context.Context, p model.Partner, secret string, v *view) error {
	sp, err := figure.ParseSpan(v.From, v.To)
	if err != nil {
		return err
	}
	lines, err := d.Figures.Partners(ctx, p.AppID, []int64{p.ID}, sp)
	if err != nil {
		return err
	}
	t := lines[0].Total
	v.AsOf, v.Tiles = lines[0].AsOf, tiles(t)
	for _, day := range lines[0].Days {
		if day.Scans+day.Clicks+day.NewFollows+day.CourseViews+day.Orders != 0 || day.Net != 0 {
			v.Days = append(v.Days, day)
		}
	}
	months, err := d.Partners.Settlements(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, m := range months {
		v.Months = append(v.Months, monthLine{m, secret + "/" + model.MonthName(m.Month) + ".csv"})
	}
	return nil
}

func tiles(t figure.SceneDay) []tile {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	out := []tile{{"扫码", n(t.Scans), "次"}, {"链接点击", n(t.Clicks), "次"}, {"来了", n(t.Scanners), "人扫过码或点过链接"}, {"新关注", n(t.NewFollows), "人"}}
	if t.Returned > 0 {
		out[3].Note = "人，另有回流 " + n(t.Returned) + " 人"
	}
	for _, s := range t.Stayed {
		if s.Days == 1 {
			continue
		}
		x := tile{Label: fmt.Sprintf("%d 天后还在", s.Days), Value: "–", Note: "观察期未满"}
		if s.People != nil && (s.Of > 0 || s.State == figure.Final) {
			x.Value, x.Note = n(*s.People), "人，"+n(s.Of)+" 人里"
			if s.State == figure.Maturing {
				x.Note += "；其余观察期未满"
			}
		}
		out = append(out, x)
	}
	net := tile{"净收入", "¥" + model.Fen(t.Net).Yuan(), "已减退款"}
	if t.Refunded > 0 {
		net.Note = "收款 ¥" + model.Fen(t.Gross).Yuan() + "，退款 ¥" + model.Fen(t.Refunded).Yuan()
	}
	return append(out, tile{"课程浏览", n(t.CourseViews), "次"}, tile{"订单", n(t.Orders), "笔"}, net)
}

// sheet sends a settled month as CSV: sums only, no order and no person.
func (d *Partner) sheet(c *gin.Context) {
	p, ok := d.enter(c)
	if !ok {
		return
	}
	name, csvFile := strings.CutSuffix(c.Param("file"), ".csv")
	at, err := time.ParseInLocation("2006-01", name, model.Shanghai)
	if err != nil || !csvFile {
		d.fail(c, model.ErrNotFound)
		return
	}
	s, _, err := d.Partners.Settlement(c.Request.Context(), p.ID, model.MonthNumber(at))
	if err != nil {
		d.fail(c, err)
		return
	}
	rows, err := sheetRows(p, s)
	if err != nil {
		d.fail(c, err)
		return
	}
	respond.CSV(c, "settlement-"+name+".csv", rows)
}

func sheetRows(p model.Partner, s model.PartnerSettlement) ([][]string, error) {
	var f model.PartnerFigures
	if err := json.Unmarshal(s.Figures, &f); err != nil {
		return nil, fmt.Errorf("settlement %d: %w", s.ID, err)
	}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	stayed := func(v *int64, of int64) string {
		if v == nil {
			return "结算时观察期未满"
		}
		return n(*v) + "（" + n(of) + " 人里）"
	}
	yuan := func(v int64) string { return model.Fen(v).Yuan() }
	share, pay := "不分成", "–"
	if s.ShareBP != nil {
		share = strconv.FormatFloat(float64(*s.ShareBP)/100, 'f', -1, 64) + "%"
	}
	if s.Payable != nil {
		pay = yuan(*s.Payable)
	}
	return [][]string{
		{"项目", "数值"}, {"合作方", respond.Cell(p.Name)}, {"月份", model.MonthName(s.Month)}, {"结算时间", s.SettledAt.In(model.Shanghai).Format(time.DateTime)},
		{"扫码次数", n(f.Scans)}, {"链接点击", n(f.Clicks)}, {"来的人", n(f.People)}, {"新关注", n(f.NewFollows)}, {"7 天后还在", stayed(f.Stayed7, f.Stayed7Of)}, {"30 天后还在", stayed(f.Stayed30, f.Stayed30Of)}, {"课程浏览", n(f.CourseViews)},
		{"订单", n(s.Orders)}, {"收款（元）", yuan(s.Gross)}, {"当月退款（元）", yuan(s.Refunded)}, {"对以前月份的更正（元）", yuan(s.Correction)}, {"净收入（元）", yuan(s.Net())}, {"分成比例", share}, {"应付（元）", pay},
	}, nil
}
