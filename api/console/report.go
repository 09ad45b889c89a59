package console

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/model"
	"loudou/service/report"
)

func (d *Door) registerReport(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{"reports"}, MaxBodyBytes: 64 << 10}
	}
	create := op("makeReport", "POST", "/reports", "Make the work report of the week or month that holds a day; made again it is the same one, or a next version where figures changed")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("reports", "GET", "/reports", "Work reports, the latest period first"), d.reports)
	verb(d, api, model.RightRead, op("report", "GET", "/reports/{id}", "One report: its frozen figures and its words"), d.report)
	verb(d, api, model.RightRead, op("reportFile", "GET", "/reports/{id}/file", "The report as docx, xlsx, or a page to print"), d.reportFile)
	verb(d, api, model.RightRead, op("reportLate", "GET", "/reports/{id}/late", "What the figures would be otherwise, were the report made now"), d.reportLate)
	verb(d, api, model.RightEdit, create, d.makeReport)
	verb(d, api, model.RightEdit, op("writeReport", "PUT", "/reports/{id}", "Write the words of a report"), d.writeReport)
	verb(d, api, model.RightEdit, op("askReport", "POST", "/reports/{id}/ask", "Send a report to be confirmed"), d.askReport)
	verb(d, api, model.RightConfirm, op("confirmReport", "POST", "/reports/{id}/confirm", "Say yes to a report"), d.confirmReport)
	verb(d, api, model.RightConfirm, op("returnReport", "POST", "/reports/{id}/return", "Give a report back with a remark"), d.returnReport)
	verb(d, api, model.RightRead, op("reportTargets", "GET", "/report-targets", "What is aimed at in a period"), d.reportTargets)
	verb(d, api, model.RightEdit, op("setReportTargets", "PUT", "/report-targets", "Set what is aimed at in a period; what is left out is aimed at no more"), d.setReportTargets)
}

type reportLine struct {
	ID        int64             `json:"id"`
	Kind      model.ReportKind  `json:"kind" enum:"week,month"`
	Title     string            `json:"title"`
	From      string            `json:"from"`
	To        string            `json:"to"`
	Number    int               `json:"number" doc:"its version"`
	State     model.ReportState `json:"state" enum:"draft,waiting,confirmed"`
	Revision  int64             `json:"revision"`
	AskedBy   string            `json:"asked_by"`
	AskedAt   *time.Time        `json:"asked_at"`
	DecidedBy string            `json:"decided_by"`
	DecidedAt *time.Time        `json:"decided_at"`
	Remark    string            `json:"remark"`
	MadeBy    string            `json:"made_by" doc:"empty: it made itself"`
	MadeAt    time.Time         `json:"made_at"`
	UpdatedBy string            `json:"updated_by"`
	UpdatedAt time.Time         `json:"updated_at"`
}

func viewReportLine(r model.Report) reportLine {
	return reportLine{ID: r.ID, Kind: r.Kind, Title: r.Title(), From: model.DayName(r.FirstDay), To: model.DayName(r.LastDay), Number: r.Number, State: r.State, Revision: r.Revision, AskedBy: r.AskedBy, AskedAt: model.UTC(r.AskedAt),
		DecidedBy: r.DecidedBy, DecidedAt: model.UTC(r.DecidedAt), Remark: r.Remark, MadeBy: r.MadeBy, MadeAt: r.MadeAt.UTC(), UpdatedBy: r.UpdatedBy, UpdatedAt: r.UpdatedAt.UTC()}
}

// ReportBody is a report with all it holds.
type ReportBody struct {
	Report   reportLine         `json:"report"`
	Facts    model.ReportFacts  `json:"facts"`
	Words    model.ReportWords  `json:"words"`
	Changes  []model.ReportDiff `json:"changes" doc:"against the version before"`
	Versions []reportLine       `json:"versions" doc:"of the same period, the newest first"`
	Mine     bool               `json:"mine" doc:"whoever asks sent it to be confirmed"`
}

type reportOut struct{ Body ReportBody }

func (d *Door) viewReport(ctx context.Context, r model.Report) (*reportOut, error) {
	facts, err := r.Facts()
	if err != nil {
		return nil, err
	}
	words, err := r.Words()
	if err != nil {
		return nil, err
	}
	versions, err := d.Reports.Versions(ctx, r)
	if err != nil {
		return nil, err
	}
	out := &reportOut{Body: ReportBody{Report: viewReportLine(r), Facts: facts, Words: words, Changes: r.Changes(), Versions: []reportLine{}, Mine: r.AskedByID != 0 && r.AskedByID == OperatorFrom(ctx).ID}}
	for _, v := range versions {
		out.Body.Versions = append(out.Body.Versions, viewReportLine(v))
	}
	return out, nil
}

func (d *Door) reportAnswer(ctx context.Context, r model.Report, err error) (*reportOut, error) {
	if err != nil {
		return nil, err
	}
	return d.viewReport(ctx, r)
}

type reportsOut struct {
	Body struct {
		Items []reportLine `json:"items"`
		More  bool         `json:"more"`
	}
}

func (d *Door) reports(ctx context.Context, in *struct {
	Kind   string `query:"kind" enum:"week,month"`
	Before string `query:"before" maxLength:"10" doc:"first day of the last period seen"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"30"`
}) (*reportsOut, error) {
	before, err := dayOf("before", in.Before)
	if err != nil {
		return nil, err
	}
	list, err := d.Reports.List(ctx, model.ReportKind(in.Kind), before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &reportsOut{}
	out.Body.Items, out.Body.More = []reportLine{}, len(list) > in.Limit
	for _, r := range list[:min(len(list), in.Limit)] {
		out.Body.Items = append(out.Body.Items, viewReportLine(r))
	}
	return out, nil
}

type reportID struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

func (d *Door) report(ctx context.Context, in *reportID) (*reportOut, error) {
	r, err := d.Reports.One(ctx, in.ID)
	return d.reportAnswer(ctx, r, err)
}

type makeReportIn struct {
	Body struct {
		Kind string `json:"kind" enum:"week,month"`
		Date string `json:"date" maxLength:"10" doc:"2026-11-24, any day of the period"`
	}
}

func (d *Door) makeReport(ctx context.Context, in *makeReportIn) (*reportOut, error) {
	day, err := dayOf("date", in.Body.Date)
	if err != nil {
		return nil, err
	}
	if day == 0 {
		return nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("date", "请选一天")
	}
	r, err := d.Reports.Make(ctx, OperatorFrom(ctx), model.ReportKind(in.Body.Kind), day)
	return d.reportAnswer(ctx, r, err)
}

type reportLateOut struct {
	Body struct {
		Items []model.ReportDiff `json:"items"`
	}
}

func (d *Door) reportLate(ctx context.Context, in *reportID) (*reportLateOut, error) {
	r, err := d.Reports.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &reportLateOut{}
	out.Body.Items, err = d.Reports.Late(ctx, r)
	return out, err
}

func (d *Door) reportFile(ctx context.Context, in *struct {
	ID     int64  `path:"id" minimum:"1" maximum:"9007199254740991"`
	Format string `query:"format" enum:"docx,xlsx,html" default:"docx"`
}) (*huma.StreamResponse, error) {
	r, err := d.Reports.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	body, mime, err := report.File(r, report.Format(in.Format))
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		if in.Format == string(report.FormatHTML) {
			c.Header("Content-Security-Policy", report.PrintPolicy)
		} else {
			c.Header("Content-Disposition", `attachment; filename="report.`+in.Format+`"; filename*=UTF-8''`+url.PathEscape(report.Name(r)+"."+in.Format))
		}
		c.Data(http.StatusOK, mime, body)
	}}, nil
}

type reportStep struct {
	ID   int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
	Body struct {
		Revision int64  `json:"revision" minimum:"1"`
		Remark   string `json:"remark,omitempty" maxLength:"2000"`
	}
}

func (d *Door) writeReport(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
	Body struct {
		Revision int64   `json:"revision" minimum:"1"`
		Goals    *string `json:"goals,omitempty" doc:"empty: written by the rules again"`
		Work     *string `json:"work,omitempty"`
		Problems *string `json:"problems,omitempty"`
		Next     *string `json:"next,omitempty"`
	}
}) (*reportOut, error) {
	b := in.Body
	r, err := d.Reports.Write(ctx, OperatorFrom(ctx), in.ID, b.Revision, map[string]*string{"goals": b.Goals, "work": b.Work, "problems": b.Problems, "next": b.Next})
	return d.reportAnswer(ctx, r, err)
}

func (d *Door) askReport(ctx context.Context, in *reportStep) (*reportOut, error) {
	r, err := d.Reports.Ask(ctx, OperatorFrom(ctx), in.ID, in.Body.Revision)
	return d.reportAnswer(ctx, r, err)
}

func (d *Door) confirmReport(ctx context.Context, in *reportStep) (*reportOut, error) {
	r, err := d.Reports.Decide(ctx, OperatorFrom(ctx), in.ID, in.Body.Revision, true, in.Body.Remark)
	return d.reportAnswer(ctx, r, err)
}

func (d *Door) returnReport(ctx context.Context, in *reportStep) (*reportOut, error) {
	r, err := d.Reports.Decide(ctx, OperatorFrom(ctx), in.ID, in.Body.Revision, false, in.Body.Remark)
	return d.reportAnswer(ctx, r, err)
}

type targetBody struct {
	KPI        string `json:"kpi" maxLength:"32"`
	Target     int64  `json:"target" doc:"people or items; fen; for a rate ten-thousandths"`
	Hypothesis string `json:"hypothesis" maxLength:"1200"`
}

type targetsOut struct {
	Body struct {
		Kind  model.ReportKind     `json:"kind" enum:"week,month"`
		From  string               `json:"from"`
		To    string               `json:"to"`
		Over  bool                 `json:"over" doc:"the period is over: its targets stay"`
		Items []model.ReportTarget `json:"items"`
		KPIs  []targetKPI          `json:"kpis" doc:"what can be aimed at, in the order of the report"`
	}
}

type targetKPI struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Kind  string `json:"kind" enum:"count,rate,fen"`
	Less  bool   `json:"less" doc:"smaller is better"`
}

// TargetPeriod names a period by a day of it; exported, for huma fills only exported embedded structs.
type TargetPeriod struct {
	Kind string `query:"kind" enum:"week,month" required:"true"`
	Date string `query:"date" maxLength:"10" required:"true" doc:"any day of the period"`
}

func (in TargetPeriod) day() (int, error) {
	return dayOf("date", in.Date)
}

func (d *Door) reportTargets(ctx context.Context, in *struct{ TargetPeriod }) (*targetsOut, error) {
	return d.viewTargets(ctx, in.TargetPeriod)
}

func (d *Door) viewTargets(ctx context.Context, in TargetPeriod) (*targetsOut, error) {
	day, err := in.day()
	if err != nil {
		return nil, err
	}
	first, last, list, err := d.Reports.Targets(ctx, model.ReportKind(in.Kind), day)
	if err != nil {
		return nil, err
	}
	out := &targetsOut{}
	b := &out.Body
	b.Kind, b.From, b.To, b.Items, b.Over = model.ReportKind(in.Kind), model.DayName(first), model.DayName(last), list, model.DayNumber(d.Reports.Now()) > last
	for _, k := range model.ReportKPIs {
		b.KPIs = append(b.KPIs, targetKPI{k.Key, k.Label, k.Kind, k.Less})
	}
	return out, nil
}

func (d *Door) setReportTargets(ctx context.Context, in *struct {
	TargetPeriod
	Body struct {
		Items []targetBody `json:"items" maxItems:"30"`
	}
}) (*targetsOut, error) {
	day, err := in.day()
	if err != nil {
		return nil, err
	}
	list := make([]model.ReportTarget, 0, len(in.Body.Items))
	for _, t := range in.Body.Items {
		list = append(list, model.ReportTarget{KPI: t.KPI, Target: t.Target, Hypothesis: t.Hypothesis})
	}
	if _, err := d.Reports.SetTargets(ctx, OperatorFrom(ctx), model.ReportKind(in.Kind), day, list); err != nil {
		return nil, err
	}
	return d.viewTargets(ctx, in.TargetPeriod)
}
