package model

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// ReadBill hands each row of a bill in WeChat's form to row, in the file's order: one header line, one line
// per payment and refund whose cells begin with a backtick (or are plain CSV), then a header and a line of
// sums. Columns are found by name, since the list has grown before. A byte order mark, backticks, commas in
// amounts and in the goods' name, and CR LF are all taken. The sums must fit the rows.
//
// The error is ErrInvalid and says in Chinese what cannot be read, or row's own. It needs the memory of one
// line. Source: 微信支付 交易账单; 虚拟支付 download_bill.
func ReadBill(r io.Reader, via Via, row func(BillRow) error) (BillSum, error) {
	b := billFile{via: via, lines: bufio.NewReaderSize(r, 64<<10)}
	head, err := b.line()
	if err != nil {
		return b.sum, b.fault("没有表头", err)
	}
	if err := b.header(head); err != nil {
		return b.sum, err
	}
	for {
		line, err := b.line()
		if errors.Is(err, io.EOF) {
			b.sum.Fee = b.fen()
			if via == ViaJSAPI {
				return b.sum, b.fault("没有合计行，文件不完整", nil)
			}
			return b.sum, nil
		}
		if err != nil {
			return b.sum, b.fault("读到一半断了", err)
		}
		if strings.HasPrefix(line, "总") {
			b.sum.Fee = b.fen()
			return b.sum, b.totals(line)
		}
		x, err := b.detail(line)
		if err != nil {
			return b.sum, err
		}
		if err := row(x); err != nil {
			return b.sum, err
		}
	}
}

// BillSum is what the rows add up to.
type BillSum struct {
	Rows     int64
	Paid     Fen
	Refunded Fen
	Fee      Fen
	Hash     string // of the file, where WeChat states it
}

type billFile struct {
	via     Via
	lines   *bufio.Reader
	n       int
	names   []string
	columns map[string]int
	sum     BillSum
	fee     int64 // exact, in hundred-thousandths of a yuan
}

func (b *billFile) fen() Fen { return roundFen(b.fee) }

// Column names, by what they mean to us; the first that the file has counts.
var billColumns = []struct {
	key   string
	must  bool
	names []string
}{
	{"at", true, []string{"交易时间"}},
	{"appid", false, []string{"公众账号ID", "小程序ID", "AppID"}},
	{"mchid", false, []string{"商户号"}},
	{"transaction_id", true, []string{"微信订单号", "微信支付单号"}},
	{"out_trade_no", true, []string{"商户订单号"}},
	{"payer", false, []string{"用户标识", "用户OpenID"}},
	{"state", true, []string{"交易状态", "交易类型"}},
	{"currency", false, []string{"货币种类"}},
	{"total", true, []string{"订单金额", "总金额", "应结订单金额"}},
	{"refund_id", false, []string{"微信退款单号", "平台退款单号"}},
	{"out_refund_no", true, []string{"商户退款单号"}},
	{"refund", true, []string{"申请退款金额", "退款金额"}},
	{"refund_status", false, []string{"退款状态"}},
	{"goods", false, []string{"商品名称", "道具名称"}},
	{"fee", true, []string{"手续费"}},
	{"rate", false, []string{"费率"}},
}

const longestLine = 64 << 10

// line gives the next line that is not empty, without its end; io.EOF after the last.
func (b *billFile) line() (string, error) {
	for {
		part, err := b.lines.ReadString('\n')
		if len(part) > longestLine {
			return "", errors.New("line too long")
		}
		if part == "" && err != nil {
			return "", err
		}
		if b.n++; b.n == 1 {
			part = strings.TrimPrefix(part, "\uFEFF")
		}
		if part = strings.TrimRight(part, "\r\n"); part != "" {
			return part, nil
		}
	}
}

func (b *billFile) fault(what string, cause error) error {
	text := fmt.Sprintf("账单第 %d 行：%s", b.n, what)
	if cause != nil && !errors.Is(cause, io.EOF) {
		return fmt.Errorf("%w (%v)", Refuse(ErrInvalid, CodeInvalid, text), cause)
	}
	return Refuse(ErrInvalid, CodeInvalid, text)
}

func (b *billFile) header(line string) error {
	b.names = strings.Split(line, ",")
	at := map[string]int{}
	for i, n := range b.names {
		n = strings.Trim(strings.TrimSpace(n), "`\"")
		if open := strings.IndexAny(n, "(（"); open > 0 { // 订单金额(元)
			n = n[:open]
		}
		if _, had := at[n]; !had {
			at[n] = i
		}
	}
	b.columns = map[string]int{}
	for _, c := range billColumns {
		b.columns[c.key] = -1
		for _, n := range c.names {
			if i, ok := at[n]; ok {
				b.columns[c.key] = i
				break
			}
		}
		if c.must && b.columns[c.key] < 0 {
			return b.fault("缺少「"+c.names[0]+"」一列", nil)
		}
	}
	return nil
}

// cells splits a line. A goods' name may hold the separator: what is too much belongs to it.
func (b *billFile) cells(line string) ([]string, error) {
	if !strings.HasPrefix(line, "`") {
		r := csv.NewReader(strings.NewReader(line))
		r.FieldsPerRecord = -1
		out, err := r.Read()
		if err != nil {
			return nil, b.fault("不是 CSV", err)
		}
		return out, nil
	}
	out := strings.Split(line[1:], ",`")
	if extra, goods := len(out)-len(b.names), b.columns["goods"]; extra > 0 && goods >= 0 {
		whole := strings.Join(out[goods:goods+extra+1], ",`")
		out = append(append(append([]string{}, out[:goods]...), whole), out[goods+extra+1:]...)
	}
	return out, nil
}

func (b *billFile) detail(line string) (BillRow, error) {
	cells, err := b.cells(line)
	if err != nil {
		return BillRow{}, err
	}
	if len(cells) < len(b.names) {
		return BillRow{}, b.fault(fmt.Sprintf("应有 %d 列，实有 %d 列", len(b.names), len(cells)), nil)
	}
	get := func(key string) string {
		if i := b.columns[key]; i >= 0 {
			return strings.TrimSpace(strings.TrimPrefix(cells[i], "`"))
		}
		return ""
	}
	x := BillRow{Via: b.via, AppID: get("appid"), MchID: get("mchid"), TransactionID: get("transaction_id"), OutTradeNo: get("out_trade_no"),
		Payer: PayerDigest(OpenID(get("payer"))), Currency: get("currency"), Rate: get("rate"), Verdict: BillNew}
	if x.TradedAt, err = time.ParseInLocation(time.DateTime, get("at"), Shanghai); err != nil {
		return x, b.fault("交易时间读不懂", nil)
	}
	if x.Currency == "" {
		x.Currency = "CNY"
	}
	money := func(key string) (f Fen) {
		if err == nil {
			if f, err = ParseYuan(get(key)); err != nil {
				err = b.fault("金额读不懂", nil)
			}
		}
		return f
	}
	switch state := get("state"); state {
	case "SUCCESS", "支付":
		x.Kind, x.Amount = BillPay, money("total")
		if x.TransactionID == "" { // Apple's payments have none: our own number stands in, as everywhere
			x.TransactionID = x.OutTradeNo
		}
		x.Number = x.TransactionID
	case "REFUND", "退款":
		x.Kind, x.Amount = BillRefund, money("refund")
		x.RefundID, x.OutRefundNo, x.Status = get("refund_id"), get("out_refund_no"), get("refund_status")
		if x.Number = x.OutRefundNo; x.Number == "" {
			x.Number = x.RefundID
		}
	default:
		return x, b.fault("不认识的交易状态 "+Cut(state, 20), nil)
	}
	if err != nil {
		return x, err
	}
	fee, err := yuan(get("fee"))
	if err != nil {
		return x, b.fault("手续费读不懂", nil)
	}
	x.Fee = roundFen(fee)
	if x.Number == "" || x.OutTradeNo == "" || len(x.Number) > 64 || len(x.OutTradeNo) > 64 || x.Amount < 0 {
		return x, b.fault("单号或金额不对", nil)
	}
	x.TradedAt = x.TradedAt.UTC()
	b.sum.Rows++
	b.fee += fee
	if x.Kind == BillPay {
		b.sum.Paid += x.Amount
	} else {
		b.sum.Refunded += x.Amount
	}
	return x, nil
}

// totals compares WeChat's own sums with those of the rows.
func (b *billFile) totals(head string) error {
	names := strings.Split(head, ",")
	line, err := b.line()
	if err != nil {
		return b.fault("没有合计", err)
	}
	cells := strings.Split(strings.TrimPrefix(line, "`"), ",`")
	if !strings.HasPrefix(line, "`") {
		cells = strings.Split(line, ",")
	}
	for i, n := range names {
		if i >= len(cells) {
			return b.fault("合计行不完整", nil)
		}
		is := int64(0)
		switch strings.Trim(strings.TrimSpace(n), "`") {
		case "总交易单数":
			if strings.ReplaceAll(cells[i], ",", "") != fmt.Sprint(b.sum.Rows) {
				return b.fault(fmt.Sprintf("合计 %s 笔，明细 %d 笔", cells[i], b.sum.Rows), nil)
			}
			continue
		case "订单总金额":
			is = int64(b.sum.Paid) * perFen
		case "申请退款总金额":
			is = int64(b.sum.Refunded) * perFen
		case "手续费总金额":
			is = b.fee
		default:
			continue
		}
		if said, err := yuan(cells[i]); err != nil || said != is {
			return b.fault(n+" "+cells[i]+" 与明细之和 "+roundFen(is).Yuan()+" 不符", nil)
		}
	}
	return nil
}

// ParseYuan reads an amount of a bill to the fen.
func ParseYuan(s string) (Fen, error) {
	n, err := yuan(s)
	return roundFen(n), err
}

const perFen = 1000 // hundred-thousandths of a yuan: fees are stated with five decimals

// yuan reads an amount exactly: commas between thousands, up to five decimals. An empty cell is zero.
func yuan(s string) (int64, error) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ",", "")
	if s == "" {
		return 0, nil
	}
	s, minus := strings.CutPrefix(s, "-")
	whole, part, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 11 || len(part) > 5 || strings.Trim(whole+part, "0123456789") != "" {
		return 0, fmt.Errorf("amount %q: %w", Cut(s, 30), ErrInvalid)
	}
	n := int64(0)
	for _, c := range whole + (part + "00000")[:5] {
		n = n*10 + int64(c-'0')
	}
	if minus {
		n = -n
	}
	return n, nil
}

func roundFen(n int64) Fen {
	if n < 0 {
		return Fen((n - perFen/2) / perFen)
	}
	return Fen((n + perFen/2) / perFen)
}
