package inbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// row is one kept push. Handed is false while those who act on it have not yet.
type row struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	PushKey     string
	OpenID      string `gorm:"column:openid"`
	MsgType     string
	Event       string
	EventKey    string
	Content     string
	Raw         string
	Answer      string
	RuleID      int64
	RuleVersion int64
	Keyword     string // that met; empty: none did
	Handed      bool
	HappenedAt  time.Time
	ReceivedAt  time.Time
}

func (row) TableName() string { return "pushes" }

func (f *flight) row(handed bool) row {
	k := &f.kept
	return row{
		AppID: k.AppID, PushKey: k.PushKey, OpenID: string(k.FromUserName), MsgType: k.MsgType, Event: k.Event, EventKey: k.EventKey,
		Content: k.Text(), Raw: string(k.Raw), Answer: string(k.Answer.Body), RuleID: k.Answer.RuleID, RuleVersion: k.Answer.Version, Keyword: model.Cut(k.Answer.Keyword, 256),
		Handed: handed, HappenedAt: k.At, ReceivedAt: model.Milli(f.received),
	}
}

// store keeps a batch in one transaction. Pushes that were there already get their kept answer and no
// effect. Should acting on one of them fail for good, the batch is stored again one by one, and the
// culprit is kept with a job that acts on it later: a push is never lost for what it leads to.
func (s *Service) store(ctx context.Context, batch []*flight) error {
	if len(batch) == 0 {
		return nil
	}
	// One order for all instances: two batches with the same pushes wait for each other, never crosswise.
	slices.SortFunc(batch, func(a, b *flight) int { return strings.Compare(a.kept.PushKey, b.kept.PushKey) })
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	err := s.storeAll(ctx, batch, true)
	if err == nil || store.Gone(err) || ctx.Err() != nil {
		return err
	}
	slog.Warn("pushes are stored one by one", "pushes", len(batch), "err", err)
	for _, f := range batch {
		one := []*flight{f}
		if err := s.storeAll(ctx, one, true); err == nil {
			continue
		} else if store.Gone(err) || ctx.Err() != nil {
			return err
		}
		if err := s.storeAll(ctx, one, false); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) storeAll(ctx context.Context, batch []*flight, hand bool) error {
	var err error
	var kept []*model.Kept
	for try := range 4 { // a duplicate means that some of it is kept already, or another instance was faster: look
		fresh, repeated := 0, 0
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) (err error) {
			fresh, repeated, kept = 0, 0, nil
			news := batch
			if try > 0 { // repeats are rare: the look is saved where it finds nothing
				news, err = s.sift(tx, batch)
			}
			if err != nil || len(news) == 0 {
				repeated = len(batch)
				return err
			}
			if err := insert(tx, news, hand); err != nil {
				return err
			}
			fresh, repeated = len(news), len(batch)-len(news)
			if !hand {
				for _, f := range news {
					if err := s.jobs.Add(tx, HandJob, f.kept.AppID+":"+f.kept.PushKey, handJob{f.kept.AppID, f.kept.PushKey}, time.Time{}); err != nil {
						return err
					}
				}
				return nil
			}
			kept = make([]*model.Kept, len(news))
			for i, f := range news {
				kept[i] = &f.kept
				f.kept.PersonID, f.kept.Heard, f.kept.Restated = 0, f.done == nil, false
			}
			return s.hand(tx, kept)
		})
		if _, dup := store.Duplicate(err); !dup {
			if err == nil {
				s.Stored.Add(int64(fresh))
				s.Repeated.Add(int64(repeated))
				if batch[0].done != nil { // those from the spool were answered long ago
					s.Served.Add(int64(repeated))
				}
				s.remember(kept)
			}
			return err
		}
	}
	return err
}

const columns = "appid, push_key, openid, msg_type, event, event_key, content, raw, answer, rule_id, rule_version, keyword, handed, happened_at, received_at"

// insert writes new pushes with one statement and reads nothing back: they are known by their key. On
// SQLite a duplicate FAILs the statement instead of undoing it; the transaction is undone either way, and
// no second journal is kept for it.
func insert(tx *gorm.DB, news []*flight, hand bool) error {
	const marks = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	text := "INSERT INTO pushes (" + columns + ") VALUES " + marks + strings.Repeat(", "+marks, len(news)-1)
	if !store.IsMySQL(tx) {
		text = "INSERT OR FAIL" + strings.TrimPrefix(text, "INSERT")
	}
	args := make([]any, 0, 15*len(news))
	for _, f := range news {
		r := f.row(hand)
		args = append(args, r.AppID, r.PushKey, r.OpenID, r.MsgType, r.Event, r.EventKey, r.Content, r.Raw, r.Answer, r.RuleID, r.RuleVersion, r.Keyword, r.Handed, r.HappenedAt, r.ReceivedAt)
	}
	if _, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, text, args...); err != nil {
		return fmt.Errorf("keep pushes: %w", err)
	}
	return nil
}

// sift gives those of batch that are not kept yet, and the others the answer kept with them.
func (s *Service) sift(tx *gorm.DB, batch []*flight) ([]*flight, error) {
	byApp := map[string][]string{}
	for _, f := range batch {
		byApp[f.kept.AppID] = append(byApp[f.kept.AppID], f.kept.PushKey)
	}
	had := map[string]row{}
	for appid, keys := range byApp {
		var rows []row
		if err := tx.Select("appid", "push_key", "answer", "rule_id", "rule_version").Where("appid = ? AND push_key IN ?", appid, keys).Find(&rows).Error; err != nil {
			return nil, fmt.Errorf("look for pushes: %w", err)
		}
		for _, r := range rows {
			had[r.AppID+"\n"+r.PushKey] = r
		}
	}
	var news []*flight
	for _, f := range batch {
		if r, ok := had[f.kept.AppID+"\n"+f.kept.PushKey]; ok {
			f.kept.Answer.Body, f.kept.Answer.RuleID, f.kept.Answer.Version = []byte(r.Answer), r.RuleID, r.RuleVersion
			continue
		}
		news = append(news, f)
	}
	return news, nil
}

// hand lets the takers act on new pushes, and keeps the answer of those that one of them answers itself.
func (s *Service) hand(tx *gorm.DB, kept []*model.Kept) error {
	if err := s.name(tx, kept); err != nil {
		return fmt.Errorf("pushes of fans: %w", err)
	}
	for _, t := range s.takers {
		if err := t.Take(tx, kept); err != nil {
			return err
		}
	}
	for _, k := range kept { // a repeat hears what the first one did
		if !k.Restated {
			continue
		}
		if err := tx.Model(&row{}).Where("appid = ? AND push_key = ?", k.AppID, k.PushKey).
			Updates(map[string]any{"answer": string(k.Answer.Body), "rule_id": k.Answer.RuleID, "rule_version": k.Answer.Version, "keyword": model.Cut(k.Answer.Keyword, 256)}).Error; err != nil {
			return fmt.Errorf("answer of push %s: %w", k.PushKey, err)
		}
	}
	return nil
}

// name gives the pushes of fans the fan's number. One that an earlier transaction committed is remembered
// for a minute: the fan who writes ten messages is looked up once. What this transaction makes is not, as
// it may be undone.
func (s *Service) name(tx *gorm.DB, kept []*model.Kept) error {
	unknown := map[string][]*model.Kept{}
	for _, k := range kept {
		if !ofFan(&k.Push) || k.FromUserName == "" {
			continue
		}
		id, ok := s.known.get(k.AppID + "\n" + string(k.FromUserName))
		if !ok {
			unknown[k.AppID] = append(unknown[k.AppID], k)
			continue
		}
		k.PersonID = id
	}
	for _, appid := range slices.Sorted(maps.Keys(unknown)) {
		openids := make([]model.OpenID, 0, len(unknown[appid]))
		for _, k := range unknown[appid] {
			openids = append(openids, k.FromUserName)
		}
		slices.Sort(openids) // one order for all instances
		ids, err := s.persons.EnsureAll(tx, appid, slices.Compact(openids))
		if err != nil {
			return err
		}
		for _, k := range unknown[appid] {
			k.PersonID = ids[k.FromUserName]
		}
	}
	return nil
}

// remember notes the numbers of a batch that was committed.
func (s *Service) remember(kept []*model.Kept) {
	for _, k := range kept {
		if k.PersonID != 0 {
			s.known.put(k.AppID+"\n"+string(k.FromUserName), k.PersonID)
		}
	}
}

// numbers is a small memory in two generations of half a minute, so that forgetting costs nothing.
type numbers struct {
	mu         sync.Mutex
	young, old map[string]int64
	turn       time.Time
}

func (n *numbers) get(key string) (int64, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.age()
	id, ok := n.young[key]
	if !ok {
		id, ok = n.old[key]
	}
	return id, ok
}

func (n *numbers) put(key string, id int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.age()
	n.young[key] = id
}

func (n *numbers) age() {
	switch now := time.Now(); {
	case n.young == nil || now.Sub(n.turn) > time.Minute:
		n.young, n.old, n.turn = map[string]int64{}, nil, now
	case now.Sub(n.turn) > 30*time.Second || len(n.young) > 50_000:
		n.young, n.old, n.turn = map[string]int64{}, n.young, now
	}
}

func (n *numbers) drop(key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.young, key)
	delete(n.old, key)
}

// ofFan tells a fan's own doing from WeChat's news about jobs, checks and payments.
func ofFan(p *model.Push) bool {
	if p.MsgType != "event" {
		return true
	}
	switch p.Event {
	case "subscribe", "unsubscribe", "SCAN", "LOCATION", "CLICK", "VIEW", "view_miniprogram", "scancode_push", "scancode_waitmsg",
		"pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select", "user_enter_tempsession":
		return true
	}
	return false
}

// HandJob is the kind of the job that acts on a push that was kept without.
const HandJob = "inbox.hand"

type handJob struct {
	AppID   string `json:"appid"`
	PushKey string `json:"push_key"`
}

// Hand acts on a push that was kept without: the job HandJob. Twice is safe.
func (s *Service) Hand(ctx context.Context, payload json.RawMessage) error {
	var j handJob
	if err := json.Unmarshal(payload, &j); err != nil {
		return fmt.Errorf("hand a push on: %w: %w", model.ErrInvalid, err)
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var r row
		if err := store.Lock(tx).Where("appid = ? AND push_key = ?", j.AppID, j.PushKey).Take(&r).Error; err != nil {
			return fmt.Errorf("push %s: %w", j.PushKey, err)
		}
		if r.Handed {
			return nil
		}
		k := &model.Kept{Push: r.push(), PushKey: r.PushKey, At: r.HappenedAt.UTC(), Heard: true}
		k.Answer = s.answers.Answer(&k.Push, k.At)
		k.Answer.Body = []byte(r.Answer)
		if err := s.hand(tx, []*model.Kept{k}); err != nil {
			return err
		}
		return tx.Model(&row{}).Where("id = ?", r.ID).Update("handed", true).Error
	})
}

func (r *row) push() model.Push {
	p := model.Push{
		AppID: r.AppID, FromUserName: model.OpenID(r.OpenID), MsgType: r.MsgType, Event: r.Event, EventKey: r.EventKey, Content: r.Content,
		MsgID: msgID(r.PushKey), CreateTime: r.HappenedAt.Unix(), Raw: []byte(r.Raw),
	}
	if r.MsgType == "voice" && r.Content != "" {
		p.Fields = []model.PushField{{Path: "Recognition", Value: r.Content}}
	}
	return p
}

func msgID(key string) string {
	if id, ok := strings.CutPrefix(key, "m"); ok {
		return id
	}
	return ""
}

// Windows gives the fan's open windows at a time, without what was used of them: of each origin the
// latest act counts, since a new message opens the window anew.
func (s *Service) Windows(ctx context.Context, appid string, openid model.OpenID, at time.Time) ([]model.Window, error) {
	var rows []row
	if err := s.db.WithContext(ctx).Select("id", "appid", "push_key", "openid", "msg_type", "event", "event_key", "happened_at").
		Where("appid = ? AND openid = ? AND happened_at > ?", appid, string(openid), model.Milli(at.Add(-48*time.Hour))).
		Order("happened_at DESC").Limit(200).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("windows of a fan: %w", err)
	}
	var out []model.Window
	for i := range rows {
		p := rows[i].push()
		w, ok := p.Opens()
		if !ok || !at.Before(w.Ends) || w.Opened.After(at.Add(time.Minute)) ||
			slices.ContainsFunc(out, func(o model.Window) bool { return o.Origin == w.Origin }) {
			continue
		}
		out = append(out, w)
	}
	return out, nil
}

// OurName is the account's gh_ id as the latest push named it; empty when there is none to ask.
func (s *Service) OurName(ctx context.Context, appid string) (string, error) {
	var raw []string
	if err := s.db.WithContext(ctx).Model(&row{}).Where("appid = ? AND raw <> ''", appid).Order("id DESC").Limit(1).Pluck("raw", &raw).Error; err != nil {
		return "", fmt.Errorf("our name: %w", err)
	}
	if len(raw) == 0 {
		return "", nil
	}
	if m := toUserName.FindStringSubmatch(raw[0]); m != nil {
		return m[1], nil
	}
	return "", nil
}

// toUserName reads both forms of a push.
var toUserName = regexp.MustCompile(`(?:<ToUserName>(?:<!\[CDATA\[)?|"ToUserName"\s*:\s*")([A-Za-z0-9_\-]+)`)

// sweepBatch is how many rows one statement of a walk changes: few, so that no push waits long for a lock.
const sweepBatch = 500

// Sweep forgets the bodies of pushes older than keep: what was said, the push word for word, and the answer. That it
// came, when, of whom, of what kind, which rule answered and the key it is known by stay. One walk over the past,
// from its oldest row on, a few rows at a time; ended half-way, the next one takes what is left.
func (s *Service) Sweep(ctx context.Context, keep time.Duration) error {
	db, end := s.db.WithContext(ctx), model.Milli(s.now().Add(-keep))
	var accounts []string
	if err := db.Model(&row{}).Distinct("appid").Pluck("appid", &accounts).Error; err != nil {
		return fmt.Errorf("sweep pushes: %w", err)
	}
	for _, appid := range accounts { // the index is by account and time
		for from := time.Unix(0, 0).UTC(); ; {
			var rows []row
			if err := db.Select("id", "received_at").Where("appid = ? AND received_at >= ? AND received_at < ? AND (raw <> '' OR content <> '' OR answer <> '')", appid, from, end).
				Order("received_at").Limit(sweepBatch).Find(&rows).Error; err != nil {
				return fmt.Errorf("sweep pushes: %w", err)
			}
			if len(rows) == 0 {
				break
			}
			ids := make([]int64, len(rows))
			for i, r := range rows {
				ids[i] = r.ID
			}
			if err := db.Model(&row{}).Where("id IN ?", ids).Updates(map[string]any{"raw": "", "content": "", "answer": ""}).Error; err != nil {
				return fmt.Errorf("sweep pushes: %w", err)
			}
			from = rows[len(rows)-1].ReceivedAt // others of this very moment are found again, the swept ones not
		}
	}
	return nil
}

// Erase forgets what a fan said and was answered. It belongs to the caller's transaction.
func (s *Service) Erase(tx *gorm.DB, appid string, openid model.OpenID) error {
	if err := tx.Where("appid = ? AND openid = ?", appid, string(openid)).Delete(&row{}).Error; err != nil {
		return fmt.Errorf("erase pushes: %w", err)
	}
	s.known.drop(appid + "\n" + string(openid))
	return nil
}

// Unanswered is a sentence that met no keyword, as fans typed it.
type Unanswered struct {
	Text  string
	Times int64
	Last  time.Time
}

// Unanswered groups what fans typed in the last days and no rule or only the default answered, folded as
// keywords are; the most frequent first.
func (s *Service) Unanswered(ctx context.Context, days int) ([]Unanswered, error) {
	var rows []row
	if err := s.db.WithContext(ctx).Select("id", "content", "happened_at").
		Where("appid = ? AND received_at >= ? AND msg_type = ? AND keyword = '' AND content <> ''", s.appid, model.Milli(s.now().AddDate(0, 0, -days)), "text").
		Order("id DESC").Limit(20_000).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("unanswered: %w", err)
	}
	place := map[string]int{}
	var out []Unanswered
	for _, r := range rows {
		key := model.Fold(r.Content)
		i, ok := place[key]
		if !ok {
			i = len(out)
			place[key] = i
			out = append(out, Unanswered{Text: model.Cut(r.Content, 200), Last: r.HappenedAt.UTC()})
		}
		out[i].Times++
	}
	slices.SortStableFunc(out, func(a, b Unanswered) int { return cmp.Compare(b.Times, a.Times) })
	return out[:min(len(out), 200)], nil
}
