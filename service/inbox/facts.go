package inbox

import (
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
)

// Events takes facts in: service/event.
type Events interface {
	Add(tx *gorm.DB, e model.Event) error
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
	for _, k := range kept {
		if k.AppID != f.AppID || k.PersonID == 0 {
			continue
		}
		if err := f.add(tx, k); err != nil {
			return fmt.Errorf("facts of push %s: %w", k.PushKey, err)
		}
	}
	return nil
}

func (f *Facts) add(tx *gorm.DB, k *model.Kept) error {
	e := model.Event{AppID: k.AppID, OccurredAt: k.At, PersonID: k.PersonID}
	put := func(t model.EventType) error {
		e.Type, e.Key = t, string(t)+":"+k.AppID+":"+k.PushKey
		return f.Events.Add(tx, e)
	}
	if scene := k.Scene(); scene != "" && len(scene) <= 64 {
		channel, campaign, err := f.Origins.Origin(tx, k.AppID, scene)
		if err != nil {
			return err
		}
		e.Code, e.Channel, e.CampaignID = scene, channel, campaign
	}
	if k.MsgType != "event" {
		return put(model.EventMessage)
	}
	switch k.Event {
	case "subscribe":
		if err := put(model.EventFollow); err != nil {
			return err
		}
		if e.Code != "" {
			return put(model.EventScan)
		}
	case "unsubscribe":
		return put(model.EventUnfollow)
	case "SCAN":
		return put(model.EventScan)
	case "CLICK", "VIEW", "view_miniprogram", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		e.Props = map[string]any{"button": k.Event, "key": cut(k.EventKey, 256)}
		return put(model.EventMenuClick)
	}
	return nil
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
