package console

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/order"
)

// AbandonedDays is how far the list of abandoned orders goes back by itself; the home page counts the same days.
const AbandonedDays = 7

func (d *Door) registerAbandoned(api huma.API) {
	op := func(id, method, path, what string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/abandoned-orders" + path, Summary: what, Tags: []string{"orders"}, MaxBodyBytes: 8 << 10}
	}
	verb(d, api, model.RightRead, op("abandonedOrders", "GET", "", "Orders somebody began to pay and did not, the newest first, and whether each of them may be written to"), d.abandonedOrders)
	verb(d, api, model.RightMoney, huma.Operation{OperationID: "abandonedOrdersFile", Method: "GET", Path: "/console/v1/abandoned-orders.csv", Summary: "The same as CSV, openids masked", Tags: []string{"orders"}}, d.abandonedFile)
	verb(d, api, model.RightEdit, op("noteAbandonedOrder", "PUT", "/{no}/note", "Keep what was done about an abandoned order; what was noted before goes"), d.noteAbandoned)
}

// AbandonedFilter is what the list and its CSV can be narrowed by.
type AbandonedFilter struct {
	CourseID int64  `query:"course_id" minimum:"0" maximum:"9007199254740991"`
	Days     int    `query:"days" minimum:"1" maximum:"366" default:"7" doc:"how many days ago it was placed at most"`
	Platform string `query:"platform" enum:"ios,android,windows,mac,ohos,devtools"`
	Why      string `query:"why" enum:"never,let_go,failed"`
	State    string `query:"state" enum:"open,done,all" default:"open"`
}

func (f AbandonedFilter) filter() order.AbandonedFilter {
	out := order.AbandonedFilter{CourseID: f.CourseID, Days: f.Days, Platform: model.Platform(f.Platform), Why: model.AbandonedWhy(f.Why)}
	if done := f.State == "done"; f.State != "all" {
		out.Done = &done
	}
	return out
}

type (
	reachBody struct {
		FollowerID int64      `json:"follower_id" doc:"0: no fan of ours as far as we know"`
		Name       string     `json:"name" doc:"the fan's remark"`
		Left       int        `json:"left" doc:"customer-service messages that may be sent now"`
		Until      *time.Time `json:"until" nullable:"true" doc:"when the last open window ends"`
		Why        string     `json:"why" doc:"why none may be sent; empty when some may"`
	}
	abandonedNoteBody struct {
		Note string    `json:"note"`
		Done bool      `json:"done"`
		By   string    `json:"by"`
		At   time.Time `json:"at"`
	}
	abandonedBody struct {
		OrderLine
		Why          model.AbandonedWhy `json:"why" enum:"never,let_go,failed" doc:"never: no payment sheet came to be; let_go: the phone could pay and did not; failed: the channel refused or did not answer"`
		Fault        string             `json:"fault" doc:"the channel's code of the last call that failed; no_answer: none came"`
		GivenUp      bool               `json:"given_up" doc:"the buyer cancelled it, before its time was over"`
		ArticleTitle string             `json:"article_title"`
		Reach        reachBody          `json:"reach"`
		Note         *abandonedNoteBody `json:"note,omitempty" doc:"absent while nothing was noted"`
	}
	abandonedOut struct {
		Body struct {
			respond.Page[abandonedBody]
			Count int64     `json:"count" doc:"of all pages"`
			Sum   model.Fen `json:"sum" doc:"fen, of all pages"`
		}
	}
)

func (d *Door) abandonedOrders(ctx context.Context, in *struct {
	AbandonedFilter
	PageIn
}) (*abandonedOut, error) {
	f, scope := in.filter(), fmt.Sprintf("abandoned %d %d %s %s %s", in.CourseID, in.Days, in.Platform, in.Why, in.State)
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	out := &abandonedOut{}
	if out.Body.Count, out.Body.Sum, err = d.Orders.AbandonedSum(ctx, f); err != nil {
		return nil, err
	}
	f.Before, f.Limit = before, in.PageSize+1
	list, err := d.Orders.Abandoned(ctx, f)
	if err != nil {
		return nil, err
	}
	p := pageOf(list, in.PageSize, scope, func(a model.Abandoned) int64 { return a.ID }, func(a model.Abandoned) model.Abandoned { return a })
	out.Body.Items, err = d.viewAbandoned(ctx, p.Items)
	out.Body.NextPageToken = p.NextPageToken
	return out, err
}

// viewAbandoned says of each order where its buyer came from and whether they may be written to.
func (d *Door) viewAbandoned(ctx context.Context, list []model.Abandoned) ([]abandonedBody, error) {
	articles, persons := []int64{}, []int64{}
	for _, a := range list {
		if a.PersonID > 0 {
			persons = append(persons, a.PersonID)
		}
		if a.ArticleID > 0 {
			articles = append(articles, a.ArticleID)
		}
	}
	titles, err := d.Articles.Named(ctx, articles)
	if err != nil {
		return nil, err
	}
	reach, err := d.reach(ctx, persons)
	if err != nil {
		return nil, err
	}
	out := make([]abandonedBody, 0, len(list))
	for _, a := range list {
		b := abandonedBody{OrderLine: viewLine(a.Order), Why: a.Why, Fault: a.Fault, GivenUp: a.GivenUp(), ArticleTitle: titles[a.ArticleID], Reach: reach[a.PersonID]}
		if n := a.Note; n != nil {
			b.Note = &abandonedNoteBody{Note: n.Note, Done: n.Done, By: n.OperatorName, At: n.UpdatedAt.UTC()}
		}
		out = append(out, b)
	}
	return out, nil
}

// reach finds the fan behind each person, who may have another number there: the Mini Program's openid is not the
// Official Account's, and only the unionid joins them.
func (d *Door) reach(ctx context.Context, persons []int64) (map[int64]reachBody, error) {
	humans, err := d.Persons.Humans(ctx, persons)
	if err != nil {
		return nil, err
	}
	every := []int64{}
	for _, numbers := range humans {
		every = append(every, numbers...)
	}
	fans, err := d.Followers.OfPersons(ctx, every)
	if err != nil {
		return nil, err
	}
	out := map[int64]reachBody{}
	for person, numbers := range humans {
		var fan model.Follower
		for _, n := range numbers {
			if f, ok := fans[n]; ok && (fan.ID == 0 || f.Subscribed && !fan.Subscribed) {
				fan = f
			}
		}
		if fan.ID == 0 {
			out[person] = reachBody{Why: "没有关注公众号，或微信没有给 unionid，认不出是哪位粉丝"}
			continue
		}
		windows, left, why, err := d.mayWriteTo(ctx, fan)
		if err != nil {
			return nil, err
		}
		b := reachBody{FollowerID: fan.ID, Name: fan.Remark, Left: left, Why: why}
		for _, w := range windows {
			if ends := w.Ends.UTC(); left > 0 && w.Used < w.Total && (b.Until == nil || ends.After(*b.Until)) {
				b.Until = &ends
			}
		}
		out[person] = b
	}
	return out, nil
}

var abandonedWhys = map[model.AbandonedWhy]string{model.AbandonedNever: "没有拿到支付单", model.AbandonedLetGo: "能付没有付", model.AbandonedFailed: "微信没有接受"}

func (d *Door) abandonedFile(_ context.Context, in *struct{ AbandonedFilter }) (*huma.StreamResponse, error) {
	f := in.filter()
	f.Limit = 200
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		sendCSV(c, "abandoned-orders.csv", []string{"订单号", "课程", "金额（元）", "下单时间", "设备", "支付方式", "为什么没付成", "错误码", "自己取消", "学员（已遮盖）", "粉丝编号", "现在能发", "为什么不能发", "文章", "渠道", "记录", "不用再跟", "谁记的"}, func() ([][]string, error) {
			list, err := d.Orders.Abandoned(c.Request.Context(), f)
			if err != nil {
				return nil, err
			}
			views, err := d.viewAbandoned(c.Request.Context(), list)
			if err != nil {
				return nil, err
			}
			rows := make([][]string, 0, len(views))
			for i, v := range views {
				f.Before = list[i].ID
				note := abandonedNoteBody{}
				if v.Note != nil {
					note = *v.Note
				}
				fan := ""
				if v.Reach.FollowerID > 0 {
					fan = strconv.FormatInt(v.Reach.FollowerID, 10)
				}
				rows = append(rows, []string{v.OutTradeNo, v.Title, v.Amount.Yuan(), clockText(&v.CreatedAt), string(v.Platform), string(v.Via), abandonedWhys[v.Why], v.Fault, yes(v.GivenUp), v.Learner, fan,
					strconv.Itoa(v.Reach.Left), v.Reach.Why, v.ArticleTitle, v.Channel, note.Note, yes(note.Done), note.By})
			}
			return rows, nil
		})
	}}, nil
}

func (d *Door) noteAbandoned(ctx context.Context, in *struct {
	OrderNoPath
	Body struct {
		Note string `json:"note" maxLength:"2000" doc:"what was said, or found out; 500 letters"`
		Done bool   `json:"done" doc:"nothing more is to be done about it"`
	}
}) (*struct{}, error) {
	return nil, d.Orders.NoteAbandoned(ctx, signer(ctx), in.No, in.Body.Note, in.Body.Done)
}
