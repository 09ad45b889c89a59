package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
)

// namespace of the ids of sends: the same fact has the same id at every address and at every telling.
var namespace = uuid.MustParse("2f0f1b0e-6a0e-4a1c-9f0d-3f6c1d0c9a51")

// Job is the kind of the job that sends.
const Job = "webhook.send"

// job names a send and which turn of it: every try, and every time an operator asks again, is a job of its own.
type job struct {
	ID int64 `json:"id"`
}

// body is what is sent. Source of the shape: Standard Webhooks, payload structure.
type body struct {
	Type      model.EventType `json:"type"`
	Timestamp time.Time       `json:"timestamp"` // when it happened
	Data      data            `json:"data"`
}

type data struct {
	AppID      string    `json:"appid"`
	PersonID   int64     `json:"person_id,omitempty"`
	OutTradeNo string    `json:"out_trade_no,omitempty"`
	Amount     model.Fen `json:"amount,omitempty"` // fen
	CourseID   int64     `json:"course_id,omitempty"`
	ArticleID  int64     `json:"article_id,omitempty"`
	CampaignID int64     `json:"campaign_id,omitempty"`
	Channel    string    `json:"channel,omitempty"`
	Code       string    `json:"code,omitempty"`
}

// Tell joins the transaction of the facts and writes down whom to tell. A fact told twice is one send.
func (s *Service) Tell(tx *gorm.DB, facts ...model.Event) error {
	hooks, err := s.inForce(tx)
	if err != nil || len(hooks) == 0 {
		return err
	}
	for _, e := range facts {
		var raw string
		for _, w := range hooks {
			if !w.Wants(e.Type) {
				continue
			}
			if raw == "" {
				b, err := json.Marshal(body{e.Type, e.OccurredAt.UTC(), data{e.AppID, e.PersonID, e.OutTradeNo, e.Amount, e.CourseID, e.ArticleID, e.CampaignID, e.Channel, e.Code}})
				if err != nil {
					return fmt.Errorf("webhook %s: %w", e.Key, err)
				}
				raw = string(b)
			}
			if err := s.put(tx, w, e.Type, uuid.NewSHA1(namespace, []byte(e.AppID+"\x00"+e.Key)).String(), raw); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) put(tx *gorm.DB, w model.Webhook, t model.EventType, uid, raw string) error {
	at := model.Milli(s.o.Now())
	x := model.WebhookSend{AppID: s.o.AppID, WebhookID: w.ID, UID: uid, Type: t, Body: raw, State: model.WebhookWaiting, NextAt: &at, CreatedAt: at}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&x)
	if res.Error != nil {
		return fmt.Errorf("webhook %d: %w", w.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		return nil
	}
	return s.queue(tx, x, time.Time{})
}

func (s *Service) queue(tx *gorm.DB, x model.WebhookSend, at time.Time) error {
	return s.o.Jobs.Add(tx, Job, fmt.Sprintf("%d:%d:%d", x.ID, x.Attempts, x.NextAt.UnixMilli()), job{x.ID}, at)
}
