package connection

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// What is seen at the doors of the message push, beside the reasons of service/wechat's refusals.
const (
	sawPush         = "push"          // verified and opened
	sawEcho         = "echo"          // WeChat's try of the address, answered
	sawBadSignature = "bad_signature" // in WeChat's form, but signed with another Token
	sawBadCipher    = "bad_cipher"    // signed with our Token, and our key does not open it
	sawNoKey        = "no_key"        // encrypted, and we have no key
	sawOtherApp     = "other_app"     // opened, and meant for another account
	sawPlain        = "plain_refused" // in the clear, where only sealed ones are taken
	sawStale        = "stale"         // signed, and too old or too new
	sawStranger     = "stranger"      // not in WeChat's form
	sawServed       = "served"        // a repeat that heard the answer kept
	sawSpooled      = "spooled"       // kept on disk, the database being away or slow
	sawDrained      = "drained"       // stored later, from the disk
)

// seenMinute is how often one instance saw something in one minute.
type seenMinute struct {
	AppID    string    `gorm:"column:appid;primaryKey"`
	What     string    `gorm:"primaryKey"`
	Minute   time.Time `gorm:"primaryKey"`
	Instance string    `gorm:"primaryKey"`
	Times    int64
	LastAt   time.Time
}

func (seenMinute) TableName() string { return "push_minutes" }

type seenKey struct {
	appid, what string
	minute      int64 // unix
}

type seenCount struct {
	times int64
	last  time.Time
	dirty bool
}

// Saw counts one knock at an app's door. It costs no more than a lock: Flush writes.
func (s *Service) Saw(appid, what string) { s.saw(appid, what, 1) }

func (s *Service) saw(appid, what string, times int64) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	k := seenKey{appid, what, now.Unix() / 60}
	c := s.seen[k]
	if c == nil {
		c = &seenCount{}
		s.seen[k] = c
	}
	c.times, c.last, c.dirty = c.times+times, now, true
}

// tell counts what the counters of others have gained since they were last looked at.
func (s *Service) tell() {
	for what, total := range map[string]func() int64{sawServed: s.o.Served, sawSpooled: s.o.Spooled, sawDrained: s.o.Drained} {
		if total == nil {
			continue
		}
		n := total()
		s.mu.Lock()
		gained := n - s.told[what]
		s.told[what] = n
		s.mu.Unlock()
		if gained > 0 {
			s.saw(s.o.AppID, what, gained)
		}
	}
}

// flushSeen writes the minutes that changed. Each row holds the whole count of its minute.
func (s *Service) flushSeen(ctx context.Context) error {
	s.tell()
	minute := s.now().Unix() / 60
	var rows []seenMinute
	s.mu.Lock()
	for k, c := range s.seen {
		if c.dirty {
			rows = append(rows, seenMinute{AppID: k.appid, What: k.what, Minute: time.Unix(k.minute*60, 0).UTC(), Instance: s.o.Instance, Times: c.times, LastAt: model.Milli(c.last)})
			c.dirty = false
		} else if k.minute < minute-1 {
			delete(s.seen, k)
		}
	}
	s.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	err := s.put(ctx, &rows, []string{"appid", "what", "minute", "instance"}, []string{"times", "last_at"})
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		if c := s.seen[seenKey{r.AppID, r.What, r.Minute.Unix() / 60}]; c != nil {
			c.dirty = true
		}
	}
	for k := range s.seen { // a database that stays away must not fill the memory
		if k.minute < minute-24*60 {
			delete(s.seen, k)
		}
	}
	return fmt.Errorf("keep what was seen: %w", err)
}

// put writes rows that hold the whole of what they count, so twice is as good as once: of two instances that write at
// the same time, MySQL may have one begin again.
func (s *Service) put(ctx context.Context, rows any, key, columns []string) error {
	on := clause.OnConflict{DoUpdates: clause.AssignmentColumns(columns)}
	for _, k := range key {
		on.Columns = append(on.Columns, clause.Column{Name: k})
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error { return tx.Clauses(on).CreateInBatches(rows, 200).Error })
}

// Sight is how often something was seen since an instant, by all instances, and when last.
type Sight struct {
	Times int64
	Last  time.Time // zero: not
}

// sights gives what an app's door has seen since; pushes and echoes before it are told by their last time alone.
func (s *Service) sights(ctx context.Context, appid string, since time.Time) (map[string]Sight, error) {
	db := s.db.WithContext(ctx)
	var rows []seenMinute
	err := db.Where("appid = ? AND minute >= ?", appid, model.Milli(since.Truncate(time.Minute))).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read what was seen: %w", err)
	}
	out := map[string]Sight{}
	for _, r := range rows {
		if r.LastAt.Before(since) {
			continue
		}
		one := out[r.What]
		one.Times += r.Times
		if r.LastAt.After(one.Last) {
			one.Last = r.LastAt.UTC()
		}
		out[r.What] = one
	}
	for _, what := range []string{sawPush, sawEcho} {
		if out[what].Times > 0 {
			continue
		}
		var last []seenMinute
		if err := db.Where("appid = ? AND what = ?", appid, what).Order("minute DESC").Limit(1).Find(&last).Error; err != nil {
			return nil, fmt.Errorf("read what was seen: %w", err)
		}
		if len(last) == 1 {
			out[what] = Sight{Last: last[0].LastAt.UTC()}
		}
	}
	return out, nil
}

// sweepSeen forgets what was seen before line, but not when each door was last knocked at rightly.
func (s *Service) sweepSeen(ctx context.Context, line time.Time) error {
	db := s.db.WithContext(ctx)
	kept := []string{sawPush, sawEcho}
	if err := db.Where("what NOT IN ? AND minute < ?", kept, model.Milli(line)).Delete(&seenMinute{}).Error; err != nil {
		return fmt.Errorf("sweep what was seen: %w", err)
	}
	for _, app := range s.o.Apps {
		for _, what := range kept {
			var last []seenMinute
			if err := db.Where("appid = ? AND what = ?", app.AppID, what).Order("minute DESC").Limit(1).Find(&last).Error; err != nil {
				return fmt.Errorf("sweep what was seen: %w", err)
			}
			if len(last) == 0 {
				continue
			}
			until := line
			if last[0].Minute.Before(until) {
				until = last[0].Minute
			}
			if err := db.Where("appid = ? AND what = ? AND minute < ?", app.AppID, what, model.Milli(until)).Delete(&seenMinute{}).Error; err != nil {
				return fmt.Errorf("sweep what was seen: %w", err)
			}
		}
	}
	return nil
}
