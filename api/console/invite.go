package console

import (
	"context"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/invite"
)

func (d *Door) registerInvite(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/campaigns/{id}/invite" + path, Summary: summary, Tags: []string{"campaigns"}, MaxBodyBytes: 16 << 10}
	}
	verb(d, api, model.RightRead, op("invite", "GET", "", "A campaign's task of bringing new followers, and what it brought"), d.invite)
	verb(d, api, model.RightEdit, op("saveInvite", "PUT", "", "Make or change a campaign's task; while it is on, more rewards need the right over money"), d.saveInvite)
	verb(d, api, model.RightMoney, op("startInvite", "POST", "/on", "Switch a campaign's task on: from now on it gives rewards"), d.startInvite)
	verb(d, api, model.RightEdit, op("stopInvite", "POST", "/off", "Switch a campaign's task off; what is due is still given"), d.stopInvite)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "inviteWaits", Method: "GET", Path: "/console/v1/invites", Summary: "Tasks of bringing new followers that wait for an operator", Tags: []string{"campaigns"}}, d.inviteWaits)
	verb(d, api, model.RightRead, op("inviters", "GET", "/inviters", "Who asked for a poster, the latest first"), d.inviters)
	verb(d, api, model.RightEdit, op("blockInviter", "PUT", "/inviters/{inviter_id}", "Take an inviter out, or let them go on"), d.blockInviter)
	verb(d, api, model.RightRead, op("invitedFriends", "GET", "/friends", "Who came by inviters' codes, the latest first"), d.invitedFriends)
	verb(d, api, model.RightRead, op("invitedFile", "GET", "/friends.csv", "Who came by inviters' codes as CSV"), d.invitedFile)
	verb(d, api, model.RightEdit, op("decideInvited", "POST", "/friends/decide", "Let suspicious friends count, or refuse them"), d.decideInvited)
}

type inviteBody struct {
	Keyword      string             `json:"keyword" maxLength:"80" doc:"a fan types it and gets a poster with a code of their own"`
	PosterID     int64              `json:"poster_id" doc:"what the poster looks like"`
	Need         int                `json:"need" doc:"new followers for one reward"`
	Reward       model.InviteReward `json:"reward" enum:"coupon,course"`
	RewardRef    int64              `json:"reward_ref" doc:"the coupon each is made after, or the batch of redeem codes"`
	PerPerson    int                `json:"per_person" doc:"rewards a person"`
	Total        int                `json:"total" doc:"rewards in all"`
	HoldHours    int                `json:"hold_hours" doc:"a friend counts after having stayed so long"`
	SpeedMost    int                `json:"speed_most" doc:"friends of one person within speed_minutes; more wait for an operator"`
	SpeedMinutes int                `json:"speed_minutes"`
	Version      int64              `json:"version,omitempty" doc:"the one that was changed; 0: none was there"`
}

type inviteBoardBody struct {
	Inviters    int64 `json:"inviters" doc:"asked for a poster"`
	WithFriends int64 `json:"with_friends" doc:"brought somebody"`
	Staying     int64 `json:"staying" doc:"friends who have not stayed long enough yet"`
	Held        int64 `json:"held" doc:"friends who wait for an operator"`
	Counted     int64 `json:"counted" doc:"friends who count, without those a reward was given for"`
	Used        int64 `json:"used" doc:"friends a reward was given for"`
	Left        int64 `json:"left" doc:"friends who left before that"`
	Old         int64 `json:"old" doc:"not new: followed before, or the inviter's own"`
	Refused     int64 `json:"refused" doc:"refused by an operator"`
	Given       int64 `json:"given" doc:"rewards"`
}

type inviteOut struct {
	Body struct {
		Task  *inviteBody      `json:"task" doc:"null: there is none"`
		State string           `json:"state" enum:",draft,on,off"`
		Fault string           `json:"fault" doc:"why posters or rewards cannot be made now"`
		Rules string           `json:"rules" doc:"what fans are told"`
		Board *inviteBoardBody `json:"board"`
		By    string           `json:"updated_by"`
	}
}

func (d *Door) viewInvite(ctx context.Context, i model.Invite) (*inviteOut, error) {
	out := &inviteOut{}
	if i.ID == 0 {
		return out, nil
	}
	b, err := d.Invites.Board(ctx, i)
	if err != nil {
		return nil, err
	}
	out.Body.Task = &inviteBody{i.Keyword, i.PosterID, i.Need, i.Reward, i.RewardRef, i.PerPerson, i.Total, i.HoldHours, i.SpeedMost, i.SpeedMinutes, i.Version}
	out.Body.Board = &inviteBoardBody{b.Inviters, b.WithFriends, b.Staying, b.Held, b.Counted, b.Used, b.Left, b.Old, b.Refused, b.Given}
	out.Body.State, out.Body.Fault, out.Body.By = string(i.State), i.Fault, i.UpdatedBy
	out.Body.Rules = i.Progress(model.InviteTally{}, 0, true, nil)
	return out, nil
}

func (d *Door) invite(ctx context.Context, in *CampaignPath) (*inviteOut, error) {
	if _, err := d.Campaigns.One(ctx, in.ID); err != nil {
		return nil, err
	}
	i, err := d.Invites.Of(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return d.viewInvite(ctx, i)
}

func (d *Door) saveInvite(ctx context.Context, in *struct {
	CampaignPath
	Body inviteBody
}) (*inviteOut, error) {
	b := in.Body
	i, err := d.Invites.Save(ctx, OperatorFrom(ctx), in.ID, invite.Input{Keyword: b.Keyword, PosterID: b.PosterID, Need: b.Need, Reward: b.Reward, RewardRef: b.RewardRef, PerPerson: b.PerPerson, Total: b.Total,
		HoldHours: b.HoldHours, SpeedMost: b.SpeedMost, SpeedMinutes: b.SpeedMinutes, Version: b.Version})
	if err != nil {
		return nil, err
	}
	return d.viewInvite(ctx, i)
}

func (d *Door) startInvite(ctx context.Context, in *struct {
	CampaignPath
	Body struct {
		Version int64 `json:"version" minimum:"1"`
		Knows   bool  `json:"knows" doc:"the operator knows WeChat's rule against inducing shares and follows"`
	}
}) (*inviteOut, error) {
	i, err := d.Invites.Switch(ctx, OperatorFrom(ctx), in.ID, in.Body.Version, true, in.Body.Knows)
	if err != nil {
		return nil, err
	}
	return d.viewInvite(ctx, i)
}

func (d *Door) stopInvite(ctx context.Context, in *struct {
	CampaignPath
	Body struct {
		Version int64 `json:"version" minimum:"1"`
	}
}) (*inviteOut, error) {
	i, err := d.Invites.Switch(ctx, OperatorFrom(ctx), in.ID, in.Body.Version, false, false)
	if err != nil {
		return nil, err
	}
	return d.viewInvite(ctx, i)
}

type inviteWaitsOut struct {
	Body struct {
		Items []inviteWaitBody `json:"items"`
	}
}

type inviteWaitBody struct {
	CampaignID int64  `json:"campaign_id"`
	Held       int64  `json:"held" doc:"suspicious friends"`
	Fault      string `json:"fault"`
}

func (d *Door) inviteWaits(ctx context.Context, _ *struct{}) (*inviteWaitsOut, error) {
	all, err := d.Invites.Waits(ctx)
	if err != nil {
		return nil, err
	}
	out := &inviteWaitsOut{}
	out.Body.Items = make([]inviteWaitBody, 0, len(all))
	for _, w := range all {
		out.Body.Items = append(out.Body.Items, inviteWaitBody(w))
	}
	return out, nil
}

type inviterBody struct {
	ID         int64     `json:"id"`
	FollowerID int64     `json:"follower_id" doc:"0: forgotten"`
	Blocked    bool      `json:"blocked"`
	Staying    int64     `json:"staying"`
	Held       int64     `json:"held"`
	Counted    int64     `json:"counted"`
	Used       int64     `json:"used"`
	Left       int64     `json:"left"`
	Refused    int64     `json:"refused"`
	Rewards    int64     `json:"rewards"`
	At         time.Time `json:"at"`
}

type invitersOut struct{ Body respond.Page[inviterBody] }

func (d *Door) inviters(ctx context.Context, in *struct {
	CampaignPath
	PageIn
}) (*invitersOut, error) {
	i, err := d.Invites.Of(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return page(&in.PageIn, fmt.Sprint("inviters\x00", in.ID), func(before int64, limit int) ([]inviterBody, error) {
		all, err := d.Invites.Inviters(ctx, i, before, limit)
		out := make([]inviterBody, 0, len(all))
		for _, r := range all {
			t := r.Tally
			out = append(out, inviterBody{r.ID, r.FollowerID, r.Blocked, t.Staying, t.Held, t.Counted, t.Used, t.Left, t.Refused, t.Rewards, r.CreatedAt.UTC()})
		}
		return out, err
	}, func(b inviterBody) int64 { return b.ID }, func(p respond.Page[inviterBody]) *invitersOut { return &invitersOut{p} })
}

func (d *Door) blockInviter(ctx context.Context, in *struct {
	CampaignPath
	InviterID int64 `path:"inviter_id" minimum:"1" maximum:"9007199254740991"`
	Body      struct {
		Blocked bool `json:"blocked"`
	}
}) (*struct{}, error) {
	return nil, d.Invites.Block(ctx, OperatorFrom(ctx), in.ID, in.InviterID, in.Body.Blocked)
}

type friendBody struct {
	ID         int64              `json:"id"`
	InviterID  int64              `json:"inviter_id"`
	InviterFan int64              `json:"inviter_follower_id" doc:"0: forgotten"`
	FollowerID int64              `json:"follower_id" doc:"0: forgotten"`
	State      model.InvitedState `json:"state" enum:"staying,held,counted,left,refused"`
	Why        string             `json:"why" enum:",old,self,speed,leavers,operator"`
	Rewarded   bool               `json:"rewarded"`
	FollowedAt time.Time          `json:"followed_at"`
	LeftAt     *time.Time         `json:"left_at"`
	DecidedBy  string             `json:"decided_by"`
}

type friendsOut struct{ Body respond.Page[friendBody] }

func viewFriend(f invite.Friend) friendBody {
	return friendBody{f.ID, f.InviterID, f.InviterFan, f.FollowerID, f.State, f.Why, f.RewardID > 0, f.FollowedAt.UTC(), f.LeftAt, f.DecidedBy}
}

func (d *Door) invitedFriends(ctx context.Context, in *struct {
	CampaignPath
	PageIn
	State     model.InvitedState `query:"state" enum:",staying,held,counted,left,refused"`
	InviterID int64              `query:"inviter_id" minimum:"0" maximum:"9007199254740991" doc:"those of one inviter; 0: all"`
}) (*friendsOut, error) {
	i, err := d.Invites.Of(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return page(&in.PageIn, fmt.Sprint("friends\x00", in.ID, in.State, in.InviterID), func(before int64, limit int) ([]friendBody, error) {
		all, err := d.Invites.Friends(ctx, i, in.State, in.InviterID, before, limit)
		out := make([]friendBody, 0, len(all))
		for _, f := range all {
			out = append(out, viewFriend(f))
		}
		return out, err
	}, func(b friendBody) int64 { return b.ID }, func(p respond.Page[friendBody]) *friendsOut { return &friendsOut{p} })
}

var (
	invitedWords = map[model.InvitedState]string{model.InvitedStaying: "还没留够时间", model.InvitedHeld: "可疑，等人看", model.InvitedCounted: "算数", model.InvitedLeft: "取消关注了", model.InvitedRefused: "不算"}
	invitedWhy   = map[string]string{model.InvitedOld: "以前关注过", model.InvitedSelf: "自己", model.InvitedSpeed: "来得太快", model.InvitedLeavers: "这位邀请人带来的多半又走了", model.InvitedByHand: "人工拒绝"}
)

func (d *Door) invitedFile(ctx context.Context, in *struct {
	CampaignPath
	State model.InvitedState `query:"state" enum:",staying,held,counted,left,refused"`
}) (*huma.StreamResponse, error) {
	i, err := d.Invites.Of(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		before, over := int64(0), false
		sendCSV(c, fmt.Sprintf("invited-%d.csv", in.ID), []string{"邀请人（粉丝编号）", "朋友（粉丝编号）", "状态", "原因", "已换奖励", "关注时间", "取消时间", "谁处理的"}, func() ([][]string, error) {
			if over {
				return nil, nil
			}
			list, err := d.Invites.Friends(c.Request.Context(), i, in.State, 0, before, 500)
			if err != nil {
				return nil, err
			}
			rows := make([][]string, 0, len(list))
			for _, f := range list {
				before = f.ID
				left, used := "", "否"
				if f.LeftAt != nil {
					left = f.LeftAt.In(model.Shanghai).Format(time.DateTime)
				}
				if f.RewardID > 0 {
					used = "是"
				}
				rows = append(rows, []string{fmt.Sprint(f.InviterFan), fmt.Sprint(f.FollowerID), invitedWords[f.State], invitedWhy[f.Why], used, f.FollowedAt.In(model.Shanghai).Format(time.DateTime), left, f.DecidedBy})
			}
			over = len(list) < 500
			return rows, nil
		})
	}}, nil
}

type decidedOut struct {
	Body struct {
		Decided int64 `json:"decided" doc:"those that still waited"`
	}
}

func (d *Door) decideInvited(ctx context.Context, in *struct {
	CampaignPath
	Body struct {
		IDs   []int64 `json:"ids" minItems:"1" maxItems:"500"`
		Allow bool    `json:"allow"`
	}
}) (*decidedOut, error) {
	n, err := d.Invites.Decide(ctx, OperatorFrom(ctx), in.ID, in.Body.IDs, in.Body.Allow)
	if err != nil {
		return nil, err
	}
	out := &decidedOut{}
	out.Body.Decided = n
	return out, nil
}
