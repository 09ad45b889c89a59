package xpay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"loudou/model"
	"loudou/service/store/billfile"
)

const (
	billPath = "/xpay/download_bill"
	notReady = "268490011"
)

// files fetches bills: plain files behind an address that is good for half an hour, without any of our keys.
var files = &http.Client{
	Timeout:       10 * time.Minute,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Bill hands each row of the bill of a Shanghai day (2026-01-31) to row. The first question makes WeChat write the
// file, so it is asked for a few times. No hash is stated; the whole file lies on disk before a row is told of.
// Columns are found by their names, and a file without them is ErrInvalid: nothing is concluded from it. Errors:
// ErrNotFound when there is nothing in it, ErrUnavailable while it is not made. Source: download_bill.
func (c *Client) Bill(ctx context.Context, day string, row func(model.BillRow) error) (model.BillSum, error) {
	at, err := c.billURL(ctx, day)
	if err != nil {
		return model.BillSum{}, err
	}
	file, err := fetch(ctx, at)
	if err != nil {
		return model.BillSum{}, err
	}
	defer file.Drop()
	sum, err := model.ReadBill(file, model.ViaXPay, func(r model.BillRow) error {
		if r.AppID == "" {
			r.AppID = c.o.AppID
		}
		return row(r)
	})
	if err == nil && sum.Rows == 0 {
		return sum, &model.CallError{Call: billPath, Said: "no row", Kind: model.ErrNotFound, Text: "这一天没有交易"}
	}
	return sum, err
}

func (c *Client) billURL(ctx context.Context, day string) (string, error) {
	t, err := model.ParseDay(day)
	if err != nil {
		return "", err
	}
	in := struct {
		Begin int `json:"begin_ds"`
		End   int `json:"end_ds"`
	}{model.DayNumber(t), model.DayNumber(t)}
	for try := 0; ; try++ {
		var out struct {
			URL string `json:"url"`
		}
		_, err := c.call(ctx, "download_bill", in, &out)
		if err == nil && out.URL != "" {
			return out.URL, nil
		}
		if err != nil && model.CallCode(err) != notReady {
			return "", err
		}
		if try == 3 {
			return "", &model.CallError{Call: billPath, Code: notReady, Said: "not ready", Kind: model.ErrUnavailable, Text: "微信还在生成这一天的账单"}
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Duration(try+1) * 300 * time.Millisecond):
		}
	}
}

// fetch brings the unpacked file from its beginning.
func fetch(ctx context.Context, at string) (*billfile.File, error) {
	u, err := url.Parse(at)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, distrust("账单下载地址不对")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, distrust("账单下载地址不对")
	}
	res, err := files.Do(req)
	if err != nil {
		return nil, lost(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, lost(fmt.Errorf("status %d", res.StatusCode))
	}
	file, err := billfile.New()
	if err != nil {
		return nil, err
	}
	err = file.Fill(res.Body)
	switch {
	case errors.Is(err, billfile.ErrTooLarge):
		err = distrust("账单大得不合理")
	case err != nil:
		err = lost(err)
	default:
		if err = file.Rewind(); err == nil {
			return file, nil
		}
	}
	file.Drop()
	return nil, err
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// lost is a file that did not come. The address is a key to the file and is not repeated.
func lost(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &model.CallError{Call: billPath, Said: strings.Join(strings.Fields(err.Error()), " "), Kind: model.ErrUnavailable, Text: "账单没有下载成功，请稍后再试"}
}

func distrust(text string) error {
	return &model.CallError{Call: billPath, Said: "the bill cannot be believed", Kind: model.ErrInvalid, Text: text}
}
