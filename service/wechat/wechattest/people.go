package wechattest

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// AddPerson makes somebody with WeChat. What is left empty is filled in: ids, a name, an Android phone.
func (f *Fake) AddPerson(p Person) Person {
	f.mu.Lock()
	out := f.add(p).copy()
	f.mu.Unlock()
	f.changed()
	return out
}

func (f *Fake) add(p Person) *Person {
	n := &p
	if n.ID == "" {
		n.ID = "p" + random(10)
	}
	if n.OpenID == "" {
		n.OpenID = "oOff" + random(24)
	}
	if n.MiniOpenID == "" {
		n.MiniOpenID = "oMin" + random(24)
	}
	if n.UnionID == "" {
		n.UnionID = "oUni" + random(24)
	}
	if n.Name == "" {
		n.Name = fmt.Sprintf("微信用户%04d", len(f.s.People)+1)
	}
	if n.Platform == "" {
		n.Platform = "android"
	}
	if n.Phone == "" {
		n.Phone = fmt.Sprintf("1380%07d", rand.IntN(10000000))
	}
	f.s.People = append(f.s.People, n)
	f.s.index(n)
	return n
}

func (p *Person) copy() Person {
	c := *p
	c.Chat = append([]Line(nil), p.Chat...)
	c.Tags = append([]int(nil), p.Tags...)
	c.Windows = append([]window(nil), p.Windows...)
	return c
}

// Person finds somebody by id or by either openid.
func (f *Fake) Person(id string) (Person, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.find(id); p != nil {
		return p.copy(), true
	}
	return Person{}, false
}

// People gives everybody, oldest first, without their chats.
func (f *Fake) People() []Person {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Person, 0, len(f.s.People))
	for _, p := range f.s.People {
		c := *p
		c.Chat, c.Windows, c.SessionKey = nil, nil, ""
		out = append(out, c)
	}
	return out
}

// SetPlatform changes the phone somebody uses.
func (f *Fake) SetPlatform(id, platform string) {
	f.mu.Lock()
	if p := f.find(id); p != nil {
		p.Platform = platform
	}
	f.mu.Unlock()
	f.changed()
}

func (f *Fake) find(id string) *Person {
	for _, m := range []map[string]*Person{f.s.byID, f.s.byOpenID, f.s.byMini} {
		if p := m[id]; p != nil {
			return p
		}
	}
	return nil
}

// fan finds somebody, or makes a person with that openid to the Official Account: tests name openids as they go.
func (f *Fake) fan(id string) *Person {
	if p := f.find(id); p != nil {
		return p
	}
	return f.add(Person{OpenID: id})
}

// Follow makes somebody follow the account: by a search, or by scanning a code with a scene when scene is not
// empty. The event is pushed and its answer judged before it returns.
func (f *Fake) Follow(id, scene string) Delivery {
	f.mu.Lock()
	p := f.fan(id)
	p.Follows, p.Since, p.Scene, p.Came = true, f.opt.Now(), scene, "ADD_SCENE_SEARCH"
	key, tick := "", ""
	if scene != "" {
		p.Came, key, tick = "ADD_SCENE_QR_CODE", "qrscene_"+scene, f.ticketOf(scene)
	}
	f.came(p.source(), false)
	f.open(p, "follow", 3, time.Minute)
	f.mu.Unlock()
	e := Fields{{"Event", "subscribe"}, {"EventKey", key}}
	if tick != "" {
		e = append(e, Field{"Ticket", tick})
	}
	return f.PushEvent(p.OpenID, e)
}

// Unfollow takes the follow back; nobody sees the answer.
func (f *Fake) Unfollow(id string) Delivery {
	f.mu.Lock()
	p := f.fan(id)
	if p.Follows {
		f.came(p.source(), true)
	}
	p.Follows, p.Windows = false, nil
	f.mu.Unlock()
	return f.PushEvent(p.OpenID, Fields{{"Event", "unsubscribe"}, {"EventKey", ""}})
}

// Scan scans a code with a scene: SCAN for a follower, else it follows.
func (f *Fake) Scan(id, scene string) Delivery {
	f.mu.Lock()
	p := f.fan(id)
	if !p.Follows {
		f.mu.Unlock()
		return f.Follow(id, scene)
	}
	tick := f.ticketOf(scene)
	f.open(p, "scan", 3, time.Minute)
	f.mu.Unlock()
	return f.PushEvent(p.OpenID, Fields{{"Event", "SCAN"}, {"EventKey", scene}, {"Ticket", tick}})
}

// Say sends a text.
func (f *Fake) Say(id, text string) Delivery {
	f.mu.Lock()
	p := f.fan(id)
	f.open(p, "message", 5, 48*time.Hour)
	f.chat(p, Line{From: "fan", Type: "text", Text: text})
	f.mu.Unlock()
	return f.PushMessage(p.OpenID, Fields{{"MsgType", "text"}, {"Content", text}})
}

// Choose taps a choice of a msgmenu: a text with bizmsgmenuid, which counts as a menu tap.
func (f *Fake) Choose(id, choice, text string) Delivery {
	f.mu.Lock()
	p := f.fan(id)
	f.open(p, "menu", 3, time.Minute)
	f.chat(p, Line{From: "fan", Type: "text", Text: text})
	f.mu.Unlock()
	return f.PushMessage(p.OpenID, Fields{{"MsgType", "text"}, {"Content", text}, {"bizmsgmenuid", choice}})
}

// SendImage sends a picture that was uploaded before (media_id), as a fan would.
func (f *Fake) SendImage(id, mediaID string) Delivery {
	f.mu.Lock()
	p := f.fan(id)
	f.open(p, "message", 5, 48*time.Hour)
	f.chat(p, Line{From: "fan", Type: "image", MediaID: mediaID})
	f.mu.Unlock()
	return f.PushMessage(p.OpenID, Fields{{"MsgType", "image"}, {"PicUrl", "http://mmbiz.qpic.cn/" + mediaID + "/0"}, {"MediaId", mediaID}})
}

// Click taps a menu button of type click.
func (f *Fake) Click(id, key string) Delivery {
	f.mu.Lock()
	p := f.fan(id)
	f.open(p, "menu", 3, time.Minute)
	f.mu.Unlock()
	return f.PushEvent(p.OpenID, Fields{{"Event", "CLICK"}, {"EventKey", key}})
}

// View taps a menu button of type view; nothing can be answered.
func (f *Fake) View(id, url string) Delivery {
	f.mu.Lock()
	p := f.fan(id)
	f.mu.Unlock()
	return f.PushEvent(p.OpenID, Fields{{"Event", "VIEW"}, {"EventKey", url}, {"MenuId", 400000001}})
}

// ViewMini taps a menu button of type miniprogram.
func (f *Fake) ViewMini(id, pagepath string) Delivery {
	f.mu.Lock()
	p := f.fan(id)
	f.mu.Unlock()
	return f.PushEvent(p.OpenID, Fields{{"Event", "view_miniprogram"}, {"EventKey", pagepath}, {"MenuId", 400000001}})
}

// open gives the account a right to n customer-service messages within d. Windows of different kinds stand apart;
// a new one takes the place of an older one of its kind.
func (f *Fake) open(p *Person, kind string, n int, d time.Duration) {
	now := f.opt.Now()
	var kept []window
	for _, w := range p.Windows {
		if w.Ends.After(now) && w.Kind != kind {
			kept = append(kept, w)
		}
	}
	p.Windows = append(kept, window{kind, n, now.Add(d)})
}

// spend takes one message from the open window that ends first: 0, or 45015 past the time, 45047 past the number.
func (f *Fake) spend(p *Person) int {
	now := f.opt.Now()
	best, open := -1, false
	for i, w := range p.Windows {
		if !w.Ends.After(now) {
			continue
		}
		open = true
		if w.Left > 0 && (best < 0 || w.Ends.Before(p.Windows[best].Ends)) {
			best = i
		}
	}
	switch {
	case best >= 0:
		p.Windows[best].Left--
		return 0
	case open:
		return 45047
	}
	return 45015
}

const keepLines = 200

func (f *Fake) chat(p *Person, l Line) {
	f.s.Seq++
	l.Seq, l.At = f.s.Seq, f.opt.Now()
	p.Active = l.At
	if p.Chat = append(p.Chat, l); len(p.Chat) > keepLines {
		p.Chat = append([]Line(nil), p.Chat[len(p.Chat)-keepLines:]...)
	}
}

// ChatOf gives the lines of somebody's chat after seq.
func (f *Fake) ChatOf(id string, after int64) []Line {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.find(id)
	if p == nil {
		return nil
	}
	var out []Line
	for _, l := range p.Chat {
		if l.Seq > after {
			out = append(out, l)
		}
	}
	return out
}
