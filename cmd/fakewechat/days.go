package main

import (
	"net/http"
	"time"

	"loudou/service/wechat/wechattest"
	"loudou/service/wxpay/wxpaytest"
	"loudou/service/xpay/xpaytest"
)

// badDays are the switches of the panel; each stays until it is turned off.
type badDays struct {
	Push   wechattest.BadDays `json:"push"` // message pushes
	Notice struct {           // payment and refund notices, of WeChat Pay and of virtual payment
		Times       int  `json:"times"`
		DelaySecond int  `json:"delay_seconds"`
		Never       bool `json:"never"`
		WrongAmount bool `json:"wrong_amount"`
		Forged      bool `json:"forged"`
		Probe       bool `json:"probe"`
	} `json:"notice"`
	API struct { // api.weixin.qq.com
		Down        bool `json:"down"`
		SlowSeconds int  `json:"slow_seconds"`
		ErrCode     int  `json:"errcode"`
	} `json:"api"`
	PayAPI struct { // api.mch.weixin.qq.com
		Down        bool   `json:"down"`
		SlowSeconds int    `json:"slow_seconds"`
		Code        string `json:"code"`
	} `json:"pay_api"`
	Refund string `json:"refund"` // how refunds end: SUCCESS (or empty), ABNORMAL, CLOSED, PROCESSING
}

// business are the calls that an errcode of the panel spoils: the token calls have errors of their own.
var business = []string{"/cgi-bin/message/", "/cgi-bin/menu/", "/cgi-bin/user/", "/cgi-bin/tags/", "/cgi-bin/media/", "/cgi-bin/material/", "/cgi-bin/qrcode/", "/cgi-bin/template/", "/wxa/", "/wxaapi/", "/xpay/"}

func (h *house) setDays(d badDays) {
	h.mu.Lock()
	h.days = d
	h.mu.Unlock()
	h.wc.SetBadDays(d.Push)
	delay := time.Duration(d.Notice.DelaySecond) * time.Second
	h.pay.SetBadDays(wxpaytest.BadDays{Times: d.Notice.Times, Delay: delay, Never: d.Notice.Never, WrongAmount: d.Notice.WrongAmount, Forged: d.Notice.Forged, Probe: d.Notice.Probe})
	h.xpay.SetBadDays(xpaytest.BadDays{Times: d.Notice.Times, Delay: delay, Never: d.Notice.Never, WrongAmount: d.Notice.WrongAmount, Forged: d.Notice.Forged})
	h.pay.NextRefunds(d.Refund)
	h.xpay.NextRefunds(map[string]int{"": 0, "SUCCESS": 0, "PROCESSING": -1}[d.Refund])
	if d.Refund == "ABNORMAL" || d.Refund == "CLOSED" {
		h.xpay.NextRefunds(1)
	}

	h.wc.Heal()
	h.pay.Heal()
	if d.API.ErrCode != 0 {
		for _, p := range business {
			h.wc.Fail(p, wechattest.ErrCode(d.API.ErrCode))
		}
	}
	if s := d.API.SlowSeconds; s > 0 {
		h.wc.Fail("", wechattest.Fault{Delay: time.Duration(s) * time.Second})
	}
	if d.API.Down {
		h.wc.Fail("", wechattest.Fault{Drop: true})
	}
	if c := d.PayAPI.Code; c != "" {
		status := map[string]int{"SYSTEM_ERROR": 500, "FREQUENCY_LIMITED": 429, "NO_AUTH": 403, "NOT_ENOUGH": 403}[c]
		if status == 0 {
			status = 400
		}
		h.pay.Fail("", wxpaytest.ErrCode(status, c, "演练：微信支付返回 "+c))
	}
	if s := d.PayAPI.SlowSeconds; s > 0 {
		h.pay.Fail("", wxpaytest.Fault{Delay: time.Duration(s) * time.Second})
	}
	if d.PayAPI.Down {
		h.pay.Fail("", wxpaytest.Fault{Drop: true})
	}
	h.touch()
}

func (h *house) getDays(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	d := h.days
	h.mu.Unlock()
	answer(w, d)
}

func (h *house) putDays(w http.ResponseWriter, r *http.Request) {
	var d badDays
	if !decode(w, r, &d) {
		return
	}
	if d.Push.Times < 0 || d.Push.Times > 20 || d.Notice.Times < 0 || d.Notice.Times > 100 || d.API.SlowSeconds < 0 || d.PayAPI.SlowSeconds < 0 || d.Notice.DelaySecond < 0 {
		refuse(w, 400, "数字超出范围")
		return
	}
	h.setDays(d)
	answer(w, d)
}
