package event

import (
	"context"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"loudou/model"
)

// Bounds of a request and of one event.
const (
	MaxBody    = 256 << 10
	mostEvents = 50
	maxEvent   = 8 << 10
	maxProps   = 4 << 10
	maxText    = 64
	maxID      = 1<<53 - 1
	maxSeconds = 24 * 60 * 60
	maxScene   = 99_999
)

// Why one event is refused while its neighbours are taken.
const (
	badID           = "bad_id"
	badType         = "bad_type"
	serverType      = "server_type"
	badTime         = "bad_time"
	badField        = "bad_field"
	tooLarge        = "too_large"
	unknownArticle  = "unknown_article"
	unknownCourse   = "unknown_course"
	unknownLesson   = "unknown_lesson"
	unknownCampaign = "unknown_campaign"
)

var unknownReasons = [4]string{unknownArticle, unknownCourse, unknownLesson, unknownCampaign}

// Sender is who sends: the app and the person of the token.
type Sender struct {
	AppID    string
	PersonID int64
}

// Rejected is one event that was refused.
type Rejected struct {
	Index  int    `json:"index"`
	Reason string `json:"reason"`
}

// Receipt says what became of a request's events.
type Receipt struct {
	Accepted  int        `json:"accepted"`
	Duplicate int        `json:"duplicate"`
	Rejected  []Rejected `json:"rejected"`
}

// maxRequest is room for a request's raw events, used again and again.
var rawRoom = sync.Pool{New: func() any { r := make([]rawEvent, 0, mostEvents+1); return &r }}

// Take takes the events of one request body. When it returns without an error they are durable, and the
// receipt is exact. ErrInvalid: the body is no object with 1–50 events; ErrUnavailable: not stored, to be
// sent again.
func (s *Service) Take(ctx context.Context, from Sender, body []byte) (Receipt, error) {
	room := rawRoom.Get().(*[]rawEvent)
	defer rawRoom.Put(room)
	if len(body) > MaxBody {
		return Receipt{}, refuse("请求超过 256 KiB")
	}
	sent, events, ok := parse(body, *room)
	*room = events[:0]
	if !ok {
		return Receipt{}, refuse("请求应为含 1 至 50 个事件的 JSON 对象")
	}
	if !s.limits.allow(from.PersonID, len(events)) {
		return Receipt{}, busy()
	}
	now := s.now()
	j := judge{s: s, from: from, received: now, rows: make([]row, 0, len(events)), at: make([]int, 0, len(events))}
	j.sentAt, j.sentBad = instant(sent)
	for i := range events {
		if reason := j.event(&events[i], i); reason != "" {
			j.reject(i, reason)
		}
	}
	if err := j.strangers(ctx); err != nil {
		return Receipt{}, err
	}
	s.intake.add(intakeClock, j.clocks)
	s.intake.add(intakeStep, j.steps)
	out := Receipt{Rejected: j.rejected}
	if len(j.rows) == 0 {
		return out, nil
	}
	dup, err := s.store(ctx, j.rows)
	out.Accepted, out.Duplicate = len(j.rows)-dup, dup
	return out, err
}

func refuse(textZH string) error {
	return model.Refuse(model.ErrInvalid, model.CodeInvalid, textZH).Field("events", textZH)
}

// judge turns raw events into rows, each alone.
type judge struct {
	s        *Service
	from     Sender
	received time.Time
	sentAt   time.Time
	sentBad  bool
	rows     []row
	at       []int // index of each row's event in the request
	rejected []Rejected
	strange  [4][]int64 // ids to look up
	clocks   int64      // times corrected by the phone's skew
	steps    int64      // times that lay ahead of ours, taken as now
}

func (j *judge) reject(i int, reason string) {
	j.rejected = append(j.rejected, Rejected{i, reason})
	j.s.rejected.add(reason, 1)
}

// event judges one event and adds its row, or gives the reason against it.
func (j *judge) event(e *rawEvent, i int) string {
	r := row{account: j.s.Account(), appid: j.from.AppID, person: j.from.PersonID, received: j.received.UnixMilli()}
	if e.size > maxEvent || len(e.props) > maxProps {
		return tooLarge
	}
	if !e.object || !uuidOf(e.id, &r.uid) {
		return badID
	}
	name, ok := text(e.kind)
	kind := model.EventType(name)
	if !ok || !kind.Known() {
		return badType
	}
	if !kind.FromClient() {
		return serverType
	}
	r.kind = uint8(kind.Number()) //nolint:gosec // below 64
	occurred, bad := instant(e.occurred)
	if bad || e.occurred == nil || j.sentBad {
		return badTime
	}
	at, late := model.CorrectTime(occurred, j.sentAt, j.received)
	r.occurred = at.UnixMilli()
	switch {
	case at.Equal(occurred):
	case at.Equal(j.received):
		j.steps++
	default:
		j.clocks++
	}
	if !j.fields(e, &r) {
		return badField
	}
	switch {
	case model.ExcludedByScene(r.scene):
		r.excluded = model.ExcludedScene
	case late:
		r.excluded = model.ExcludedLate
	}
	r.place()
	for k, id := range [...]int64{r.article, r.course, r.lesson, r.campaign} {
		if id != 0 && !j.s.catalogues[k].has(id) {
			j.strange[k] = append(j.strange[k], id)
		}
	}
	j.rows = append(j.rows, r)
	j.at = append(j.at, i)
	return ""
}

func (j *judge) fields(e *rawEvent, r *row) bool {
	ok := true
	id := func(v []byte) int64 {
		n, fine := number(v, 1, maxID)
		ok = ok && fine
		return n
	}
	word := func(v []byte) string {
		t, fine := text(v)
		ok = ok && fine && (len(t) <= maxText || utf8.RuneCountInString(t) <= maxText) && printable(t)
		return t
	}
	r.article, r.course, r.lesson, r.campaign = id(e.article), id(e.course), id(e.lesson), id(e.campaign)
	r.channel, r.code, r.share = word(e.channel), word(e.code), word(e.share)
	scene, fine := number(e.scene, 0, maxScene)
	ok = ok && fine
	seconds, fine := number(e.seconds, 0, maxSeconds)
	ok = ok && fine
	r.scene, r.seconds = int(scene), int(seconds)
	if e.props != nil {
		ok = ok && e.props[0] == '{' && utf8.Valid(e.props)
		r.props = string(e.props)
	}
	return ok
}

// strangers looks up the ids the catalogues do not hold, and refuses the events whose ids do not exist.
func (j *judge) strangers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollWait) // for all kinds together
	defer cancel()
	var none [4]map[int64]bool
	some := false
	for k, ids := range j.strange {
		if len(ids) == 0 {
			continue
		}
		missing, err := j.s.catalogues[k].missing(ctx, ids)
		if err != nil {
			return fmt.Errorf("look up ids: %w: %w", model.ErrUnavailable, err)
		}
		none[k], some = missing, some || len(missing) > 0
	}
	if !some {
		return nil
	}
	kept := j.rows[:0]
	for n := range j.rows {
		r, reason := j.rows[n], ""
		for k, id := range [...]int64{r.article, r.course, r.lesson, r.campaign} {
			if reason == "" && none[k][id] {
				reason = unknownReasons[k]
			}
		}
		if reason != "" {
			j.reject(j.at[n], reason)
			continue
		}
		kept = append(kept, r)
	}
	j.rows = kept
	sortByIndex(j.rejected)
	return nil
}

func sortByIndex(r []Rejected) {
	for i := 1; i < len(r); i++ { // short and nearly sorted
		for k := i; k > 0 && r[k].Index < r[k-1].Index; k-- {
			r[k], r[k-1] = r[k-1], r[k]
		}
	}
}

// uuidOf reads a JSON string that is a UUID in its usual form, not all zero.
func uuidOf(v []byte, out *[16]byte) bool {
	if len(v) != 38 || v[9] != '-' || v[14] != '-' || v[19] != '-' || v[24] != '-' {
		return false
	}
	at := 0
	for _, part := range [...][]byte{v[1:9], v[10:14], v[15:19], v[20:24], v[25:37]} {
		n, err := hex.Decode(out[at:], part)
		if err != nil {
			return false
		}
		at += n
	}
	return *out != [16]byte{}
}

// instant reads an RFC 3339 time with an offset that exists; absent is the zero time.
func instant(v []byte) (t time.Time, bad bool) {
	if v == nil {
		return t, false
	}
	s, ok := text(v)
	if !ok {
		return t, true
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, true
	}
	if _, offset := t.Zone(); offset > 14*3600 || offset < -12*3600 {
		return t, true
	}
	return t, t.Year() < 1970
}

func printable(s string) bool {
	for _, c := range s {
		if unicode.IsControl(c) || c == utf8.RuneError {
			return false
		}
	}
	return true
}
