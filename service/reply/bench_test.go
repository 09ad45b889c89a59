package reply

import (
	"fmt"
	"testing"

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
		if i%50 == 0 && i < 1000 {
			r.Keywords = append(r.Keywords, regex(fmt.Sprintf(`^[a-z]{%d}$`, 5+i%9)))
		}
		rules = append(rules, r)
	}
	return append(rules, named(int64(n+1), model.RuleDefault, func(*model.Rule) {}))
}

var sentences = []string{"请问老师，第999节课程什么时候更新？我已经等了很久了", "你好", "我要退款，订单77", "课程怎么买", "资料 5", "谢谢老师！今天的内容很有用，第 2 课更新了吗"}

// BenchmarkRules answers sentences from 100 and from 10 000 rules, a half of them regexes; `ratio` is what the
// hundredfold costs.
func BenchmarkRules(b *testing.B) {
	books := map[int]*book{}
	for _, n := range []int{100, 1000, 10_000} {
		book, err := compile(1, mixed(n))
		if err != nil {
			b.Fatal(err)
		}
		books[n] = book
	}
	took := map[int]float64{}
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if f := books[n].choose(says(sentences[i%len(sentences)]), noon, freely); f.rule < 0 {
					b.Fatal("nobody answers")
				}
				i++
			}
			took[n] = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			b.ReportMetric(took[n]/took[100], "ratio")
		})
	}
}
