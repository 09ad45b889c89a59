package model

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

const billHead = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"

const billPaid = "`2026-03-01 10:11:12,`wx1,`1900000109,`0,`,`4200000001,`A0000001,`oPayer,`JSAPI,`SUCCESS,`OTHERS,`CNY,`1,199.00,`0.00,`0,`0,`0.00,`0.00,`,`,`课程,《漏斗》,`第一期,`attach,`7.19400,`0.60%,`1,199.00,`0.00,`"

const billBack = "`2026-03-01 11:11:12,`wx1,`1900000109,`0,`,`4200000001,`A0000001,`oPayer,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5030,`RA0000001,`199.00,`0.00,`ORIGINAL,`SUCCESS,`课程,`,`-1.19400,`0.60%,`0.00,`199.00,`"

const billSums = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n`2,`1,199.00,`199.00,`0.00,`6.00000,`1,199.00,`199.00\r\n"

func readBill(text string) ([]BillRow, BillSum, error) {
	var rows []BillRow
	sum, err := ReadBill(strings.NewReader(text), ViaJSAPI, func(r BillRow) error { rows = append(rows, r); return nil })
	return rows, sum, err
}

func TestReadBill(t *testing.T) {
	whole := "\uFEFF" + billHead + "\r\n" + billPaid + "\r\n" + billBack + "\r\n" + billSums
	rows, sum, err := readBill(whole)
	if err != nil {
		t.Fatal(err)
	}
	p, r := rows[0], rows[1]
	if p.Kind != BillPay || p.Amount != 119900 || p.Fee != 719 || p.Number != "4200000001" || p.OutTradeNo != "A0000001" || p.AppID != "wx1" || p.Rate != "0.60%" || p.Payer != PayerDigest("oPayer") || p.TradedAt.Format("15:04") != "02:11" {
		t.Errorf("payment = %+v", p)
	}
	if r.Kind != BillRefund || r.Amount != 19900 || r.Fee != -119 || r.Number != "RA0000001" || r.Status != "SUCCESS" || r.RefundID != "5030" {
		t.Errorf("refund = %+v", r)
	}
	if sum.Rows != 2 || sum.Paid != 119900 || sum.Refunded != 19900 || sum.Fee != 600 {
		t.Errorf("sum = %+v: parts of a fen count", sum)
	}
	// A column more, in the middle: found by name.
	if _, _, err := readBill(strings.NewReplacer("交易类型,", "新的一列,交易类型,", ",`JSAPI", ",`x,`JSAPI").Replace(whole)); err != nil {
		t.Errorf("one more column: %v", err)
	}
	for name, text := range map[string]string{
		"empty":         "",
		"no header":     billPaid + "\r\n",
		"no sums":       billHead + "\r\n" + billPaid + "\r\n",
		"wrong count":   strings.Replace(whole, "`2,`1,199.00", "`3,`1,199.00", 1),
		"wrong fee":     strings.Replace(whole, "`6.00000", "`6.01000", 1),
		"wrong sum":     strings.Replace(whole, "`6.00000,`1,199.00", "`6.00000,`1,198.00", 1),
		"no time":       strings.Replace(whole, "2026-03-01 10", "2026-03-41 10", 1),
		"no amount":     strings.Replace(whole, "`0.60%,`1,199.00", "`0.60%,`viel", 1),
		"strange state": strings.Replace(whole, "`SUCCESS,`OTHERS", "`REVOKED,`OTHERS", 1),
		"short line":    billHead + "\r\n`2026-03-01 10:11:12,`wx1\r\n" + billSums,
		"long line":     billHead + "\r\n`" + strings.Repeat("x", longestLine+1) + "\r\n",
	} {
		_, _, err := readBill(text)
		var words *Refusal
		if !errors.Is(err, ErrInvalid) || !errors.As(err, &words) || !strings.Contains(words.Text, "账单第") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReadBillFlat reads a bill of 100 000 rows in the memory of a few.
func TestReadBillFlat(t *testing.T) {
	const n = 100_000
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriter(w)
		_, _ = out.WriteString(billHead + "\r\n")
		for range n {
			_, _ = out.WriteString(billPaid + "\r\n")
		}
		_, _ = fmt.Fprintf(out, "总交易单数,手续费总金额\r\n`%d,`%d.00\r\n", n, 719400)
		_ = w.CloseWithError(out.Flush())
	}()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, seen := heap(), uint64(0), 0
	sum, err := ReadBill(r, ViaJSAPI, func(BillRow) error {
		if seen++; seen%20_000 == 0 {
			most = max(most, heap())
		}
		return nil
	})
	if err != nil || sum.Rows != n || sum.Fee != 71940000 {
		t.Fatalf("%+v %v", sum, err)
	}
	if most > before+4<<20 {
		t.Errorf("%d KiB more while reading", (most-before)>>10)
	}
}

func TestYuan(t *testing.T) {
	for s, want := range map[string]Fen{"0": 0, "": 0, "1": 100, "0.1": 10, "1,234,567.89": 123456789, "-0.60000": -60, "0.00499": 0, "0.00500": 1, "-0.00500": -1} {
		if got, err := ParseYuan(s); err != nil || got != want {
			t.Errorf("%q = %d %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{".5", "1.123456", "1e5", "--1", "0x1", "１", "123456789012.00", "NaN"} {
		if got, err := ParseYuan(s); err == nil {
			t.Errorf("%q = %d, want an error", s, got)
		}
	}
}

func TestBillFee(t *testing.T) {
	for _, c := range []struct {
		r    BillRow
		fits bool
	}{
		{BillRow{Kind: BillPay, Amount: 19900, Fee: 119, Rate: "0.60%"}, true},
		{BillRow{Kind: BillPay, Amount: 19900, Fee: 120, Rate: "0.60%"}, false},
		{BillRow{Kind: BillRefund, Amount: 10000, Fee: -60, Rate: "0.6%"}, true},
		{BillRow{Kind: BillRefund, Amount: 10000, Fee: -59, Rate: "0.6%"}, true},
		{BillRow{Kind: BillRefund, Amount: 10000, Fee: 60, Rate: "0.6%"}, false},
		{BillRow{Kind: BillPay, Amount: 19900, Fee: 2388, Rate: "12.00%"}, true},
		{BillRow{Kind: BillPay, Amount: 19900, Fee: 1, Rate: ""}, true},
	} {
		if got := c.r.FeeDiffers(); (got == "") != c.fits {
			t.Errorf("%+v: %q", c.r, got)
		}
	}
}
