package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/figure"
	"loudou/service/partner"
)

func (d *Door) registerPartner(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/partners" + path, Summary: summary, Tags: []string{"partners"}, MaxBodyBytes: 16 << 10}
	}
	create := op("createPartner", "POST", "", "Make a partner")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("partners", "GET", "", "Partners, the newest first, with their numbers in a range"), d.partners)
	verb(d, api, model.RightEdit, create, d.createPartner)
	verb(d, api, model.RightRead, op("partner", "GET", "/{id}", "One partner, what it owns, and its settled months"), d.partner)
	verb(d, api, model.RightEdit, op("changePartner", "PUT", "/{id}", "Change a partner"), d.changePartner)
	verb(d, api, model.RightEdit, op("ownThing", "PUT", "/{id}/things", "Give a partner a thing, or take it away"), d.ownThing)
	verb(d, api, model.RightEdit, op("newPartnerLink", "POST", "/{id}/link", "Make a partner's secret link; the one before is dead"), d.newPartnerLink)
	verb(d, api, model.RightEdit, op("endPartnerLink", "DELETE", "/{id}/link", "Withdraw a partner's secret link"), d.endPartnerLink)
	verb(d, api, model.RightRead, op("partnerLine", "GET", "/{id}/line", "What a partner brought, by day"), d.partnerLine)
	verb(d, api, model.RightMoney, op("settlePartner", "POST", "/{id}/settlements", "Settle the months that are over, without waiting for the timetable"), d.settlePartner)
	verb(d, api, model.RightMoney, op("partnerOrdersFile", "GET", "/{id}/settlements/{month}/orders.csv", "A settled month's orders as CSV"), d.partnerOrdersFile)
}

type partnerIn struct {
	Name       string `json:"name" maxLength:"200"`
	Contact    string `json:"contact,omitempty" maxLength:"400"`
	Note       string `json:"note,omitempty" maxLength:"2000"`
	ShareBP    *int64 `json:"share_bp,omitempty" doc:"of net revenue, in basis points; absent: nothing is shared"`
	SettleFrom string `json:"settle_from" maxLength:"7" doc:"the first month to settle, 2026-01"`
	Version    int64  `json:"version,omitempty" doc:"the one that was changed"`
}

func (b partnerIn) input() (partner.Input, error) {
	in := partner.Input{Name: b.Name, Contact: b.Contact, Note: b.Note, ShareBP: b.ShareBP, Version: b.Version}
	at, err := time.ParseInLocation("2006-01", b.SettleFrom, model.Shanghai)
	if err != nil {
		return in, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项").Field("settle_from", "应为 2026-01 的写法")
	}
	in.SettleFrom = model.MonthNumber(at)
	return in, nil
}

type partnerBody struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Contact    string     `json:"contact"`
	Note       string     `json:"note"`
	ShareBP    *int64     `json:"share_bp"`
	SettleFrom string     `json:"settle_from"`
	Linked     bool       `json:"linked" doc:"it has a secret link that works"`
	LinkAt     *time.Time `json:"link_at" doc:"when the link was made or withdrawn"`
	LinkBy     string     `json:"link_by"`
	Version    int64      `json:"version"`
	CreatedBy  string     `json:"created_by"`
	UpdatedBy  string     `json:"updated_by"`
	UpdatedAt  time.Time  `json:"updated_at"`
}

func viewPartner(p model.Partner) partnerBody {
	return partnerBody{p.ID, p.Name, p.Contact, p.Note, p.ShareBP, model.MonthName(p.SettleFrom), p.LinkHash != nil, p.LinkAt, p.LinkBy, p.Version, p.CreatedBy, p.UpdatedBy, p.UpdatedAt.UTC()}
}

type partnerOut struct{ Body partnerBody }

// PartnerPath names a partner.
type PartnerPath struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

type partnerRow struct {
	Partner partnerBody     `json:"partner"`
	Total   figure.SceneDay `json:"total" doc:"its numbers in the range"`
}

type partnersOut struct {
	Body struct {
		respond.Page[partnerRow]
		Rule string `json:"rule"`
	}
}

func (d *Door) partners(ctx context.Context, in *struct {
	PageIn
	Range
}) (*partnersOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	out := &partnersOut{}
	out.Body.Rule = figure.PartnerRule
	_, err = page(&in.PageIn, "partners", func(before int64, limit int) ([]partnerRow, error) {
		all, err := d.Partners.List(ctx, before, limit)
		if err != nil {
			return nil, err
		}
		ids, rows := make([]int64, 0, len(all)), make([]partnerRow, 0, len(all))
		for _, p := range all {
			ids = append(ids, p.ID)
			rows = append(rows, partnerRow{Partner: viewPartner(p)})
		}
		if len(all) == 0 {
			return rows, nil
		}
		lines, err := d.Figures.Partners(ctx, all[0].AppID, ids, span)
		for i := range lines {
			rows[i].Total = lines[i].Total
		}
		return rows, err
	}, func(r partnerRow) int64 { return r.Partner.ID }, func(p respond.Page[partnerRow]) *partnersOut {
		out.Body.Page = p
		return out
	})
	return out, err
}

func (d *Door) createPartner(ctx context.Context, in *struct{ Body partnerIn }) (*partnerOut, error) {
	x, err := in.Body.input()
	if err != nil {
		return nil, err
	}
	p, err := d.Partners.Create(ctx, OperatorFrom(ctx), x)
	if err != nil {
		return nil, err
	}
	return &partnerOut{viewPartner(p)}, nil
}

func (d *Door) changePartner(ctx context.Context, in *struct {
	PartnerPath
	Body partnerIn
}) (*partnerOut, error) {
	x, err := in.Body.input()
	if err != nil {
		return nil, err
	}
	p, err := d.Partners.Change(ctx, OperatorFrom(ctx), in.ID, x)
	if err != nil {
		return nil, err
	}
	return &partnerOut{viewPartner(p)}, nil
}

type partnerThingBody struct {
	Kind     model.PartnerKind `json:"kind" enum:"code,link,campaign,channel"`
	Ref      string            `json:"ref" doc:"scene, link code, campaign's number, or channel"`
	BeginsAt *time.Time        `json:"begins_at" doc:"null: with all that it brought before"`
}

type settlementBody struct {
	Month      string               `json:"month"`
	ShareBP    *int64               `json:"share_bp" doc:"the terms when it was settled"`
	Orders     int64                `json:"orders"`
	Gross      int64                `json:"gross" doc:"fen"`
	Refunded   int64                `json:"refunded" doc:"fen, of the month's orders, in the month"`
	Correction int64                `json:"correction" doc:"fen, to months before"`
	Net        int64                `json:"net" doc:"fen"`
	Payable    *int64               `json:"payable" doc:"fen; null: nothing is shared"`
	Figures    model.PartnerFigures `json:"figures" doc:"as they were when it was settled"`
	SettledAt  time.Time            `json:"settled_at"`
}

func viewSettlement(s model.PartnerSettlement) (settlementBody, error) {
	b := settlementBody{Month: model.MonthName(s.Month), ShareBP: s.ShareBP, Orders: s.Orders, Gross: s.Gross, Refunded: s.Refunded, Correction: s.Correction, Net: s.Net(), Payable: s.Payable, SettledAt: s.SettledAt.UTC()}
	if err := json.Unmarshal(s.Figures, &b.Figures); err != nil {
		return b, fmt.Errorf("settlement %d: %w", s.ID, err)
	}
	return b, nil
}

type partnerWholeOut struct {
	Body struct {
		Partner     partnerBody        `json:"partner"`
		Things      []partnerThingBody `json:"things"`
		Settlements []settlementBody   `json:"settlements" doc:"the latest first"`
	}
}

func (d *Door) partner(ctx context.Context, in *PartnerPath) (*partnerWholeOut, error) {
	p, err := d.Partners.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	things, err := d.Partners.Things(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	months, err := d.Partners.Settlements(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &partnerWholeOut{}
	out.Body.Partner, out.Body.Things, out.Body.Settlements = viewPartner(p), []partnerThingBody{}, []settlementBody{}
	for _, t := range things {
		out.Body.Things = append(out.Body.Things, partnerThingBody{t.Kind, t.Ref, t.BeginsAt})
	}
	for _, m := range months {
		b, err := viewSettlement(m)
		if err != nil {
			return nil, err
		}
		out.Body.Settlements = append(out.Body.Settlements, b)
	}
	return out, nil
}

func (d *Door) ownThing(ctx context.Context, in *struct {
	PartnerPath
	Body struct {
		Kind model.PartnerKind `json:"kind" enum:"code,link,campaign,channel"`
		Ref  string            `json:"ref" minLength:"1" maxLength:"64" doc:"scene, link code, campaign's number, or channel"`
		On   bool              `json:"on" doc:"false: take it away from now on"`
	}
}) (*struct{}, error) {
	return nil, d.Partners.Own(ctx, OperatorFrom(ctx), in.ID, in.Body.Kind, in.Body.Ref, in.Body.On)
}

type partnerLinkOut struct {
	Body struct {
		URL string `json:"url" doc:"shown this once: it cannot be read again, only made anew"`
	}
}

func (d *Door) newPartnerLink(ctx context.Context, in *PartnerPath) (*partnerLinkOut, error) {
	secret, err := d.Partners.NewLink(ctx, OperatorFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := &partnerLinkOut{}
	out.Body.URL = d.PublicURL + "/p/" + secret
	return out, nil
}

func (d *Door) endPartnerLink(ctx context.Context, in *PartnerPath) (*struct{}, error) {
	return nil, d.Partners.EndLink(ctx, OperatorFrom(ctx), in.ID)
}

type partnerLineOut struct {
	Body struct {
		figure.SceneLine
		Rule string `json:"rule"`
	}
}

func (d *Door) partnerLine(ctx context.Context, in *struct {
	PartnerPath
	Range
}) (*partnerLineOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	p, err := d.Partners.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	lines, err := d.Figures.Partners(ctx, p.AppID, []int64{p.ID}, span)
	if err != nil {
		return nil, err
	}
	out := &partnerLineOut{}
	out.Body.SceneLine, out.Body.Rule = lines[0], figure.PartnerRule
	return out, nil
}

func (d *Door) settlePartner(ctx context.Context, in *PartnerPath) (*struct{}, error) {
	return nil, d.Partners.SettleOne(ctx, OperatorFrom(ctx), in.ID)
}

// partnerOrdersFile lists what a settled month is made of, order by order, to be checked against the bill.
func (d *Door) partnerOrdersFile(ctx context.Context, in *struct {
	PartnerPath
	Month string `path:"month" pattern:"^\\d{4}-\\d{2}$"`
}) (*huma.StreamResponse, error) {
	x, err := partnerIn{SettleFrom: in.Month}.input()
	if err != nil {
		return nil, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个月")
	}
	if _, err := d.Partners.One(ctx, in.ID); err != nil {
		return nil, err
	}
	sheet, lines, err := d.Partners.Settlement(ctx, in.ID, x.SettleFrom)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		rows := [][]string{{"订单号", "支付时间", "哪一类", "收款（元）", "退款（元）", "净额（元）", "分成比例"}}
		for _, l := range lines {
			kind := "本月订单"
			switch {
			case l.First == nil:
				kind = "以前订单的退款"
			case model.MonthNumber(l.PaidAt) != sheet.Month:
				kind = "以前漏计的订单"
			}
			rows = append(rows, []string{respond.Cell(l.OutTradeNo), l.PaidAt.In(model.Shanghai).Format(time.DateTime), kind, model.Fen(l.Gross).Yuan(), model.Fen(l.Refunded).Yuan(), model.Fen(l.Gross - l.Refunded).Yuan(), percentText(l.ShareBP)})
		}
		pay := "不分成"
		if sheet.Payable != nil {
			pay = "应付 " + model.Fen(*sheet.Payable).Yuan()
		}
		rows = append(rows, []string{"合计", sheet.SettledAt.In(model.Shanghai).Format(time.DateTime) + " 结算", strconv.Itoa(len(lines)) + " 行", "", "", model.Fen(sheet.Net()).Yuan(), pay})
		respond.CSV(humagin.Unwrap(hc), fmt.Sprintf("partner-%d-%s.csv", in.ID, in.Month), rows)
	}}, nil
}

// percentText writes basis points as a percentage: 1250 is 12.5%.
func percentText(bp *int64) string {
	if bp == nil {
		return "不分成"
	}
	return strconv.FormatFloat(float64(*bp)/100, 'f', -1, 64) + "%"
}
