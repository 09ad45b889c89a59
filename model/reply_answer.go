package model

import "time"

// Answer is what the published rules say to a push.
type Answer struct {
	RuleID  int64
	Rule    string // its name
	Keyword string // the word that met, for counting
	Version int64
	Body    []byte    // the passive answer before encryption; empty: success
	Passive *Message  // what Body says
	Later   []Message // what goes as customer-service messages, in order
}

// Kept is a push with what was made of it, handed on in the transaction that keeps it.
type Kept struct {
	Push
	PushKey  string
	PersonID int64     // 0: WeChat's own event
	At       time.Time // when it happened, on the business clock
	Answer   Answer
	// Heard: the fan has been answered already, since the push waited in the spool or for a second try.
	Heard bool
	// Restated: a taker put another Answer in the place of the rules'.
	Restated bool
}

// Restate answers with m in the place of what the rules said, for a keyword that is not theirs.
func (k *Kept) Restate(m Message, keyword string) {
	k.Answer, k.Restated = Answer{Keyword: keyword, Passive: &m}, true
	if k.JSON {
		k.Answer.Body = m.PassiveJSON(k.FromUserName, k.ToUserName, k.CreateTime)
	} else {
		k.Answer.Body = m.PassiveXML(k.FromUserName, k.ToUserName, k.CreateTime)
	}
}
