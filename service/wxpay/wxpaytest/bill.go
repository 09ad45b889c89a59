package wxpaytest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"time"
)

type bill struct {
	data []byte
	gzip bool
	ends time.Time
}

// BillFaults are ways in which bills go wrong until changed. Numbers are out_trade_no or out_refund_no.
type BillFaults struct {
	NotReady  bool             `json:"not_ready"`  // STATEMENT_CREATING, however late it is
	WrongHash bool             `json:"wrong_hash"` // the signed hash is not the file's
	Cut       bool             `json:"cut"`        // the download ends early
	Mark      bool             `json:"mark"`       // a byte order mark in front
	Commas    bool             `json:"commas"`     // 1,234.56
	Drop      []string         `json:"drop"`       // rows that are not there
	Amount    map[string]int64 `json:"amount"`     // rows with another amount, in fen
	Fee       map[string]int64 `json:"fee"`        // rows with another fee, in fen
	Strange   int64            `json:"strange"`    // one more payment of so many fen that nobody here knows
}

// SetBillFaults changes how bills go wrong from now on.
func (f *Fake) SetBillFaults(x BillFaults) { f.mu.Lock(); f.billFaults = x; f.mu.Unlock() }

const billHead = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"

func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}

// fee is 0.6 %, rounded to the fen.
func fee(total int64) int64 { return (total*6 + 500) / 1000 }

// tradeBill is made for yesterday and before, after ten in the morning of the next day.
func (f *Fake) tradeBill(w http.ResponseWriter, r *http.Request, _ []byte) {
	q := r.URL.Query()
	day, err := time.ParseInLocation("2006-01-02", q.Get("bill_date"), shanghai)
	kind := q.Get("bill_type")
	if kind == "" {
		kind = "ALL"
	}
	now := f.opt.Now()
	next := day.AddDate(0, 0, 1)
	switch {
	case err != nil, kind != "ALL" && kind != "SUCCESS" && kind != "REFUND", q.Get("tar_type") != "" && q.Get("tar_type") != "GZIP", !now.After(next), now.Sub(day) > 93*24*time.Hour:
		refuse(w, 400, "PARAM_ERROR", "账单日期或类型不正确")
		return
	case now.Before(next.Add(10 * time.Hour)), f.faults().NotReady:
		refuse(w, 400, "STATEMENT_CREATING", "账单生成中，请稍后再试")
		return
	}
	data, rows := f.Bill(day, kind)
	if rows == 0 {
		refuse(w, 400, "NO_STATEMENT_EXIST", "账单不存在")
		return
	}
	sum := sha1.Sum(data)
	if f.faults().WrongHash {
		sum[0]++
	}
	if f.faults().Cut {
		data = data[:len(data)/2]
	}
	b := bill{data: data, gzip: q.Get("tar_type") == "GZIP", ends: time.Now().Add(5 * time.Minute)}
	token := strings.ReplaceAll(uuid(), "-", "")
	f.mu.Lock()
	for t, old := range f.bills {
		if time.Now().After(old.ends) {
			delete(f.bills, t)
		}
	}
	f.bills[token] = b
	f.mu.Unlock()
	f.reply(w, r, 200, map[string]string{"hash_type": "SHA1", "hash_value": hex.EncodeToString(sum[:]), "download_url": "https://api.mch.weixin.qq.com/v3/billdownload/file?token=" + token})
}

// download answers unsigned: the hash of tradeBill is the proof.
func (f *Fake) download(w http.ResponseWriter, r *http.Request, _ []byte) {
	f.mu.Lock()
	b, found := f.bills[r.URL.Query().Get("token")]
	f.mu.Unlock()
	if !found || time.Now().After(b.ends) {
		refuse(w, 400, "PARAM_ERROR", "下载地址已失效")
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if !b.gzip {
		_, _ = w.Write(b.data)
		return
	}
	z := gzip.NewWriter(w)
	_, _ = z.Write(b.data)
	_ = z.Close()
}

// Move gives a payment another moment in WeChat's books: what we were told at midnight stands in another bill.
func (f *Fake) Move(outTradeNo string, at time.Time) {
	f.mu.Lock()
	if o := f.s.Orders[outTradeNo]; o != nil {
		o.PaidAt = at
	}
	f.mu.Unlock()
}

func (f *Fake) faults() BillFaults { f.mu.Lock(); defer f.mu.Unlock(); return f.billFaults }

type billRow struct {
	at    time.Time
	no    string
	cells []string
}

// Bill is the trade bill of a Shanghai day and how many rows it has. A refund stands on the day it was asked for,
// with the state it has when the bill is made.
func (f *Fake) Bill(day time.Time, kind string) ([]byte, int) {
	y, m, d := day.In(shanghai).Date()
	from := time.Date(y, m, d, 0, 0, 0, 0, shanghai)
	to := from.AddDate(0, 0, 1)
	in := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	var rows []billRow
	var settled, refunded, fees int64
	mch := f.opt.Keys.MchID
	f.mu.Lock()
	x := f.billFaults
	yuan := yuan
	if x.Commas {
		yuan = func(fen int64) string {
			s := fmt.Sprintf("%d.%02d", fen/100, fen%100)
			for i := len(s) - 6; i > 0; i -= 3 {
				s = s[:i] + "," + s[i:]
			}
			return s
		}
	}
	add := func(r billRow, paid, back, c int64) {
		for _, no := range x.Drop {
			if no == r.no || strings.HasSuffix(r.no, no) {
				return
			}
		}
		rows = append(rows, r)
		settled, refunded, fees = settled+paid, refunded+back, fees+c
	}
	pay := func(o *Order) {
		total, c := o.Total, fee(o.Total)
		if n, ok := x.Amount[o.OutTradeNo]; ok {
			total, c = n, fee(n)
		}
		if n, ok := x.Fee[o.OutTradeNo]; ok {
			c = n
		}
		add(billRow{o.PaidAt, o.OutTradeNo, []string{o.PaidAt.In(shanghai).Format(time.DateTime), o.AppID, mch, "0", "", o.TransactionID, o.OutTradeNo, o.Payer, "JSAPI", "SUCCESS", "OTHERS", "CNY",
			yuan(total), yuan(o.Total - o.PayerTotal), "0", "0", "0.00", "0.00", "", "", o.Description, o.Attach, five(c), "0.60%", yuan(total), "0.00", ""}}, total, 0, c)
	}
	for _, o := range f.s.Orders {
		if kind != "REFUND" && o.TransactionID != "" && in(o.PaidAt) {
			pay(o)
		}
	}
	if x.Strange > 0 && kind != "REFUND" {
		app := "wx"
		for _, o := range f.s.Orders {
			app = o.AppID
		}
		pay(&Order{AppID: app, OutTradeNo: "STRANGE" + from.Format("20060102"), TransactionID: "4200" + from.Format("20060102") + "0000000000000000", Payer: "oNobody", Description: "别处的订单, `一笔", Total: x.Strange, PayerTotal: x.Strange, PaidAt: from.Add(12 * time.Hour)})
	}
	for _, r := range f.s.Refunds {
		o := f.s.Orders[r.OutTradeNo]
		if kind == "SUCCESS" || o == nil || !in(r.CreatedAt) || r.Status == "CLOSED" {
			continue
		}
		amount, c := r.Amount, fee(r.Amount)
		if n, ok := x.Amount[r.OutRefundNo]; ok {
			amount, c = n, fee(n)
		}
		status := r.Status
		if status == "ABNORMAL" {
			status = "CHANGE"
		}
		add(billRow{r.CreatedAt, r.OutTradeNo + r.OutRefundNo, []string{r.CreatedAt.In(shanghai).Format(time.DateTime), o.AppID, mch, "0", "", o.TransactionID, o.OutTradeNo, o.Payer, "JSAPI", "REFUND", "OTHERS", "CNY",
			"0.00", "0.00", r.RefundID, r.OutRefundNo, yuan(amount), "0.00", "ORIGINAL", status, o.Description, o.Attach, five(-c), "0.60%", "0.00", yuan(amount), ""}}, 0, amount, -c)
	}
	f.mu.Unlock()
	sort.Slice(rows, func(i, j int) bool {
		if rows[i].at.Equal(rows[j].at) {
			return rows[i].no < rows[j].no
		}
		return rows[i].at.Before(rows[j].at)
	})
	var b bytes.Buffer
	if x.Mark {
		b.WriteString("\uFEFF")
	}
	b.WriteString(billHead + "\r\n")
	for _, r := range rows {
		b.WriteString("`" + strings.Join(r.cells, ",`") + "\r\n")
	}
	b.WriteString("总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n")
	fmt.Fprintf(&b, "`%d,`%s,`%s,`0.00,`%s,`%s,`%s\r\n", len(rows), yuan(settled), yuan(refunded), five(fees), yuan(settled), yuan(refunded))
	return b.Bytes(), len(rows)
}

// five writes fen as the bill writes fees: yuan with five decimals.
func five(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d000", sign, fen/100, fen%100)
}
