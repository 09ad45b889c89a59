package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/overlap"
)

func (d *Door) registerOverlap(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{"overlap"}, MaxBodyBytes: 16 << 10}
	}
	allow := op("allowOverlap", "POST", "/overlaps/{kind}/{id}/with/{other_kind}/{other_id}/allowances", "Let a passage that two items share stand")
	allow.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("overlaps", "GET", "/overlaps", "Lessons and articles by how much of their text stands elsewhere too"), d.overlaps)
	verb(d, api, model.RightRead, op("courseOverlap", "GET", "/courses/{id}/overlap", "How much of a course's text stands elsewhere too"), d.courseOverlap)
	verb(d, api, model.RightRead, op("overlap", "GET", "/overlaps/{kind}/{id}", "An item and those it shares most with"), d.overlap)
	verb(d, api, model.RightRead, op("overlapSide", "GET", "/overlaps/{kind}/{id}/with/{other_kind}/{other_id}", "Two items side by side, what they share marked"), d.overlapSide)
	verb(d, api, model.RightEdit, allow, d.allowOverlap)
	verb(d, api, model.RightEdit, op("forbidOverlap", "DELETE", "/overlaps/allowances/{id}", "Take back that a passage may stand"), d.forbidOverlap)
}

// overlapRule says what the figures of overlap count.
const overlapRule = "只比较字和数字，标点、空格、全角半角、大小写不算；连续 15 个字以上相同才算一段。重复度 = 这一篇里也出现在别处的字 ÷ 这一篇的字，操作员允许的段落不算在内。正文改动后一分钟内重算。"

// OverlapBody is an item as it overlaps; exported, for huma overlooks what is not.
type OverlapBody struct {
	Kind     model.OverlapKind `json:"kind" enum:"lesson,article"`
	ID       int64             `json:"id"`
	CourseID int64             `json:"course_id" doc:"of a lesson; 0 for an article"`
	Title    string            `json:"title"`
	Length   int               `json:"length" doc:"letters that are compared; 0: it has no text"`
	Shared   int               `json:"shared" doc:"letters that stand in another item too and are not allowed"`
	Outside  int               `json:"outside" doc:"those of shared that stand outside the lesson's own course"`
	Allowed  int               `json:"allowed"`
	Share    *float64          `json:"share" doc:"shared of length; null without text"`
	Fresh    bool              `json:"fresh" doc:"false: something changed and is counted soon"`
	ReadAt   time.Time         `json:"read_at"`
}

func viewOverlap(t model.OverlapText) OverlapBody {
	b := OverlapBody{Kind: t.Kind, ID: t.Ref, CourseID: t.CourseID, Title: t.Title, Length: t.Length, Shared: t.Shared, Outside: t.Outside, Allowed: t.Allowed, Fresh: t.Fresh(), ReadAt: t.ReadAt.UTC()}
	b.Share = share(t.Shared, t.Length)
	return b
}

func share(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	v := float64(part) / float64(whole)
	return &v
}

type overlapsOut struct {
	Body struct {
		respond.Page[OverlapBody]
		Rule    string `json:"rule"`
		Pending int64  `json:"pending" doc:"items that wait to be counted"`
	}
}

func (d *Door) overlaps(ctx context.Context, in *struct {
	Kind     model.OverlapKind `query:"kind" enum:"lesson,article"`
	CourseID int64             `query:"course_id" minimum:"1" maximum:"9007199254740991"`
	Q        string            `query:"q" maxLength:"60" doc:"in the title"`
	Shared   bool              `query:"shared" doc:"only what shares something that is not allowed"`
	Paging
}) (*overlapsOut, error) {
	offset, err := respond.FromPageToken("overlaps", in.PageToken)
	if err != nil {
		return nil, err
	}
	list, err := d.Overlap.List(ctx, overlap.Filter{Kind: in.Kind, CourseID: in.CourseID, Word: in.Q, Shared: in.Shared}, int(offset), in.PageSize+1)
	if err != nil {
		return nil, err
	}
	out := &overlapsOut{}
	next := offset + int64(in.PageSize)
	out.Body.Page = pageOf(list, in.PageSize, "overlaps", func(model.OverlapText) int64 { return next }, viewOverlap)
	out.Body.Rule = overlapRule
	out.Body.Pending, err = d.Overlap.Pending(ctx)
	return out, err
}

type courseOverlapOut struct {
	Body struct {
		Lessons []OverlapBody `json:"lessons"`
		Length  int           `json:"length"`
		Outside int           `json:"outside" doc:"letters that stand outside the course too and are not allowed"`
		Share   *float64      `json:"share" doc:"outside of length; null without text"`
		Fresh   bool          `json:"fresh"`
		Rule    string        `json:"rule"`
	}
}

func (d *Door) courseOverlap(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}) (*courseOverlapOut, error) {
	list, err := d.Overlap.Course(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &courseOverlapOut{}
	b := &out.Body
	b.Lessons, b.Fresh = []OverlapBody{}, true
	for _, t := range list {
		b.Lessons = append(b.Lessons, viewOverlap(t))
		b.Length, b.Outside, b.Fresh = b.Length+t.Length, b.Outside+t.Outside, b.Fresh && t.Fresh()
	}
	b.Share = share(b.Outside, b.Length)
	b.Rule = "这门课各课的文字里，也出现在别的课程或文章里的字 ÷ 各课的字；同一门课里各课之间的重复不算。" + overlapRule
	return out, nil
}

// OverlapPath names an item; exported, for huma overlooks what is not.
type OverlapPath struct {
	Kind model.OverlapKind `path:"kind" enum:"lesson,article"`
	ID   int64             `path:"id" minimum:"1" maximum:"9007199254740991"`
}

func (p OverlapPath) item() overlap.Item { return overlap.Item{Kind: p.Kind, Ref: p.ID} }

// OverlapPair names two.
type OverlapPair struct {
	OverlapPath
	OtherKind model.OverlapKind `path:"other_kind" enum:"lesson,article"`
	OtherID   int64             `path:"other_id" minimum:"1" maximum:"9007199254740991"`
}

func (p OverlapPair) other() overlap.Item { return overlap.Item{Kind: p.OtherKind, Ref: p.OtherID} }

type nearBody struct {
	OverlapBody
	Mine         int      `json:"mine" doc:"letters of the one that stand in this other, allowed ones too"`
	MineShare    *float64 `json:"mine_share" doc:"of the one's own letters"`
	Theirs       int      `json:"theirs" doc:"letters of this other that stand in the one"`
	TheirsShare  *float64 `json:"theirs_share" doc:"of this other's letters"`
	AllowedThere int      `json:"allowed_there" doc:"those of mine that are allowed"`
	Passages     int      `json:"passages"`
	Jaccard      float64  `json:"jaccard" doc:"of the sets of eight letters in a row"`
}

func viewNear(n overlap.Near, whole int) nearBody {
	return nearBody{viewOverlap(n.OverlapText), n.Mine, share(n.Mine, whole), n.Theirs, share(n.Theirs, n.Length), n.Allowed, n.Passages, n.Jaccard}
}

type overlapOut struct {
	Body struct {
		Item OverlapBody `json:"item"`
		Near []nearBody  `json:"near" doc:"ten at most, those that hold most of it first"`
		Rule string      `json:"rule"`
	}
}

func (d *Door) overlap(ctx context.Context, in *OverlapPath) (*overlapOut, error) {
	t, near, err := d.Overlap.Nearest(ctx, in.item())
	if err != nil {
		return nil, err
	}
	out := &overlapOut{}
	out.Body.Item, out.Body.Near, out.Body.Rule = viewOverlap(t), []nearBody{}, overlapRule
	for _, n := range near {
		out.Body.Near = append(out.Body.Near, viewNear(n, t.Length))
	}
	return out, nil
}

type pieceOfText struct {
	Text    string `json:"text"`
	Passage int    `json:"passage" doc:"the passage it belongs to; 0: none"`
}

type passageBody struct {
	Number     int    `json:"number"`
	Text       string `json:"text" doc:"as the first item writes it"`
	Letters    int    `json:"letters"`
	Hash       string `json:"hash" doc:"names it, to allow it"`
	Allowed    bool   `json:"allowed" doc:"all of it is"`
	Allowance  int64  `json:"allowance" doc:"one that reaches into it; 0: none"`
	Everywhere bool   `json:"everywhere" doc:"that one holds wherever the passage stands"`
	Note       string `json:"note"`
	AllowedBy  string `json:"allowed_by"`
}

type overlapSideOut struct {
	Body struct {
		A        OverlapBody   `json:"a"`
		B        nearBody      `json:"b"`
		TextA    []pieceOfText `json:"text_a"`
		TextB    []pieceOfText `json:"text_b"`
		Passages []passageBody `json:"passages"`
		Rule     string        `json:"rule"`
	}
}

func (d *Door) overlapSide(ctx context.Context, in *OverlapPair) (*overlapSideOut, error) {
	p, err := d.Overlap.Side(ctx, in.item(), in.other())
	if err != nil {
		return nil, err
	}
	out := &overlapSideOut{}
	b := &out.Body
	other := p.B
	other.Mine, other.Theirs, other.Allowed = p.A.Mine, p.A.Theirs, p.A.Allowed
	b.A, b.B, b.Rule = viewOverlap(p.A.OverlapText), viewNear(other, p.A.Length), overlapRule
	b.TextA, b.TextB, b.Passages = viewPieces(p.TextA), viewPieces(p.TextB), []passageBody{}
	for _, x := range p.Passages {
		v := passageBody{Number: x.Number, Text: x.Text, Letters: x.Letters, Hash: x.Hash, Allowed: x.Allowed}
		if a := x.Allowance; a != nil {
			v.Allowance, v.Everywhere, v.Note, v.AllowedBy = a.ID, a.Kind == "", a.Note, a.CreatedBy
		}
		b.Passages = append(b.Passages, v)
	}
	return out, nil
}

func viewPieces(list []overlap.Piece) []pieceOfText {
	out := make([]pieceOfText, 0, len(list))
	for _, p := range list {
		out = append(out, pieceOfText(p))
	}
	return out
}

type allowedOut struct {
	Body struct {
		ID int64 `json:"id"`
	}
}

func (d *Door) allowOverlap(ctx context.Context, in *struct {
	OverlapPair
	Body struct {
		Hash       string `json:"hash" minLength:"64" maxLength:"64"`
		Everywhere bool   `json:"everywhere,omitempty" doc:"wherever the passage stands, not only in these two"`
		Note       string `json:"note,omitempty" maxLength:"1000"`
	}
}) (*allowedOut, error) {
	x, err := d.Overlap.Allow(ctx, OperatorFrom(ctx), in.item(), in.other(), in.Body.Hash, in.Body.Everywhere, in.Body.Note)
	if err != nil {
		return nil, err
	}
	out := &allowedOut{}
	out.Body.ID = x.ID
	return out, nil
}

func (d *Door) forbidOverlap(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}) (*struct{}, error) {
	return nil, d.Overlap.Forbid(ctx, OperatorFrom(ctx), in.ID)
}
