package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
)

// A question is asked by whoever may look, so whoever may look may keep it: nothing but the list changes.
func (d *Door) registerQuestion(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{"figures"}, MaxBodyBytes: 8 << 10}
	}
	save := op("saveQuestion", "POST", "/questions", "Keep a question, for oneself or for all")
	save.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("questions", "GET", "/questions", "Questions kept: one's own, and those others share"), d.questions)
	verb(d, api, model.RightRead, save, d.saveQuestion)
	verb(d, api, model.RightRead, op("changeQuestion", "PUT", "/questions/{id}", "Change a question of one's own; the owner of the house also a shared one"), d.changeQuestion)
	verb(d, api, model.RightRead, op("deleteQuestion", "DELETE", "/questions/{id}", "Take a question away"), d.deleteQuestion)
}

type questionIn struct {
	Page   string `json:"page" enum:"funnel,attribution,retention"`
	Name   string `json:"name" maxLength:"200" doc:"1 to 40 characters, one of its kind among one's own on the page"`
	Query  string `json:"query" maxLength:"2000" doc:"what the page's address says"`
	Shared bool   `json:"shared" doc:"everybody sees it"`
}

type questionBody struct {
	ID        int64     `json:"id"`
	Page      string    `json:"page" enum:"funnel,attribution,retention"`
	Name      string    `json:"name"`
	Query     string    `json:"query"`
	Shared    bool      `json:"shared"`
	OwnerName string    `json:"owner_name"`
	Mine      bool      `json:"mine" doc:"whoever asks may change it"`
	UpdatedAt time.Time `json:"updated_at"`
}

func viewQuestion(by model.Operator, q model.SavedQuestion) questionBody {
	return questionBody{q.ID, q.Page, q.Name, q.Query, q.Shared, q.OwnerName, q.OwnerID == by.ID || q.Shared && by.Role.May(model.RightOwn), q.UpdatedAt.UTC()}
}

type questionOut struct{ Body questionBody }

type questionsOut struct {
	Body struct {
		Items []questionBody `json:"items"`
	}
}

func (d *Door) questions(ctx context.Context, _ *struct{}) (*questionsOut, error) {
	by := OperatorFrom(ctx)
	list, err := d.Questions.List(ctx, by)
	if err != nil {
		return nil, err
	}
	out := &questionsOut{}
	out.Body.Items = make([]questionBody, 0, len(list))
	for _, q := range list {
		out.Body.Items = append(out.Body.Items, viewQuestion(by, q))
	}
	return out, nil
}

func (d *Door) keepQuestion(ctx context.Context, id int64, in questionIn) (*questionOut, error) {
	by := OperatorFrom(ctx)
	q, err := d.Questions.Save(ctx, by, model.SavedQuestion{ID: id, Page: in.Page, Name: in.Name, Query: in.Query, Shared: in.Shared})
	if err != nil {
		return nil, err
	}
	return &questionOut{viewQuestion(by, q)}, nil
}

func (d *Door) saveQuestion(ctx context.Context, in *struct{ Body questionIn }) (*questionOut, error) {
	return d.keepQuestion(ctx, 0, in.Body)
}

func (d *Door) changeQuestion(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
	Body questionIn
}) (*questionOut, error) {
	return d.keepQuestion(ctx, in.ID, in.Body)
}

func (d *Door) deleteQuestion(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}) (*struct{}, error) {
	return nil, d.Questions.Delete(ctx, OperatorFrom(ctx), in.ID)
}
