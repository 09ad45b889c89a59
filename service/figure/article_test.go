package figure_test

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

// An article's income looks back thirty days whatever its own window is, and is what the attribution by article says of the
// same days; the window bounds the conversion of its clickers alone.
func TestArticleIncomeIsTheAttributions(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		a, b := h.article("文章甲"), h.article("文章乙")
		for who, clicked := range map[string]string{"in the window": "03-28 10:00", "later": "03-10 10:00", "to the second": "03-01 10:00", "too late": "03-01 09:59:59"} {
			h.does(who, model.EventArticleClick, clicked, model.Event{ArticleID: a})
			h.does(who, model.EventPaid, "03-31 10:00", model.Event{Amount: 10000, OutTradeNo: "N" + who})
		}
		h.does("of another since", model.EventArticleClick, "03-20 10:00", model.Event{ArticleID: a})
		h.does("of another since", model.EventArticleClick, "03-25 10:00", model.Event{ArticleID: b})
		h.does("of another since", model.EventPaid, "03-31 11:00", model.Event{Amount: 500, OutTradeNo: "NB"})
		h.does("paid before", model.EventArticleClick, "03-05 10:00", model.Event{ArticleID: a})
		h.does("paid before", model.EventPaid, "03-25 10:00", model.Event{Amount: 700, OutTradeNo: "NP"})
		h.does("paid before", model.EventRefunded, "03-31 12:00", model.Event{Amount: 300, OutTradeNo: "NP"})
		h.does("later", model.EventRefunded, "03-31 12:00", model.Event{Amount: 4000, OutTradeNo: "Nlater"})
		h.settle()
		sp := h.span("03-30", "03-31")
		f, err := h.figures.Article(t.Context(), a, sp)
		if err != nil {
			t.Fatal(err)
		}
		if got := show(f["buyers"]) + ", " + show(f["gross"]) + ", " + show(f["net"]); got != "3 final, 30000 final, 25700 final" {
			t.Errorf("buyers, gross, net: %s", got)
		}
		rows, err := h.figures.Attribution(t.Context(), sp, model.AttributeLast, "article", 30*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Key == fmt.Sprint(a) && (float64(r.Gross) != *f["gross"].Value || float64(r.Net) != *f["net"].Value || r.Orders != 3) {
				t.Errorf("the attribution says %+v", r)
			}
		}
		if len(rows) != 3 {
			t.Errorf("article, other article, too late: %+v", rows)
		}
		if f, err = h.figures.Article(t.Context(), a, h.span("03-01", "03-31")); err != nil || show(f["conversion_clickers"]) != "0.166667 (1/6) final" {
			t.Errorf("of the clickers within the window: %s %v", show(f["conversion_clickers"]), err)
		}
	})
}
