// Package privacy answers a person who asks what we know of them, or to be forgotten (个人信息). It reads any table and owns
// none: an export is read at one instant, and erasing is done by the owner of each table, in one transaction.
package privacy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Persons know under which numbers and openids one human has been seen: service/person.
type Persons interface {
	Numbers(tx *gorm.DB, personID int64) ([]int64, error)
	OpenIDs(tx *gorm.DB, personID int64) ([]model.PersonIdentity, error)
}

// Learners erase a human everywhere, and open a sealed phone number: service/learner.
type Learners interface {
	ErasePerson(ctx context.Context, personID int64, also func(tx *gorm.DB) error) error
	Phone(ctx context.Context, learnerID int64) (model.Phone, bool, error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service works for the followers of the account appid and the learners of its Mini Program.
type Service struct {
	db       *gorm.DB
	appid    string
	mini     string
	persons  Persons
	learners Learners
	audit    Auditor
	now      func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid, mini string, persons Persons, learners Learners, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, mini: mini, persons: persons, learners: learners, audit: audit, now: now}
}

// source is a table that knows a person: by which column, and under which title it is handed out.
type source struct{ table, column, by, title string }

// By which of a person's marks a table knows them.
const (
	byPerson   = "person"
	byOpenID   = "openid"
	byLearner  = "learner"
	byFollower = "follower"
	byOrder    = "order"
)

// sources lists every table with a column that knows a person; a test compares it with the schema.
var sources = []source{
	{"followers", "openid", byOpenID, "关注资料"}, {"follower_changes", "openid", byOpenID, "关注记录"}, {"follower_tags", "follower_id", byFollower, "标签"}, {"follower_labels", "openid", byOpenID, "待打的标签"}, {"follower_bulk_fans", "follower_id", byFollower, "批量打的标签和拉黑"}, {"follower_bulk_chosen", "follower_id", byFollower, "要批量拉黑的名单"},
	{"scene_scans", "openid", byOpenID, "扫码"}, {"pushes", "openid", byOpenID, "发来的消息和操作"}, {"reply_sends", "openid", byOpenID, "回复"}, {"comments", "openid", byOpenID, "文章留言"}, {"notice_sends", "openid", byOpenID, "发给 TA 的通知"}, {"notice_previews", "openid", byOpenID, "预览给 TA 的通知"},
	{"inviters", "openid", byOpenID, "参加的裂变任务"}, {"invited", "openid", byOpenID, "经朋友的码关注"}, {"invite_rewards", "openid", byOpenID, "裂变任务的奖励"},
	{"learners", "person_id", byPerson, "小程序账号"}, {"person_identities", "person_id", byPerson, "身份"}, {"person_links", "person_id", byPerson, "合并的身份"},
	{"orders", "learner_id", byLearner, "订单"}, {"payments", "order_id", byOrder, "付款"}, {"abandoned_notes", "order_id", byOrder, "没付成的订单的记录"}, {"refunds", "order_id", byOrder, "退款"}, {"grants", "learner_id", byLearner, "开通的课程"}, {"progress", "learner_id", byLearner, "学习进度"}, {"certificates", "learner_id", byLearner, "结业证书"}, {"quiz_submissions", "learner_id", byLearner, "测验答卷"}, {"remarks", "learner_id", byLearner, "课程评论"}, {"signups", "learner_id", byLearner, "活动报名"}, {"homework_submissions", "learner_id", byLearner, "交的作业"}, {"homework_pictures", "learner_id", byLearner, "作业的图片"},
	{"coupon_uses", "learner_id", byLearner, "用过的优惠券"}, {"redeem_codes", "learner_id", byLearner, "兑换"}, {"gifts", "learner_id", byLearner, "收到的礼物"}, {"gifts", "giver_id", byLearner, "送出的礼物"},
	{"events", "person_id", byPerson, "浏览和操作"},
}

// hidden columns prove something to somebody, or are ours: they are nobody's to hand out.
var hidden = map[string]bool{"session_key": true, "phone": true, "raw": true, "proof": true, "code": true, "push_key": true, "uid": true, "snapshot_json": true, "openid_sealed": true}

// masked columns name the person to WeChat.
var masked = map[string]bool{"openid": true, "unionid": true, "value": true}

// most bounds one table: a person with more is told how many were left off.
const most = 50_000

// marks are all under which one human is known.
type marks struct {
	person            int64
	persons, learners []int64
	followers         []int64
	openids           []string
	appids            []string // of the account, and none: a human may be known to other accounts of the same company too
}

func (s *Service) marks(ctx context.Context, followerID int64) (marks, error) {
	var m marks
	db := s.db.WithContext(ctx)
	var f []struct {
		OpenID   string `gorm:"column:openid"`
		PersonID int64
	}
	if err := db.Table("followers").Where("appid = ? AND id = ?", s.appid, followerID).Limit(1).Scan(&f).Error; err != nil {
		return m, fmt.Errorf("follower %d: %w", followerID, err)
	}
	if len(f) == 0 {
		return m, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这位粉丝")
	}
	m.person, m.openids = f[0].PersonID, []string{f[0].OpenID}
	m.followers, m.appids = []int64{followerID}, []string{"", s.appid, s.mini}
	if m.person == 0 {
		return m, nil
	}
	var err error
	if m.persons, err = s.persons.Numbers(db, m.person); err != nil {
		return m, fmt.Errorf("numbers of follower %d: %w", followerID, err)
	}
	for _, n := range m.persons {
		ids, err := s.persons.OpenIDs(db, n)
		if err != nil {
			return m, fmt.Errorf("openids of follower %d: %w", followerID, err)
		}
		for _, i := range ids {
			if i.AppID == s.appid || i.AppID == s.mini {
				m.openids = append(m.openids, i.Value)
			}
		}
	}
	if err := db.Table("learners").Where("appid = ? AND person_id IN ? AND erased_at IS NULL", s.mini, m.persons).Order("id").Pluck("id", &m.learners).Error; err != nil {
		return m, fmt.Errorf("learners of follower %d: %w", followerID, err)
	}
	return m, nil
}

// where is the condition of a source. A mark is never 0: that is what stands where a row is nobody's yet.
func (m marks) where(db *gorm.DB, x source) *gorm.DB {
	q := db.Table(x.table)
	switch x.by {
	case byPerson:
		if x.table != "person_links" {
			q = q.Where("appid IN ?", m.appids)
		}
		return q.Where(x.column+" > 0 AND "+x.column+" IN ?", some(m.persons))
	case byOpenID:
		return q.Where(x.column+" IN ?", m.openids)
	case byFollower:
		return q.Where(x.column+" IN ?", m.followers)
	case byOrder:
		return q.Where(x.column+" IN (?)", db.Table("orders").Select("id").Where("learner_id > 0 AND learner_id IN ?", some(m.learners)))
	}
	return q.Where(x.column+" > 0 AND "+x.column+" IN ?", some(m.learners))
}

// some keeps a list from being empty, which SQL does not know.
func some(ids []int64) []int64 {
	if len(ids) == 0 {
		return []int64{0}
	}
	return ids
}

// Export writes everything we know of the human behind a follower as JSON, table by table. Who asked for it is written down
// first. ErrNotFound.
func (s *Service) Export(ctx context.Context, by model.Operator, followerID int64, w io.Writer) error {
	m, err := s.marks(ctx, followerID)
	if err != nil {
		return err
	}
	if err := store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.trail(tx, by, "follower.export", followerID, "") }); err != nil {
		return err
	}
	out := struct {
		At     time.Time                   `json:"exported_at"`
		Fan    int64                       `json:"follower_id"`
		Phones []string                    `json:"手机号"`
		Parts  map[string][]map[string]any `json:"资料"`
		Left   map[string]int64            `json:"没有列出的行数,omitempty"`
	}{At: model.Milli(s.now()), Fan: followerID, Phones: []string{}, Parts: map[string][]map[string]any{}, Left: map[string]int64{}}
	for _, id := range m.learners {
		p, ok, err := s.learners.Phone(ctx, id)
		if err != nil {
			return fmt.Errorf("phone: %w", err)
		}
		if ok {
			out.Phones = append(out.Phones, p.Number)
		}
	}
	db := s.db.WithContext(ctx)
	for _, x := range sources {
		rows := []map[string]any{}
		if err := m.where(db, x).Limit(most).Find(&rows).Error; err != nil {
			return fmt.Errorf("export %s: %w", x.table, err)
		}
		if len(rows) == most {
			var n int64
			if err := m.where(db, x).Count(&n).Error; err != nil {
				return fmt.Errorf("export %s: %w", x.table, err)
			}
			out.Left[x.title] = n - most
		}
		for _, r := range rows {
			tidy(r)
		}
		out.Parts[x.title] = rows
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// tidy takes out what is not to be handed out, masks what names the person to WeChat, and makes bytes text.
func tidy(r map[string]any) {
	for k, v := range r {
		if hidden[k] {
			delete(r, k)
			continue
		}
		if b, ok := v.([]byte); ok {
			if !utf8.Valid(b) {
				delete(r, k)
				continue
			}
			r[k] = string(b)
		}
		if text, ok := r[k].(string); ok && masked[k] && text != "" {
			r[k] = model.OpenID(text).Masked()
		}
	}
}

// Erase forgets the human behind a follower everywhere, on their request; sums stay. Errors: ErrInvalid without a reason,
// ErrNotFound, ErrConflict money_open while an order is pending or a refund open.
func (s *Service) Erase(ctx context.Context, by model.Operator, followerID int64, reason string) error {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n == 0 || n > 200 {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("reason", "请写下为什么清除（谁、什么时候提出的），最多 200 个字")
	}
	m, err := s.marks(ctx, followerID)
	if err != nil {
		return err
	}
	if m.person == 0 {
		return model.Refuse(model.ErrConflict, model.CodeConflict, "这位粉丝的资料还没有取全，请过一会儿再试")
	}
	err = s.learners.ErasePerson(ctx, m.person, func(tx *gorm.DB) error { return s.trail(tx, by, "follower.erase", followerID, reason) })
	if errors.Is(err, model.ErrConflict) {
		return model.Refuse(model.ErrConflict, model.CodeMoneyOpen, "这个人还有未完成的订单或退款，处理完才能清除")
	}
	return err
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, id int64, reason string) error {
	e := model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "follower", ObjectID: strconv.FormatInt(id, 10)}
	if reason != "" {
		e.After = model.AuditJSON(map[string]any{"reason": reason})
	}
	return s.audit.Audit(tx, e)
}
