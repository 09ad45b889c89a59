package reply

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"loudou/model"
)

// mixed are n rules as an account may have them: words, exact words and regexes, a tenth of each rule's own.
func mixed(n int) []model.Rule {
	var rules []model.Rule
	for i := range n {
		r := rule(int64(i+1), i%7)
		switch i % 4 {
		case 0:
			r.Keywords = []model.Keyword{contains(fmt.Sprintf("第%d节课程", i))}
		case 1:
			r.Keywords = []model.Keyword{exact(fmt.Sprint("资料", i))}
		case 2:
			r.Keywords = []model.Keyword{regex(fmt.Sprintf(`第\s*%d\s*(课|节).*(更新|上线)`, i))}
		case 3:
			r.Keywords = []model.Keyword{regex(fmt.Sprintf(`(退款|退费).*订单%d`, i))}
		}
		if i%10 == 0 && i < 100 { // these need no word and are tried on every sentence; their number has a limit of its own
			r.Keywords = append(r.Keywords, regex(fmt.Sprintf(`^[a-z]{%d}$`, 5+i%9)))
		}
		rules = append(rules, r)
	}
	return append(rules, named(int64(n+1), model.RuleDefault, func(*model.Rule) {}))
}

// sentences meet the same rules in every book.
var sentences = []string{"请问老师，第48节课程什么时候更新？我已经等了很久了", "你好", "我要退款，订单75", "课程怎么买", "资料5", "谢谢老师！今天的内容很有用，第 50 课更新了吗"}

// BenchmarkRules answers sentences from 100 and from 10 000 rules, a half of them regexes, in turns on the same
// machine: the medians, and `ratio`, the median of what the hundredfold costs.
func BenchmarkRules(b *testing.B) {
	few, many := bookOf(b, 100), bookOf(b, 10_000)
	const turns, times = 31, 3000
	answer := func(book *book) float64 {
		start := time.Now()
		for i := range times {
			if f := book.choose(says(sentences[i%len(sentences)]), noon, freely); f.rule < 0 {
				b.Fatal("nobody answers")
			}
		}
		return float64(time.Since(start).Nanoseconds()) / times
	}
	for b.Loop() {
		var x, y, ratio []float64
		for range turns {
			x, y = append(x, answer(few)), append(y, answer(many))
			ratio = append(ratio, y[len(y)-1]/x[len(x)-1])
		}
		middle := func(v []float64) float64 { slices.Sort(v); return v[len(v)/2] }
		b.ReportMetric(middle(x), "ns-of-100")
		b.ReportMetric(middle(y), "ns-of-10000")
		b.ReportMetric(middle(ratio), "ratio")
	}
}

func bookOf(b *testing.B, n int) *book {
	b.Helper()
	book, err := compile(1, mixed(n))
	if err != nil {
		b.Fatal(err)
	}
	return book
}
