package console

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/operator"
)

func (d *Door) registerAudit(api huma.API) {
	tags := []string{"audit"}
	verb(d, api, model.RightOwn, huma.Operation{OperationID: "listAudit", Method: "GET", Path: "/console/v1/audit", Summary: "Who changed what, when, from, to, why", Tags: tags}, d.listAudit)
	verb(d, api, model.RightOwn, huma.Operation{OperationID: "auditFile", Method: "GET", Path: "/console/v1/audit.csv", Summary: "The same as CSV", Tags: tags}, d.auditFile)
}

// AuditFilter is exported because huma fills only exported embedded structs.
type AuditFilter struct {
	Q        string `query:"q" maxLength:"100" doc:"a word of operator, action, object or its number"`
	Operator string `query:"operator" maxLength:"64"`
	Action   string `query:"action" maxLength:"64"`
	Object   string `query:"object" maxLength:"32"`
	ObjectID string `query:"object_id" maxLength:"128"`
	From     string `query:"from" format:"date" doc:"first day, Asia/Shanghai"`
	To       string `query:"to" format:"date" doc:"last day, included"`
}

func (f AuditFilter) read() (operator.Filter, error) {
	out := operator.Filter{Word: f.Q, Operator: f.Operator, Action: f.Action, Object: f.Object, ObjectID: f.ObjectID}
	from, to, err := days(f.From, f.To)
	out.From, out.To = from, to
	return out, err
}

func (f AuditFilter) scope() string {
	return strings.Join([]string{"audit", f.Q, f.Operator, f.Action, f.Object, f.ObjectID, f.From, f.To}, "\x00")
}

// days reads a range of days, both ends included; the end comes back as the instant after it. Empty is open.
func days(from, to string) (begin, end *time.Time, err error) {
	read := func(field, day string, add int) (*time.Time, error) {
		if day == "" {
			return nil, nil //nolint:nilnil // open at this end
		}
		t, err := model.ParseDay(day)
		if err != nil {
			return nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查日期").Field(field, "应为 2026-01-31 的写法")
		}
		t = t.AddDate(0, 0, add)
		return &t, nil
	}
	if begin, err = read("from", from, 0); err != nil {
		return nil, nil, err
	}
	if end, err = read("to", to, 1); err != nil {
		return nil, nil, err
	}
	if begin != nil && end != nil && !begin.Before(*end) {
		return nil, nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查日期").Field("to", "不能早于开始日期")
	}
	return begin, end, nil
}

type auditBody struct {
	ID       int64     `json:"id"`
	At       time.Time `json:"at"`
	Operator string    `json:"operator_name"`
	Action   string    `json:"action"`
	Object   string    `json:"object"`
	ObjectID string    `json:"object_id"`
	Before   any       `json:"before" doc:"any JSON; null when there was nothing"`
	After    any       `json:"after"`
	Reason   string    `json:"reason"`
}

func viewAudit(a model.AuditEntry) auditBody {
	return auditBody{ID: a.ID, At: a.CreatedAt, Operator: a.OperatorName, Action: a.Action, Object: a.Object, ObjectID: a.ObjectID, Before: asJSON(a.Before), After: asJSON(a.After), Reason: a.Reason}
}

// asJSON gives a kept text back as the JSON it is; one that was cut off stays text.
func asJSON(text string) any {
	if text == "" {
		return nil
	}
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

type auditOut struct{ Body respond.Page[auditBody] }

func (d *Door) listAudit(ctx context.Context, in *struct {
	Paging
	AuditFilter
}) (*auditOut, error) {
	f, err := in.read()
	if err != nil {
		return nil, err
	}
	before, err := respond.FromPageToken(in.scope(), in.PageToken)
	if err != nil {
		return nil, err
	}
	rows, err := d.Operators.Trail(ctx, f, before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	return &auditOut{Body: pageOf(rows, in.PageSize, in.scope(), func(a model.AuditEntry) int64 { return a.ID }, viewAudit)}, nil
}

func (d *Door) auditFile(_ context.Context, in *struct{ AuditFilter }) (*huma.StreamResponse, error) {
	f, err := in.read()
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		before := int64(0)
		sendCSV(c, "audit.csv", []string{"编号", "时间", "操作员", "动作", "对象", "对象编号", "改前", "改后", "原因"}, func() ([][]string, error) {
			page, err := d.Operators.Trail(c.Request.Context(), f, before, 500)
			if err != nil {
				return nil, err
			}
			rows := make([][]string, 0, len(page))
			for _, a := range page {
				before = a.ID
				rows = append(rows, []string{strconv.FormatInt(a.ID, 10), a.CreatedAt.In(model.Shanghai).Format("2006-01-02 15:04:05"), a.OperatorName, a.Action, a.Object, a.ObjectID, a.Before, a.After, a.Reason})
			}
			return rows, nil
		})
	}}, nil
}
