package inbox

import (
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
)

// Events takes facts in: service/event.
type Events interface {
	AddAll(tx *gorm.DB, facts []model.Event) error
}

// Origins knows what a scene stands for: service/scene.
type Origins interface {
	Origin(tx *gorm.DB, appid, scene string) (channel string, campaignID int64, err error)
}

// Facts turns a fan's pushes into events: follow, unfollow, scan, menu_click, message. It is a Taker.
type Facts struct {
	Events  Events
	Origins Origins
	AppID   string // the Official Account's; other apps' pushes are no touch
}

// Take adds the events of new pushes; their natural keys come from the push's.
func (f *Facts) Take(tx *gorm.DB, kept []*model.Kept) error {
	facts := make([]model.Event, 0, len(kept))
	for _, k := range kept {
		if k.AppID != f.AppID || k.PersonID == 0 {
			continue
		}
		e := model.Event{AppID: k.AppID, OccurredAt: k.At, PersonID: k.PersonID}
		if scene := k.Scene(); scene != "" && len(scene) <= 64 {
			channel, campaign, err := f.Origins.Origin(tx, k.AppID, scene)
			if err != nil {
				return fmt.Errorf("facts of push %s: %w", k.PushKey, err)
			}
			e.Code, e.Channel, e.CampaignID = scene, channel, campaign
		}
		for _, t := range types(&k.Push) {
			e.Type, e.Key = t, string(t)+":"+k.AppID+":"+k.PushKey
			if t == model.EventMenuClick {
				e.Props = map[string]any{"button": k.Event, "key": model.Cut(k.EventKey, 256)}
			}
			facts = append(facts, e)
		}
	}
	if len(facts) == 0 {
		return nil
	}
	return f.Events.AddAll(tx, facts)
}

// types are the events a fan's push is. A follow through a code is a scan as well.
func types(p *model.Push) []model.EventType {
	if p.MsgType != "event" {
		return []model.EventType{model.EventMessage}
	}
	switch p.Event {
	case "subscribe":
		if p.Scene() != "" {
			return []model.EventType{model.EventFollow, model.EventScan}
		}
		return []model.EventType{model.EventFollow}
	case "unsubscribe":
		return []model.EventType{model.EventUnfollow}
	case "SCAN":
		return []model.EventType{model.EventScan}
	case "CLICK", "VIEW", "view_miniprogram", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		return []model.EventType{model.EventMenuClick}
	}
	return nil
}
