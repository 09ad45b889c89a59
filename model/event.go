package model

import "time"

// EventType names one kind of funnel event.
type EventType string

// Events a client may send.
const (
	EventMPOpen       EventType = "mp_open"
	EventArticleClick EventType = "article_click"
	EventCourseView   EventType = "course_view"
	EventTrialPlay    EventType = "trial_play"
	EventLessonPlay   EventType = "lesson_play"
	EventExercise     EventType = "exercise"
	EventComment      EventType = "comment"
	EventSearch       EventType = "search"
	EventShare        EventType = "share"
	EventCampaignSeen EventType = "campaign_seen"
	EventCampaignJoin EventType = "campaign_join"
	EventCampaignDone EventType = "campaign_done"
)

// Events only the server records, in the transaction of the fact itself.
const (
	EventFollow       EventType = "follow"
	EventUnfollow     EventType = "unfollow"
	EventScan         EventType = "scan"
	EventLinkClick    EventType = "link_click"
	EventMenuClick    EventType = "menu_click"
	EventMessage      EventType = "message"
	EventLessonFinish EventType = "lesson_finish"
	EventOrderCreate  EventType = "order_create"
	EventPaid         EventType = "paid"
	EventRefunded     EventType = "refunded"
	EventRedeem       EventType = "redeem"
	EventGiftOpen     EventType = "gift_open"
)

// Event is one thing a person did, as the rest of the house states it; service/event keeps it. Key is
// the natural key of a server fact ("pay:<transaction_id>"), ID the UUID of a client's event; exactly one
// of them is set. The same key or id twice is one event. Zero numbers and empty texts mean "not known".
type Event struct {
	ID         string
	Key        string
	AppID      string
	Type       EventType
	OccurredAt time.Time
	PersonID   int64 // 0: nobody we can name
	ArticleID  int64
	CourseID   int64
	LessonID   int64
	CampaignID int64
	Channel    string
	Code       string
	ShareID    string
	Scene      int // WeChat's entry number
	Seconds    int
	Amount     Fen // paid, refunded: fen
	OutTradeNo string
	Props      map[string]any
}
