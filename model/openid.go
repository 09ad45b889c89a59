package model

// OpenID is a person within one app. The Official Account's and the Mini Program's openids of one human
// are different strings; only a unionid joins them.
type OpenID string

// Masked shows enough of an openid to compare two lines of a list, and no more.
func (o OpenID) Masked() string {
	if len(o) <= 8 {
		return "***"
	}
	return string(o[:4]) + "…" + string(o[len(o)-4:])
}

// Via is the road money takes.
type Via string

// The roads: WeChat Pay in the Mini Program, Mini Program virtual payment, and an operator's word.
const (
	ViaJSAPI  Via = "jsapi"
	ViaXPay   Via = "xpay"
	ViaManual Via = "manual"
	ViaFree   Via = "free" // a price of zero never reaches WeChat
)

// Platform is the terminal a learner holds, as wx.getDeviceInfo names it.
type Platform string

// The terminals the Mini Program runs on. An unknown one is treated as iOS: sold to only where every terminal may buy.
const (
	PlatformIOS      Platform = "ios"
	PlatformAndroid  Platform = "android"
	PlatformWindows  Platform = "windows"
	PlatformMac      Platform = "mac"
	PlatformOHOS     Platform = "ohos"
	PlatformDevtools Platform = "devtools"
)
