package main

import (
	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/event"
	"loudou/service/webhook"
)

// facts are kept as events and told to the company's own programs, in the transaction of the fact.
type facts struct {
	events *event.Service
	hooks  *webhook.Service
}

func (f facts) Add(tx *gorm.DB, e model.Event) error {
	if err := f.events.Add(tx, e); err != nil {
		return err
	}
	return f.hooks.Tell(tx, e)
}

func (f facts) AddAll(tx *gorm.DB, list []model.Event) error {
	if err := f.events.AddAll(tx, list); err != nil {
		return err
	}
	return f.hooks.Tell(tx, list...)
}
