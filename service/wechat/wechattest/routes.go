package wechattest

import (
	"net/http"
)

// routes is the list of what this fake answers. A path that is not here is 40066, as at WeChat.
func (f *Fake) routes() {
	h := f.mux.HandleFunc
	h("/cgi-bin/token", f.getToken)
	h("/cgi-bin/stable_token", f.stableToken)
	h("/cgi-bin/clear_quota", f.both("POST", f.clearQuota))
	h("/cgi-bin/openapi/quota/get", f.both("POST", f.quota))
	h("/cgi-bin/get_api_domain_ip", f.both("GET", f.addresses))
	h("/cgi-bin/getcallbackip", f.both("GET", f.addresses))
	h("/cgi-bin/callback/check", f.both("POST", f.callbackCheck))

	h("/cgi-bin/menu/create", f.official("POST", f.menuCreate))
	h("/cgi-bin/menu/get", f.official("GET", f.menuGet))
	h("/cgi-bin/menu/delete", f.official("GET", f.menuDelete))
	h("/cgi-bin/menu/addconditional", f.official("POST", f.menuAdd))
	h("/cgi-bin/menu/delconditional", f.official("POST", f.menuDrop))
	h("/cgi-bin/menu/trymatch", f.official("POST", f.menuTry))
	h("/cgi-bin/get_current_selfmenu_info", f.official("GET", f.menuShown))
	h("/cgi-bin/get_current_autoreply_info", f.official("GET", f.repliesShown))

	h("/cgi-bin/user/info", f.official("GET", f.userInfo))
	h("/cgi-bin/user/info/batchget", f.official("POST", f.userBatch))
	h("/cgi-bin/user/info/updateremark", f.official("POST", f.userRemark))
	h("/cgi-bin/user/get", f.official("GET", f.userGet))
	h("/cgi-bin/tags/get", f.official("GET", f.tagGet))
	h("/cgi-bin/tags/create", f.official("POST", f.tagCreate))
	h("/cgi-bin/tags/update", f.official("POST", f.tagUpdate))
	h("/cgi-bin/tags/delete", f.official("POST", f.tagDelete))
	h("/cgi-bin/tags/members/batchblacklist", f.official("POST", f.blocking(true)))
	h("/cgi-bin/tags/members/batchunblacklist", f.official("POST", f.blocking(false)))
	h("/cgi-bin/tags/members/getblacklist", f.official("POST", f.blackList))
	h("/cgi-bin/tags/members/batchtagging", f.official("POST", f.tagging(true)))
	h("/cgi-bin/tags/members/batchuntagging", f.official("POST", f.tagging(false)))

	h("/cgi-bin/message/custom/send", f.both("POST", f.customSend))
	h("/cgi-bin/message/custom/typing", f.both("POST", f.customTyping))
	h("/cgi-bin/qrcode/create", f.official("POST", f.codeCreate))
	h("/cgi-bin/showqrcode", f.codeImage)

	h("/cgi-bin/media/upload", f.both("POST", f.mediaUpload))
	h("/cgi-bin/media/get", f.both("GET", f.mediaGet))
	h("/cgi-bin/media/uploadimg", f.official("POST", f.uploadImage))
	h("/cgi-bin/material/add_material", f.official("POST", f.materialAdd))
	h("/cgi-bin/material/get_material", f.official("POST", f.materialGet))
	h("/cgi-bin/material/del_material", f.official("POST", f.materialDelete))
	h("/cgi-bin/material/get_materialcount", f.official("GET", f.materialCount))
	h("/cgi-bin/material/batchget_material", f.official("POST", f.materialList))

	h("/cgi-bin/draft/add", f.official("POST", f.draftAdd))
	h("/cgi-bin/draft/update", f.official("POST", f.draftUpdate))
	h("/cgi-bin/draft/get", f.official("POST", f.draftGet))
	h("/cgi-bin/draft/delete", f.official("POST", f.draftDelete))
	h("/cgi-bin/draft/count", f.official("GET", f.draftCount))
	h("/cgi-bin/freepublish/submit", f.official("POST", f.publishSubmit))
	h("/cgi-bin/freepublish/get", f.official("POST", f.publishGet))
	h("/cgi-bin/freepublish/delete", f.official("POST", f.publishDelete))
	h("/cgi-bin/freepublish/batchget", f.official("POST", f.publishedList))
	h("/cgi-bin/message/mass/sendall", f.official("POST", f.massAll))
	h("/cgi-bin/message/mass/preview", f.official("POST", f.massPreview))
	h("/cgi-bin/message/mass/get", f.official("POST", f.massGet))
	h("/cgi-bin/template/get_all_private_template", f.official("GET", f.templateList(false)))
	h("/wxaapi/newtmpl/gettemplate", f.official("GET", f.templateList(true)))
	h("/cgi-bin/message/template/send", f.official("POST", f.noticeSend(false)))
	h("/cgi-bin/message/subscribe/bizsend", f.official("POST", f.noticeSend(true)))
	h("/cgi-bin/comment/open", f.commentOpen(false))
	h("/cgi-bin/comment/close", f.commentOpen(true))
	h("/cgi-bin/comment/list", f.commentList())
	h("/cgi-bin/comment/markelect", f.elect(true))
	h("/cgi-bin/comment/unmarkelect", f.elect(false))
	h("/cgi-bin/comment/delete", f.commentDelete())
	h("/cgi-bin/comment/reply/add", f.commentReply())
	h("/cgi-bin/comment/reply/delete", f.commentUnreply())

	h("/datacube/getusersummary", f.official("POST", f.userSummary))
	h("/datacube/getusercumulate", f.official("POST", f.userCumulate))
	h("/datacube/getarticletotaldetail", f.official("POST", f.articleTotals))

	for name, serve := range map[string]func(*Fake, string, string) any{
		"dailysummarytrend": (*Fake).miniSummary, "dailyvisittrend": (*Fake).miniTrend, "weeklyvisittrend": (*Fake).miniTrend, "monthlyvisittrend": (*Fake).miniTrend,
		"dailyretaininfo": (*Fake).miniRetain, "weeklyretaininfo": (*Fake).miniRetain, "monthlyretaininfo": (*Fake).miniRetain, "visitpage": (*Fake).miniPages, "visitdistribution": (*Fake).miniSources,
	} {
		h("/datacube/getweanalysisappid"+name, f.mini("POST", f.miniStatistic(name, serve)))
	}

	h("/sns/jscode2session", f.code2Session)
	h("/wxa/business/getuserphonenumber", f.mini("POST", f.phoneNumber))
	h("/wxa/checksession", f.mini("GET", f.checkSession))
	h("/wxa/msg_sec_check", f.mini("POST", f.textCheck))
	h("/wxa/media_check_async", f.mini("POST", f.mediaCheck))
	h("/wxa/getwxacodeunlimit", f.mini("POST", f.miniCode))
	h("/wxa/sec/order/upload_shipping_info", f.mini("POST", f.shipping))
	h("/wxa/sec/order/is_trade_managed", f.mini("POST", f.tradeManaged))

	h("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 40066) })
}

// clearQuota: ten a month; this fake never begins a new one.
func (f *Fake) clearQuota(w http.ResponseWriter, r *http.Request) {
	var in struct{ AppID string }
	if !decode(w, r, &in) {
		return
	}
	if _, known := f.app(in.AppID); !known {
		refuse(w, 40013)
		return
	}
	f.mu.Lock()
	f.s.Cleared++
	over := f.s.Cleared > 10
	f.mu.Unlock()
	if over {
		refuse(w, 48006)
		return
	}
	ok(w)
}

// limits are a day's calls of a new account.
var limits = map[string]int{"/cgi-bin/token": 2000, "/cgi-bin/menu/create": 1000, "/cgi-bin/menu/get": 10000, "/cgi-bin/menu/delete": 1000, "/cgi-bin/media/upload": 100000, "/cgi-bin/media/get": 200000,
	"/cgi-bin/message/mass/sendall": 100, "/cgi-bin/message/mass/preview": 100, "/cgi-bin/draft/add": 1000, "/cgi-bin/draft/update": 1000, "/cgi-bin/draft/delete": 1000,
	"/cgi-bin/freepublish/submit": 100, "/cgi-bin/freepublish/get": 100, "/cgi-bin/freepublish/delete": 10,
	"/cgi-bin/message/template/send": noticeQuota, "/cgi-bin/message/subscribe/bizsend": noticeQuota,
	"/cgi-bin/message/custom/send": 500000, "/cgi-bin/qrcode/create": 100000, "/cgi-bin/user/get": 500, "/cgi-bin/user/info": 5000000}

func (f *Fake) quota(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Path string `json:"cgi_path"`
	}
	if !decode(w, r, &in) {
		return
	}
	limit, known := limits[in.Path]
	if !known {
		refuse(w, 76021)
		return
	}
	used := min(f.gate.Count(in.Path), limit)
	answer(w, map[string]any{"errcode": 0, "errmsg": "ok", "quota": map[string]int{"daily_limit": limit, "used": used, "remain": limit - used}, "rate_limit": map[string]int{"call_count": 0, "refresh_second": 0}})
}

func (f *Fake) addresses(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"ip_list": []string{"127.0.0.1"}})
}

func (f *Fake) callbackCheck(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"dns": []any{map[string]string{"ip": "127.0.0.1", "real_operator": "DEFAULT"}}, "ping": []any{map[string]string{"ip": "127.0.0.1", "from_operator": "DEFAULT", "package_loss": "0%", "time": "0.1ms"}}})
}
