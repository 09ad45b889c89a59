package main

// The doors of this program, besides WeChat's own (/cgi-bin, /sns, /wxa, /xpay, /v3):
//
//	GET  /                                  the phone page; every control a person uses carries a data-test name
//	     /phone/v1/…                        what the page asks WeChat: people, chat, menu, codes, payment sheets
//	     /relay/…                           wx.request: handed on to the service, /mini/v1 with any method, all else GET
//
//	GET, PUT /fake/v1/clock                 {now}: the business clock; {} brings the real one back
//	GET, PUT /fake/v1/bad-days              {push:{times,together,late,forged}, notice:{times,delay_seconds,never,wrong_amount,forged,probe},
//	                                        api:{down,slow_seconds,errcode}, pay_api:{down,slow_seconds,code}, refund}; kept over a restart
//	GET  /fake/v1/people, POST              {name?, openid?, mini_openid?, unionid?, platform?, phone?}; a known id gives the same person
//	POST /fake/v1/follow, unfollow, scan, text, click, view, view-mini, choose
//	                                        {person, scene?, text?, key?, url?, pagepath?, choice?} → {heard, fault?, tries, shown, answer?};
//	                                        person is an id or openid, a new openid makes a person
//	GET  /fake/v1/chats/{person}            what the fan saw
//	POST /fake/v1/login-code                {person, phone?} → {code}: good once, five minutes
//	GET  /fake/v1/orders?out_trade_no=      {jsapi, xpay}
//	POST /fake/v1/orders/{no}/pay           {payer?, at?, coupon?, force?, silent?}; answers after the first notice
//	POST /fake/v1/orders/{no}/typing        {typing}: closing answers 202 meanwhile
//	POST /fake/v1/orders/{no}/cancel        the payer closed the sheet
//	POST /fake/v1/orders/{no}/tell-again    the notice or push once more
//	POST /fake/v1/xpay/pay                  {person, pay:{mode,signData,paySig,signature}, at?}
//	POST /fake/v1/goods                     {id, name, price}: virtual goods on sale at once
//	POST /fake/v1/articles                  {title, url?, at?, quiet?, delivered, readers}: published, and counted by the datacube
//	GET  /fake/v1/refunds; POST /fake/v1/refunds/{no}/result   {status: SUCCESS, ABNORMAL or CLOSED}
//	GET  /fake/v1/notices?no=, calls?path=&limit=, counts      what was told, and what was called
//	POST /fake/v1/verify-url                saves the callback settings, as it were: GET with echostr on both hooks
//	PUT  /fake/v1/console                   {replies?, menu?, token?, aes_key?}: made and typed into WeChat's own console
//
// Bodies are JSON with their content type, so that no foreign page can send one unasked.
