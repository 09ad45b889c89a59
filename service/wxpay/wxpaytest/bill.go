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
	case now.Before(next.Add(10 * time.Hour)):
		refuse(w, 400, "STATEMENT_CREATING", "账单生成中，请稍后再试")
		return
	}
	data, rows := f.Bill(day, kind)
	if rows == 0 {
		refuse(w, 400, "NO_STATEMENT_EXIST", "账单不存在")
		return
	}
	sum := sha1.Sum(data)
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

// Bill is the trade bill of a Shanghai day and how many rows it has.
func (f *Fake) Bill(day time.Time, kind string) ([]byte, int) {
	y, m, d := day.In(shanghai).Date()
	from := time.Date(y, m, d, 0, 0, 0, 0, shanghai)
	to := from.AddDate(0, 0, 1)
	in := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	type row struct {
		at    time.Time
		cells []string
	}
	var rows []row
	var orders, settled, refunded, fees, total, asked int64
	mch := f.opt.Keys.MchID
	f.mu.Lock()
	for _, o := range f.s.Orders {
		if kind != "REFUND" && o.TransactionID != "" && in(o.PaidAt) {
			c := fee(o.Total)
			rows = append(rows, row{o.PaidAt, []string{o.PaidAt.In(shanghai).Format(time.DateTime), o.AppID, mch, "0", "", o.TransactionID, o.OutTradeNo, o.Payer, "JSAPI", "SUCCESS", "OTHERS", "CNY",
				yuan(o.Total), yuan(o.Total - o.PayerTotal), "0", "0", "0.00", "0.00", "", "", o.Description, o.Attach, fmt.Sprintf("%d.%02d000", c/100, c%100), "0.60%", yuan(o.Total), "0.00", ""}})
			orders, settled, fees, total = orders+1, settled+o.Total, fees+c, total+o.Total
		}
	}
	for _, x := range f.s.Refunds {
		o := f.s.Orders[x.OutTradeNo]
		if kind != "SUCCESS" && o != nil && x.Status == "SUCCESS" && in(x.DoneAt) {
			c := fee(x.Amount)
			rows = append(rows, row{x.DoneAt, []string{x.DoneAt.In(shanghai).Format(time.DateTime), o.AppID, mch, "0", "", o.TransactionID, o.OutTradeNo, o.Payer, "JSAPI", "REFUND", "OTHERS", "CNY",
				"0.00", "0.00", x.RefundID, x.OutRefundNo, yuan(x.Amount), "0.00", "ORIGINAL", "SUCCESS", o.Description, o.Attach, fmt.Sprintf("-%d.%02d000", c/100, c%100), "0.60%", "0.00", yuan(x.Amount), ""}})
			orders, refunded, fees, asked = orders+1, refunded+x.Amount, fees-c, asked+x.Amount
		}
	}
	f.mu.Unlock()
	sort.Slice(rows, func(i, j int) bool {
		if rows[i].at.Equal(rows[j].at) {
			return rows[i].cells[6]+rows[i].cells[15] < rows[j].cells[6]+rows[j].cells[15]
		}
		return rows[i].at.Before(rows[j].at)
	})
	var b bytes.Buffer
	b.WriteString(billHead + "\r\n")
	for _, r := range rows {
		b.WriteString("`" + strings.Join(r.cells, ",`") + "\r\n")
	}
	b.WriteString("总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n")
	sign := ""
	if fees < 0 {
		sign, fees = "-", -fees
	}
	fmt.Fprintf(&b, "`%d,`%s,`%s,`0.00,`%s%d.%02d000,`%s,`%s\r\n", orders, yuan(settled), yuan(refunded), sign, fees/100, fees%100, yuan(total), yuan(asked))
	return b.Bytes(), len(rows)
}
