package scene_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/scene"
)

// maker gives tickets for every scene but those that WeChat does not want.
type maker struct {
	refused map[string]bool
	lives   map[string]time.Duration
	calls   int
}

func (m *maker) MakeCode(_ context.Context, name string, life time.Duration) (ticket, url string, expires *time.Time, err error) {
	m.calls++
	if m.refused[name] {
		return "", "", nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "微信不要这个场景值")
	}
	m.lives[name] = life
	end := time.Now().Add(life)
	return fmt.Sprintf("new-%d", m.calls), "http://weixin.qq.com/q/" + name, &end, nil
}

// Temporary codes get a new ticket before they end; what needs none is left alone; and as many as WeChat refuses, the
// others are not kept from it.
func TestRenew(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		m := &maker{refused: map[string]bool{}, lives: map[string]time.Duration{}}
		s := scene.New(db, "wx1", m, nil, nil, nil, nil, time.Now)
		now := time.Now().UTC()
		row := func(appid, name string, more map[string]any) map[string]any {
			r := map[string]any{"appid": appid, "scene": name, "permanent": false, "channel": "", "campaign_id": 0, "tag_id": 0, "batch_id": 0, "revision": 1, "ticket": "old", "url": "u",
				"expires_at": now.Add(24 * time.Hour), "operator_id": 1, "operator_name": "boss", "created_at": now.Add(-time.Hour), "updated_at": now.Add(-time.Hour), "disabled_at": nil}
			for k, v := range more {
				r[k] = v
			}
			return r
		}
		never := map[string]any{"ticket": "", "url": "", "expires_at": nil}
		rows := []map[string]any{
			row("wx1", "ends", nil), row("wx1", "fresh", map[string]any{"expires_at": now.Add(20 * 24 * time.Hour)}),
			row("wx1", "for ever", map[string]any{"permanent": true, "expires_at": nil}), row("wx1", "off", map[string]any{"disabled_at": now}),
			row("wx2", "another account's", nil),
		}
		for i := range 300 { // before "never" in every order
			name := fmt.Sprintf("refused %d", i)
			m.refused[name] = true
			rows = append(rows, row("wx1", name, never))
		}
		for i := range 250 {
			name := fmt.Sprintf("refused at its end %d", i)
			m.refused[name] = true
			rows = append(rows, row("wx1", name, map[string]any{"updated_at": now.Add(-2 * time.Hour)}))
		}
		rows = append(rows, row("wx1", "never", never), row("wx1", "of a batch", map[string]any{"ticket": "", "url": "", "expires_at": nil, "batch_id": 7}))
		if err := db.Table("scene_codes").CreateInBatches(rows, 50).Error; err != nil {
			t.Fatal(err)
		}
		for range 2 {
			before := m.calls
			if err := s.Renew(t.Context()); !errors.Is(err, model.ErrInvalid) {
				t.Errorf("err = %v, want what WeChat refused", err)
			}
			if n := m.calls - before; n > 400 {
				t.Errorf("%d calls at once", n)
			}
		}
		if len(m.lives) != 2 || m.lives["ends"] != 30*24*time.Hour || m.lives["never"] != 30*24*time.Hour {
			t.Errorf("made: %v", m.lives)
		}
		for name, renewed := range map[string]bool{"ends": true, "never": true, "fresh": false, "for ever": false, "off": false, "another account's": false, "of a batch": false, "refused 0": false} {
			var got struct {
				Ticket    string
				ExpiresAt *time.Time
			}
			if err := db.Table("scene_codes").Select("ticket", "expires_at").Where("scene = ?", name).Take(&got).Error; err != nil {
				t.Fatal(err)
			}
			made := len(got.Ticket) > 4 && got.Ticket[:4] == "new-"
			if made != renewed || renewed && (got.ExpiresAt == nil || got.ExpiresAt.Before(now.Add(29*24*time.Hour))) {
				t.Errorf("%s: %+v", name, got)
			}
		}
	})
}
