package main

import (
	"context"
	"fmt"
	"testing"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

// WeChat took a send and its answer was lost: the repeat under the same clientmsgid answers 45065 with the msg_id of the
// first (facts: 6.4), and that is a send that went out, once, settled by the result of that very msg_id.
func TestBroadcast45065IsSent(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		d.fake.Follow("oFanAlpha", "")
		const path = "/cgi-bin/message/mass/sendall"
		clear := d.fake.Fail(path, wechattest.Fault{Times: 1, Drop: true, After: true})
		defer clear()
		b := d.mass(toAll)
		d.call("POST", b+"/send", `{}`, 200)
		d.until("done", func() bool { return d.massState(b) == "done" })
		sends := d.fake.MassSends()
		if len(sends) != 1 || d.fake.Count(path) != 2 {
			t.Fatalf("%d sends, %d calls, want one and the repeat", len(sends), d.fake.Count(path))
		}
		d.wants("sends under WeChat's number", 1, "SELECT COUNT(*) FROM broadcast_sends WHERE state = 'done' AND calls = 2 AND sent = 1 AND client_id = ? AND msg_id = ?", sends[0].ClientID, fmt.Sprint(sends[0].MsgID))
		d.wants("sends at all", 1, "SELECT COUNT(*) FROM broadcast_sends")
		if chat := d.fake.ChatOf("oFanAlpha", 0); len(chat) != 1 || !chat[0].Mass {
			t.Errorf("on the phone: %+v", chat)
		}

		// The protocol itself: the same number again, by whomever, is no error to us and names the first send.
		again, err := d.houses[0].official.MassSendAll(context.Background(), model.MassTo{All: true}, model.MassMessage{Kind: model.BroadcastText, Content: "周六晚上八点开课"}, sends[0].ClientID)
		if err != nil || !again.Before || again.MsgID != fmt.Sprint(sends[0].MsgID) {
			t.Errorf("told again: %+v, %v, want msg_id %d", again, err, sends[0].MsgID)
		}
		if n := len(d.fake.MassSends()); n != 1 {
			t.Errorf("WeChat sent %d times", n)
		}
	})
}
