package console

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/redeem"
)

func (d *Door) registerRedeem(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{"redeem"}, MaxBodyBytes: 4 << 10}
	}
	create := op("createRedeemBatch", "POST", "/redeem-batches", "Make a batch of redeem codes for a course")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("redeemBatches", "GET", "/redeem-batches", "Batches of redeem codes, the newest first"), d.redeemBatches)
	verb(d, api, model.RightMoney, create, d.createRedeemBatch)
	verb(d, api, model.RightRead, op("redeemBatch", "GET", "/redeem-batches/{id}", "One batch"), d.redeemBatch)
	verb(d, api, model.RightRead, op("redeemCodes", "GET", "/redeem-codes", "Codes: what became of each; unused ones are masked for whom they are not"), d.redeemCodes)
	verb(d, api, model.RightMoney, op("redeemFile", "GET", "/redeem-batches/{id}/codes.csv", "A batch's codes as CSV, to be given out"), d.redeemFile)
	verb(d, api, model.RightMoney, op("withdrawRedeem", "POST", "/redeem-batches/{id}/withdraw", "Withdraw unused codes of a batch: one, or all"), d.withdrawRedeem)
}

type batchBody struct {
	ID         int64     `json:"id"`
	CourseID   int64     `json:"course_id"`
	Size       int       `json:"size" doc:"codes made"`
	Redeemed   int64     `json:"redeemed"`
	Withdrawn  int64     `json:"withdrawn"`
	AccessDays int       `json:"access_days" doc:"how long a redeemed code opens the course; 0: for ever"`
	StartsAt   time.Time `json:"starts_at"`
	EndsAt     time.Time `json:"ends_at" doc:"to be redeemed before"`
	Over       bool      `json:"over" doc:"it is too late to redeem"`
	Note       string    `json:"note"`
	CreatedBy  string    `json:"created_by"`
	CreatedAt  time.Time `json:"created_at"`
}

func (d *Door) viewBatch(b redeem.Batch) batchBody {
	return batchBody{ID: b.ID, CourseID: b.CourseID, Size: b.Size, Redeemed: b.Redeemed, Withdrawn: b.Withdrawn, AccessDays: b.AccessDays, StartsAt: b.StartsAt.UTC(), EndsAt: b.EndsAt.UTC(),
		Over: !d.Redeems.Now().Before(b.EndsAt), Note: b.Note, CreatedBy: b.CreatedBy, CreatedAt: b.CreatedAt.UTC()}
}

type (
	batchOut   struct{ Body batchBody }
	batchesOut struct {
		Body respond.Page[batchBody]
	}
)

func (d *Door) redeemBatches(ctx context.Context, in *PageIn) (*batchesOut, error) {
	return page(in, "redeem", func(before int64, limit int) ([]batchBody, error) {
		all, err := d.Redeems.Batches(ctx, before, limit)
		items := make([]batchBody, 0, len(all))
		for _, b := range all {
			items = append(items, d.viewBatch(b))
		}
		return items, err
	}, func(b batchBody) int64 { return b.ID }, func(p respond.Page[batchBody]) *batchesOut { return &batchesOut{Body: p} })
}

func (d *Door) createRedeemBatch(ctx context.Context, in *struct {
	Body struct {
		CourseID   int64     `json:"course_id"`
		Size       int       `json:"size" doc:"1 to 10000"`
		AccessDays int       `json:"access_days,omitempty" doc:"0: for ever"`
		StartsAt   time.Time `json:"starts_at"`
		EndsAt     time.Time `json:"ends_at"`
		Note       string    `json:"note" doc:"who gets them, and why"`
	}
}) (*batchOut, error) {
	b := in.Body
	made, err := d.Redeems.Create(ctx, OperatorFrom(ctx), redeem.Input{CourseID: b.CourseID, Size: b.Size, AccessDays: b.AccessDays, StartsAt: b.StartsAt, EndsAt: b.EndsAt, Note: b.Note})
	if err != nil {
		return nil, err
	}
	return &batchOut{Body: d.viewBatch(made)}, nil
}

// BatchPath names a batch of redeem codes.
type BatchPath struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

func (d *Door) redeemBatch(ctx context.Context, in *BatchPath) (*batchOut, error) {
	b, err := d.Redeems.Batch(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &batchOut{Body: d.viewBatch(b)}, nil
}

type codeBody struct {
	ID           int64              `json:"id"`
	BatchID      int64              `json:"batch_id"`
	Code         string             `json:"code" doc:"unused ones only for whom money is a right, else masked"`
	Status       model.RedeemStatus `json:"status" enum:"unused,redeemed,withdrawn"`
	LearnerID    int64              `json:"learner_id,omitempty" doc:"who redeemed it"`
	RedeemedAt   *time.Time         `json:"redeemed_at,omitempty"`
	WithdrawnAt  *time.Time         `json:"withdrawn_at,omitempty"`
	WithdrawnBy  string             `json:"withdrawn_by,omitempty"`
	WithdrawnWhy string             `json:"withdrawn_why,omitempty"`
}

type codesOut struct {
	Body respond.Page[codeBody]
}

func (d *Door) redeemCodes(ctx context.Context, in *struct {
	PageIn
	BatchID int64  `query:"batch_id" minimum:"0" maximum:"9007199254740991"`
	Status  string `query:"status" enum:"unused,redeemed,withdrawn"`
	Code    string `query:"code" maxLength:"64" doc:"one code, however it was typed"`
}) (*codesOut, error) {
	after, err := respond.FromPageToken("redeem-codes", in.PageToken)
	if err != nil {
		return nil, err
	}
	list, err := d.Redeems.Codes(ctx, redeem.Filter{BatchID: in.BatchID, Status: model.RedeemStatus(in.Status), Code: in.Code}, after, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	whole := OperatorFrom(ctx).Role.May(model.RightMoney)
	return &codesOut{Body: pageOf(list, in.PageSize, "redeem-codes", func(c model.RedeemCode) int64 { return c.ID }, func(c model.RedeemCode) codeBody {
		b := codeBody{ID: c.ID, BatchID: c.BatchID, Code: c.Shown(), Status: c.Status, LearnerID: c.LearnerID, RedeemedAt: c.RedeemedAt, WithdrawnAt: c.WithdrawnAt, WithdrawnBy: c.WithdrawnBy, WithdrawnWhy: c.WithdrawnWhy}
		if !whole && c.Status == model.RedeemUnused {
			b.Code = c.Masked()
		}
		return b
	})}, nil
}

var redeemWords = map[model.RedeemStatus]string{model.RedeemUnused: "未兑换", model.RedeemRedeemed: "已兑换", model.RedeemWithdrawn: "已作废"}

// redeemFile writes down who took the codes out before the first one leaves.
func (d *Door) redeemFile(ctx context.Context, in *BatchPath) (*huma.StreamResponse, error) {
	b, err := d.Redeems.Batch(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := d.Redeems.Exported(ctx, OperatorFrom(ctx), b.ID); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		after := int64(0)
		sendCSV(c, fmt.Sprintf("redeem-%d.csv", b.ID), []string{"兑换码", "状态", "学员", "兑换时间", "有效期到"}, func() ([][]string, error) {
			list, err := d.Redeems.Codes(c.Request.Context(), redeem.Filter{BatchID: b.ID}, after, 500)
			if err != nil {
				return nil, err
			}
			rows := make([][]string, 0, len(list))
			for _, x := range list {
				after = x.ID
				who, at := "", ""
				if x.RedeemedAt != nil {
					who, at = fmt.Sprint(x.LearnerID), x.RedeemedAt.In(model.Shanghai).Format(time.DateTime)
				}
				word := redeemWords[x.Status]
				if x.Status == model.RedeemUnused && x.HandedAt != nil {
					word = "已发给得奖的人" // not to be given out again
				}
				rows = append(rows, []string{x.Shown(), word, who, at, b.EndsAt.In(model.Shanghai).Format(time.DateTime)})
			}
			return rows, nil
		})
	}}, nil
}

type withdrawnOut struct {
	Body struct {
		Withdrawn int64 `json:"withdrawn"`
	}
}

func (d *Door) withdrawRedeem(ctx context.Context, in *struct {
	BatchPath
	Body struct {
		CodeID int64  `json:"code_id,omitempty" minimum:"0" maximum:"9007199254740991" doc:"only this code; absent: all unused ones"`
		Reason string `json:"reason"`
	}
}) (*withdrawnOut, error) {
	n, err := d.Redeems.Withdraw(ctx, OperatorFrom(ctx), in.ID, in.Body.CodeID, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	out := &withdrawnOut{}
	out.Body.Withdrawn = n
	return out, nil
}
