package model

// eventNumbers are how the events table spells a type. A number is never used again for another type.
var eventNumbers = map[EventType]int{
	EventMPOpen: 1, EventArticleClick: 2, EventCourseView: 3, EventTrialPlay: 4, EventLessonPlay: 5, EventExercise: 6,
	EventComment: 7, EventSearch: 8, EventShare: 9, EventCampaignSeen: 10, EventCampaignJoin: 11, EventCampaignDone: 12,
	EventFollow: 21, EventUnfollow: 22, EventScan: 23, EventLinkClick: 24, EventMenuClick: 25, EventMessage: 26,
	EventLessonFinish: 27, EventOrderCreate: 28, EventPaid: 29, EventRefunded: 30, EventRedeem: 31, EventGiftOpen: 32,
}

var eventTypes = func() (t [64]EventType) {
	for k, n := range eventNumbers {
		t[n] = k
	}
	return t
}()

// Number is how the events table spells t; 0 for a type that does not exist.
func (t EventType) Number() int { return eventNumbers[t] }

// FromClient tells whether a phone may send t.
func (t EventType) FromClient() bool { n := t.Number(); return n > 0 && n < 20 }

// Known tells whether t exists.
func (t EventType) Known() bool { return t.Number() > 0 }

// EventTypeOf reads the table's spelling; "" for a number that means nothing.
func EventTypeOf(n int) EventType {
	if n < 0 || n >= len(eventTypes) {
		return ""
	}
	return eventTypes[n]
}

// EventTypes lists every type in the order of their numbers.
func EventTypes() []EventType {
	out := make([]EventType, 0, len(eventNumbers))
	for _, t := range eventTypes {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

// Excluded says why a stored event counts nowhere; 0 means that it counts.
type Excluded int

// Reasons to keep an event and not count it. Staff is no reason here: the flag is a person's, holds for
// all time, and is applied when counting.
const (
	ExcludedScene Excluded = 1 // 1030 automated test, 1154 Moments preview
	ExcludedBot   Excluded = 2
	ExcludedLate  Excluded = 3 // heard of more than 30 days afterwards
)

// Code is the reason's stable name.
func (x Excluded) Code() string {
	switch x {
	case ExcludedScene:
		return "scene"
	case ExcludedBot:
		return "bot"
	case ExcludedLate:
		return "late"
	}
	return ""
}
