package model

// Selling says which roads of payment are set up and allowed. It is a setting; which of them a given
// terminal may use is the rule below.
type Selling struct {
	JSAPI bool // WeChat Pay in the Mini Program
	XPay  bool // Mini Program virtual payment
}

// XPayMinIOS is the least Apple's payment takes, in fen. Source: 小程序虚拟支付, iOS 支付.
const XPayMinIOS Fen = 100

// Vias lists the roads open to platform, the preferred one first; none means: show no price, sell
// nothing, teach only.
//
// Virtual payment comes first because WeChat asks it of virtual goods on every terminal it serves
// (Android, iOS, HarmonyOS, Windows). On iOS it is the only one. A Mac has no virtual payment. A
// terminal we do not know may be an iPhone, and is sold to only as one.
func (s Selling) Vias(platform Platform) []Via {
	vias := []Via{}
	switch platform {
	case PlatformAndroid, PlatformWindows, PlatformOHOS, PlatformDevtools:
		if s.XPay {
			vias = append(vias, ViaXPay)
		}
		if s.JSAPI {
			vias = append(vias, ViaJSAPI)
		}
	case PlatformMac:
		if s.JSAPI {
			vias = append(vias, ViaJSAPI)
		}
	default: // iOS and the unknown
		if s.XPay {
			vias = append(vias, ViaXPay)
		}
	}
	return vias
}

// mayBeIOS holds for an iPhone, and for a terminal we cannot name.
func (p Platform) mayBeIOS() bool { return p == PlatformIOS || ParsePlatform(string(p)) == "" }

// ParsePlatform reads what a phone says of itself; anything else is the unknown terminal.
func ParsePlatform(s string) Platform {
	switch p := Platform(s); p {
	case PlatformIOS, PlatformAndroid, PlatformWindows, PlatformMac, PlatformOHOS, PlatformDevtools:
		return p
	}
	return ""
}
