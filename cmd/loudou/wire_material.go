package main

import (
	"context"
	"time"

	"loudou/model"
	"loudou/service/material"
	"loudou/service/media"
	"loudou/service/menu"
)

// library connects the account's material with those who refer to it.
func (h *house) library(account sendAccount) {
	h.materials = material.New(h.db, h.cfg.OfficialAppID, account, h.media, h.jobs, h.operators, h.materialUses, h.clock.now)
	h.replies.Renews(h.materials.Renewed)
	h.menus.Looks(menu.Things{OnSale: h.onSale, Material: h.materials.Facts, Dead: h.dead, MiniAppID: h.cfg.MiniAppID})
	h.jobs.Handle(material.SyncJob, h.materials.Sync)
	h.jobs.Every("material.sync", time.Minute, h.materials.ResumeSync)
	if h.official != nil {
		h.jobs.Every("material.renew", 10*time.Minute, h.materials.Renew)
		h.jobs.Every("material.nightly", 10*time.Minute, h.materials.Nightly)
	}
}

// materialUses asks everybody who refers to material.
func (h *house) materialUses(ctx context.Context) ([]model.MaterialUse, error) {
	var out []model.MaterialUse
	for _, ask := range []func(context.Context) ([]model.MaterialUse, error){h.replies.MediaUses, h.menus.MediaUses, h.drafts.MediaUses, h.broadcasts.MediaUses} {
		some, err := ask(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// dead asks for articles that are taken away; who publishes is connected later than who asks.
func (h *house) dead(ctx context.Context, articles []string) (map[string]string, error) {
	return h.drafts.Dead(ctx, articles)
}

// pictures are our files, and what they are at WeChat.
type pictures struct {
	*media.Service
	materials *material.Service
}

func (p pictures) AsMaterial(ctx context.Context, by model.Operator, address string) (string, error) {
	return p.materials.AsMaterial(ctx, by, address)
}

func (noOfficial) UploadMaterial(context.Context, model.MaterialUpload) (model.MaterialAt, error) {
	return model.MaterialAt{}, errNoOfficial
}

func (noOfficial) MaterialCount(context.Context) (map[model.MaterialKind]int64, error) {
	return nil, errNoOfficial
}

func (noOfficial) MaterialPage(context.Context, model.MaterialKind, int) ([]model.MaterialItem, int, error) {
	return nil, 0, errNoOfficial
}

func (noOfficial) MaterialGet(context.Context, string) (model.MaterialContent, error) {
	return model.MaterialContent{}, errNoOfficial
}

func (noOfficial) MaterialDelete(context.Context, string) error { return errNoOfficial }
