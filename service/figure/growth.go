package figure

import (
	"context"
	"fmt"
	"time"

	"loudou/model"
)

// Growth is who came to the Official Account and who left within a day of an instant, beside a usual day of the two weeks
// before it. One who comes back counts as having come: the change says what happened, not for the first time or not.
type Growth struct {
	Came, Left           int64
	UsualCame, UsualLeft float64
}

// GrowthAfter counts follows and unfollows within a day of an instant.
func (s *Service) GrowthAfter(ctx context.Context, at time.Time) (g Growth, err error) {
	if g.Came, g.UsualCame, err = s.changesAfter(ctx, "follow", at); err == nil {
		g.Left, g.UsualLeft, err = s.changesAfter(ctx, "unfollow", at)
	}
	return g, err
}

// changesAfter counts changes of one kind within a day of an instant, and how many there are on a day of the two weeks before.
func (s *Service) changesAfter(ctx context.Context, kind string, at time.Time) (n int64, usual float64, err error) {
	at = at.UTC()
	between := func(from, to time.Time) (n int64) {
		if err == nil {
			err = s.db.WithContext(ctx).Raw("SELECT COUNT(*) FROM follower_changes WHERE appid = ? AND kind = ? AND happened_at >= ? AND happened_at < ?", s.official, kind, model.Milli(from), model.Milli(to)).Scan(&n).Error
		}
		return n
	}
	n, usual = between(at, at.Add(day)), float64(between(at.Add(-14*day), at))/14
	if err != nil {
		err = fmt.Errorf("who came and left after a send: %w", err)
	}
	return n, usual, err
}

// articleGrowth puts on the board who came and who left within a day of an article's going out: of its first mass send where
// that is known by WeChat's number, else of its publishing. The day is the article's own, whatever range was asked for.
func (s *Service) articleGrowth(ctx context.Context, b *board, id int64) error {
	names := []string{"day_came", "day_left", "day_net"}
	var article model.Article
	if err := s.db.WithContext(ctx).Select("appid", "published_at", "msg_data_id").Where("id = ?", id).Take(&article).Error; err != nil {
		return fmt.Errorf("when the article went out: %w", err)
	}
	at, what := article.PublishedAt, "发布"
	if article.MsgDataID != nil && *article.MsgDataID != "" {
		var first []model.BroadcastSend
		if err := s.db.WithContext(ctx).Select("accepted_at").Where("appid = ? AND msg_data_id = ? AND accepted_at IS NOT NULL", article.AppID, *article.MsgDataID).Order("accepted_at").Limit(1).Find(&first).Error; err != nil {
			return fmt.Errorf("when the article was sent: %w", err)
		}
		if len(first) > 0 {
			at, what = first[0].AcceptedAt, "群发"
		}
	}
	if at == nil {
		b.missing("文章还没有发布", names...)
		return nil
	}
	g, err := s.GrowthAfter(ctx, *at)
	if err != nil {
		return err
	}
	state := Final
	if b.now.Before(at.Add(day)) {
		state = Running
	}
	put := func(name string, n int64, usual float64, rule string) {
		v := float64(n)
		b.figures[name] = Figure{Value: &v, State: state, AsOf: b.now, Rule: fmt.Sprintf("%s后 24 小时（从北京时间 %s 起）内%s；之前两周平均每天 %.1f 人。时间上在它之后，不等于因为它", what, at.In(model.Shanghai).Format("01-02 15:04"), rule, usual)}
	}
	put("day_came", g.Came, g.UsualCame, "新关注的人次，重新关注也算")
	put("day_left", g.Left, g.UsualLeft, "取关的人次")
	put("day_net", g.Came-g.Left, g.UsualCame-g.UsualLeft, "新关注减取关")
	return nil
}
