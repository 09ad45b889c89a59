package xpaytest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sort"
	"time"

	"loudou/service/wechat/wechattest"
)

// BillFaults are ways in which bills go wrong until changed. Numbers are outTradeNo or refund_order_id.
type BillFaults struct {
	NotReady bool             `json:"not_ready"`
	Columns  bool             `json:"columns"` // the header has other names
	Drop     []string         `json:"drop"`
	Amount   map[string]int64 `json:"amount"`
}

// SetBillFaults changes how bills go wrong from now on.
func (f *Fake) SetBillFaults(x BillFaults) { f.mu.Lock(); f.billFaults = x; f.mu.Unlock() }

// downloadBill answers without an address the first time a range is asked for, as the real one does. Its request
// names no environment: the key it was signed with does.
func (f *Fake) downloadBill(w http.ResponseWriter, r *http.Request) {
	appid, code := f.opt.WeChat.Authorised(r)
	if code != 0 || appid != f.opt.WeChat.Mini().AppID {
		answer(w, map[string]any{"errcode": max(code, 40001), "errmsg": "invalid credential"})
		return
	}
	body, _ := io.ReadAll(r.Body)
	env := -1
	for e := range 2 {
		if r.URL.Query().Get("pay_sig") == wechattest.HMAC(f.key(e), "/xpay/download_bill&"+string(body)) {
			env = e
		}
	}
	if env < 0 {
		refuse(w, 268490003)
		return
	}
	var in struct {
		Begin int `json:"begin_ds"`
		End   int `json:"end_ds"`
	}
	_ = json.Unmarshal(body, &in)
	from, err := time.ParseInLocation("20060102", fmt.Sprint(in.Begin), shanghai)
	to, err2 := time.ParseInLocation("20060102", fmt.Sprint(in.End), shanghai)
	if err != nil || err2 != nil || to.Before(from) || f.opt.Now().Before(to.AddDate(0, 0, 1)) {
		refuse(w, 268490002)
		return
	}
	name := fmt.Sprintf("%d-%d-%d", env, in.Begin, in.End)
	f.mu.Lock()
	ready := f.asked[name] && !f.billFaults.NotReady
	f.asked[name] = true
	f.mu.Unlock()
	if f.opt.Now().Before(to.AddDate(0, 0, 1).Add(10 * time.Hour)) {
		refuse(w, 268490011)
		return
	}
	if !ready {
		answer(w, map[string]any{"url": ""})
		return
	}
	answer(w, map[string]any{"url": "http://" + r.Host + "/xpay/bill_file/" + name})
}

func (f *Fake) billFile(w http.ResponseWriter, r *http.Request) {
	var env, begin, end int
	if n, _ := fmt.Sscanf(r.PathValue("name"), "%d-%d-%d", &env, &begin, &end); n != 3 {
		http.NotFound(w, r)
		return
	}
	from, _ := time.ParseInLocation("20060102", fmt.Sprint(begin), shanghai)
	to, _ := time.ParseInLocation("20060102", fmt.Sprint(end), shanghai)
	w.Header().Set("Content-Type", "text/csv")
	_, _ = w.Write(f.Bill(env, from, to.AddDate(0, 0, 1)))
}

var shanghai = time.FixedZone("+08:00", 8*3600)

var billHead = []string{"交易时间", "小程序ID", "平台订单号", "微信支付单号", "商户订单号", "用户OpenID", "道具ID", "支付渠道", "交易类型", "订单金额", "平台退款单号", "商户退款单号", "退款金额", "退款状态", "手续费", "费率"}

// Bill is the bill from..to: one line per payment and per refund. WeChat's page names no columns; these are ours.
func (f *Fake) Bill(env int, from, to time.Time) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	in := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	x := f.billFaults
	var rows [][]string
	add := func(no string, amount int64, row func(amount, fee int64, rate string) []string, o *Order) {
		for _, d := range x.Drop {
			if d == no {
				return
			}
		}
		if n, ok := x.Amount[no]; ok {
			amount = n
		}
		per, rate := int64(1), "1.00%"
		if o.IOS {
			per, rate = 12, "12.00%"
		}
		rows = append(rows, row(amount, (amount*per+50)/100, rate))
	}
	road := func(o *Order) string {
		if o.IOS {
			return "苹果IAP"
		}
		return "微信支付"
	}
	for _, o := range f.s.Orders {
		if o.Env == env && o.Status >= 2 && in(o.PaidAt) {
			add(o.OutTradeNo, o.Price, func(amount, fee int64, rate string) []string {
				return []string{o.PaidAt.In(shanghai).Format(time.DateTime), f.opt.WeChat.Mini().AppID, o.WxOrderID, o.TransactionID, o.OutTradeNo, o.OpenID, o.ProductID, road(o), "支付", yuan(amount), "", "", "0.00", "", yuan(fee), rate}
			}, o)
		}
	}
	for _, r := range f.s.Refunds {
		o := f.s.Orders[r.OutTradeNo]
		if o != nil && o.Env == env && r.Status != 7 && in(r.AskedAt) {
			status := "PROCESSING"
			if r.Status == 8 {
				status = "SUCCESS"
			}
			add(r.ID, r.Fee, func(amount, fee int64, rate string) []string {
				return []string{r.AskedAt.In(shanghai).Format(time.DateTime), f.opt.WeChat.Mini().AppID, o.WxOrderID, o.TransactionID, o.OutTradeNo, o.OpenID, o.ProductID, road(o), "退款", "0.00", r.WxID, r.ID, yuan(amount), status, yuan(-fee), rate}
			}, o)
		}
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i][0]+rows[i][4]+rows[i][11] < rows[j][0]+rows[j][4]+rows[j][11] })
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	head := billHead
	if x.Columns {
		head = []string{"日期", "笔数", "金额"}
	}
	_ = w.Write(head)
	_ = w.WriteAll(rows)
	return b.Bytes()
}

func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}
