package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/webhook"
)

func (d *Door) registerWebhook(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/webhooks" + path, Summary: summary, Tags: []string{"webhooks"}, MaxBodyBytes: 8 << 10}
	}
	create := op("createWebhook", "POST", "", "Tell a program of the company's own what happens")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightOwn, op("webhooks", "GET", "", "Addresses that are told, the newest first"), d.webhooks)
	verb(d, api, model.RightOwn, create, d.createWebhook)
	verb(d, api, model.RightOwn, op("changeWebhook", "PUT", "/{id}", "Change an address, or switch it on or off"), d.changeWebhook)
	verb(d, api, model.RightOwn, op("removeWebhook", "DELETE", "/{id}", "Remove an address; what waits for it is dropped"), d.removeWebhook)
	verb(d, api, model.RightOwn, op("revealWebhook", "POST", "/{id}/reveal", "The secret its signatures are checked with; who saw it is written down"), d.revealWebhook)
	verb(d, api, model.RightOwn, op("renewWebhook", "POST", "/{id}/renew", "Make another secret; the one before is dead at once"), d.renewWebhook)
	verb(d, api, model.RightOwn, op("pingWebhook", "POST", "/{id}/ping", "Send something harmless, once"), d.pingWebhook)
	verb(d, api, model.RightOwn, op("webhookSends", "GET", "/{id}/sends", "What was and is to be sent, the newest first; thirty days"), d.webhookSends)
	again := op("sendWebhookAgain", "POST", "", "Send what was given up again")
	again.Path = "/console/v1/webhook-sends/{id}/again"
	verb(d, api, model.RightOwn, again, d.sendWebhookAgain)
}

type webhookBody struct {
	ID        int64     `json:"id"`
	URL       string    `json:"url"`
	Types     []string  `json:"types"`
	Note      string    `json:"note"`
	Enabled   bool      `json:"enabled"`
	WhyOff    string    `json:"why_off,omitempty" doc:"where the service switched it off"`
	Waiting   int64     `json:"waiting"`
	Dead      int64     `json:"dead" doc:"given up within the last thirty days"`
	UpdatedBy string    `json:"updated_by"`
	UpdatedAt time.Time `json:"updated_at"`
}

func viewWebhook(w model.Webhook, n map[model.WebhookState]int64) webhookBody {
	return webhookBody{ID: w.ID, URL: w.URL, Types: strings.Fields(w.Types), Note: w.Note, Enabled: w.Enabled, WhyOff: w.WhyOff, Waiting: n[model.WebhookWaiting], Dead: n[model.WebhookDead], UpdatedBy: w.UpdatedBy, UpdatedAt: w.UpdatedAt.UTC()}
}

type (
	webhookIn struct {
		URL     string   `json:"url" maxLength:"600"`
		Types   []string `json:"types" maxItems:"20"`
		Note    string   `json:"note,omitempty" maxLength:"400"`
		Enabled bool     `json:"enabled"`
	}
	webhookOut  struct{ Body webhookBody }
	webhooksOut struct {
		Body struct {
			Items []webhookBody `json:"items"`
			Types []string      `json:"types" doc:"that may be chosen"`
		}
	}
	WebhookPath struct {
		ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
	}
	secretOut struct {
		CacheControl string `header:"Cache-Control"`
		Body         struct {
			Secret string `json:"secret"`
		}
	}
)

func (in webhookIn) draft() webhook.Draft {
	return webhook.Draft{URL: in.URL, Types: strings.Join(in.Types, " "), Note: in.Note, Enabled: in.Enabled}
}

func (d *Door) webhooks(ctx context.Context, _ *struct{}) (*webhooksOut, error) {
	list, err := d.Webhooks.List(ctx)
	if err != nil {
		return nil, err
	}
	n, err := d.Webhooks.Waiting(ctx)
	if err != nil {
		return nil, err
	}
	out := &webhooksOut{}
	out.Body.Items = []webhookBody{}
	for _, w := range list {
		out.Body.Items = append(out.Body.Items, viewWebhook(w, n[w.ID]))
	}
	for _, t := range model.WebhookTypes {
		out.Body.Types = append(out.Body.Types, string(t))
	}
	return out, nil
}

func (d *Door) createWebhook(ctx context.Context, in *struct{ Body webhookIn }) (*webhookOut, error) {
	w, err := d.Webhooks.Create(ctx, OperatorFrom(ctx), in.Body.draft())
	if err != nil {
		return nil, err
	}
	return &webhookOut{Body: viewWebhook(w, nil)}, nil
}

func (d *Door) changeWebhook(ctx context.Context, in *struct {
	WebhookPath
	Body webhookIn
}) (*webhookOut, error) {
	w, err := d.Webhooks.Change(ctx, OperatorFrom(ctx), in.ID, in.Body.draft())
	if err != nil {
		return nil, err
	}
	return &webhookOut{Body: viewWebhook(w, nil)}, nil
}

func (d *Door) removeWebhook(ctx context.Context, in *WebhookPath) (*struct{}, error) {
	return nil, d.Webhooks.Remove(ctx, OperatorFrom(ctx), in.ID)
}

func (d *Door) revealWebhook(ctx context.Context, in *WebhookPath) (*secretOut, error) {
	secret, err := d.Webhooks.Reveal(ctx, OperatorFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := &secretOut{CacheControl: "no-store"}
	out.Body.Secret = secret
	return out, nil
}

func (d *Door) renewWebhook(ctx context.Context, in *WebhookPath) (*secretOut, error) {
	w, err := d.Webhooks.NewSecret(ctx, OperatorFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := &secretOut{CacheControl: "no-store"}
	out.Body.Secret, err = d.Webhooks.Secret(w)
	return out, err
}

func (d *Door) pingWebhook(ctx context.Context, in *WebhookPath) (*struct{}, error) {
	return nil, d.Webhooks.Ping(ctx, in.ID)
}

type hookSendBody struct {
	ID        int64              `json:"id"`
	UID       string             `json:"uid" doc:"webhook-id"`
	Type      string             `json:"type"`
	State     model.WebhookState `json:"state" enum:"waiting,done,dead,dropped"`
	Attempts  int                `json:"attempts"`
	Code      int                `json:"code" doc:"HTTP status of the last try; 0: no answer"`
	Error     string             `json:"error,omitempty" doc:"in Chinese"`
	Body      string             `json:"body"`
	NextAt    *time.Time         `json:"next_at,omitempty"`
	CreatedAt time.Time          `json:"created_at"`
	DoneAt    *time.Time         `json:"done_at,omitempty"`
}

type hookSendsOut struct{ Body respond.Page[hookSendBody] }

func (d *Door) webhookSends(ctx context.Context, in *struct {
	WebhookPath
	PageIn
	State model.WebhookState `query:"state" enum:"waiting,done,dead,dropped"`
}) (*hookSendsOut, error) {
	return page(&in.PageIn, "webhook-sends", func(before int64, limit int) ([]hookSendBody, error) {
		list, err := d.Webhooks.Sends(ctx, in.ID, in.State, before, limit)
		items := make([]hookSendBody, 0, len(list))
		for _, x := range list {
			items = append(items, hookSendBody{ID: x.ID, UID: x.UID, Type: string(x.Type), State: x.State, Attempts: x.Attempts, Code: x.Code, Error: x.LastError, Body: x.Body, NextAt: x.NextAt, CreatedAt: x.CreatedAt.UTC(), DoneAt: x.DoneAt})
		}
		return items, err
	}, func(b hookSendBody) int64 { return b.ID }, func(p respond.Page[hookSendBody]) *hookSendsOut { return &hookSendsOut{Body: p} })
}

func (d *Door) sendWebhookAgain(ctx context.Context, in *WebhookPath) (*struct{}, error) {
	return nil, d.Webhooks.Again(ctx, in.ID)
}
