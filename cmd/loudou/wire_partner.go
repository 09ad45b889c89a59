package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"loudou/model"
	"loudou/service/partner"
)

// partner makes the partners' service, and has their months settled.
func (h *house) partner() {
	h.partners = partner.New(h.db, h.cfg.OfficialAppID, h.figures, ownable{h}, h.operators, h.clock.now)
	h.jobs.Every("partner.settle", time.Hour, h.partners.Settle)
}

// ownable knows what a partner can own.
type ownable struct{ h *house }

func (o ownable) Known(ctx context.Context, kind model.PartnerKind, ref string) (bool, error) {
	switch kind {
	case model.PartnerCode:
		found, err := o.h.scenes.Ends(ctx, []string{ref})
		return len(found) > 0, err
	case model.PartnerLink:
		return o.h.campaigns.HasLink(ctx, ref)
	case model.PartnerCampaign:
		id, err := strconv.ParseInt(ref, 10, 64)
		if err != nil || strconv.FormatInt(id, 10) != ref {
			return false, nil //nolint:nilerr // what is no number is no campaign
		}
		_, err = o.h.campaigns.One(ctx, id)
		if errors.Is(err, model.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	return false, nil
}

// postable knows the codes that can stand on a poster.
type postable struct{ h *house }

func (o postable) Says(ctx context.Context, kind model.PosterKind, ref string) (string, error) {
	if kind == model.PosterCode {
		return o.h.scenes.Address(ctx, ref)
	}
	ok, err := o.h.campaigns.HasLink(ctx, ref)
	if err == nil && !ok {
		err = model.ErrNotFound
	}
	return strings.TrimSuffix(o.h.cfg.PublicURL, "/") + "/r/" + ref, err
}

func (o postable) HasCampaign(ctx context.Context, id int64) (bool, error) {
	_, err := o.h.campaigns.One(ctx, id)
	if errors.Is(err, model.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
