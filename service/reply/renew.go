package reply

import (
	"context"
	"fmt"
	"time"

	"loudou/model"
)

// renewedEvery is how often the names of renewed material are read; an old name is good for hours yet.
const renewedEvery = 5 * time.Second

// Renews says who uploads temporary material again: rules go on naming it as they did, and renewed gives what WeChat
// knows it by now. service/material.
func (s *Service) Renews(renewed func(ctx context.Context) (map[string]string, error)) {
	s.renewed = renewed
}

// refreshMedia reads the names, unless they were read just now. Those last known go on where it fails.
func (s *Service) refreshMedia(ctx context.Context) error {
	if s.renewed == nil || time.Since(s.renewedAt) < renewedEvery {
		return nil
	}
	names, err := s.renewed(ctx)
	if err != nil {
		return err
	}
	s.renewedAt = time.Now()
	s.names.Store(&names)
	return nil
}

// current names m's material as WeChat knows it now.
func (s *Service) current(m model.Message) model.Message {
	names := s.names.Load()
	if names == nil {
		return m
	}
	for _, id := range []*string{&m.MediaID, &m.ThumbMediaID} {
		if now, ok := (*names)[*id]; ok {
			*id = now
		}
	}
	return m
}

// MediaUses tells which material rules refer to: those on the desk and those that answer now.
func (s *Service) MediaUses(ctx context.Context) ([]model.MaterialUse, error) {
	desk, err := s.Desk(ctx)
	if err != nil {
		return nil, err
	}
	_, live, err := s.newest(s.db.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	var out []model.MaterialUse
	at := map[model.MaterialUse]int{}
	note := func(rules []model.Rule, live bool) {
		for i := range rules {
			r := &rules[i]
			each(r, func(_ string, m *model.Message) {
				for _, id := range []string{m.MediaID, m.ThumbMediaID} {
					if id == "" {
						continue
					}
					u := model.MaterialUse{MediaID: id, Where: "reply", Title: "回复规则「" + r.Name + "」", Link: fmt.Sprintf("/replies/%d", r.ID)}
					if r.Kind == model.RuleFollow {
						u.Where, u.Title = "welcome", "关注欢迎语「"+r.Name+"」"
					}
					if n, had := at[u]; had {
						out[n].Live = out[n].Live || live && r.Enabled
						continue
					}
					at[u] = len(out)
					u.Live = live && r.Enabled
					out = append(out, u)
				}
			})
		}
	}
	note(desk, false)
	note(live, true)
	return out, nil
}
