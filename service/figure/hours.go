package figure

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

// WeChat no longer tells reading by the hour. What stands here is what the house saw itself: taps on cards and links, which
// have a time, and how mass sends were read, which has a day. Below these limits no hour is named.
const (
	hourReadDays = 28 // four whole weeks, so that each weekday weighs the same
	hourSendDays = 180
	hourReaders  = 100 // people who tapped, for the hour of reading
	hourSends    = 3   // sends in one hour, for its rate
	hourRates    = 2   // hours with a rate: one alone is better than nothing else
)

// SendHour is an hour of the day, Asia/Shanghai.
type SendHour struct {
	Hour      int      `json:"hour" minimum:"0" maximum:"23"`
	Readers   int64    `json:"readers" doc:"people who tapped a card in an article or a link in this hour"`
	Sends     int64    `json:"sends" doc:"mass sends that went out in this hour and whose readers WeChat has told"`
	Delivered int64    `json:"delivered" doc:"fans who got them, summed"`
	Read      int64    `json:"read" doc:"readers from the message by the end of the day after, summed"`
	Rate      *float64 `json:"rate" nullable:"true" doc:"read by delivered; null: too few sends"`
}

// SendHours says when fans read and how mass sends of each hour were read. A best hour is null while the data is too thin.
type SendHours struct {
	Hours     []SendHour        `json:"hours" doc:"24, from 0"`
	ReadFrom  string            `json:"read_from" format:"date"`
	ReadTo    string            `json:"read_to" format:"date"`
	SendFrom  string            `json:"send_from" format:"date"`
	Readers   int64             `json:"readers" doc:"different people who tapped"`
	Sends     int64             `json:"sends" doc:"mass sends counted"`
	Untold    int64             `json:"untold" doc:"sends of articles left out as WeChat has not told their readers or their delivered"`
	BestRead  *int              `json:"best_read" nullable:"true"`
	BestSend  *int              `json:"best_send" nullable:"true"`
	NeedRead  int64             `json:"need_readers" doc:"least people for best_read"`
	NeedSends int64             `json:"need_sends" doc:"least sends in an hour for its rate"`
	NeedRates int64             `json:"need_hours" doc:"least hours with a rate for best_send"`
	Rules     map[string]string `json:"rules"`
	AsOf      time.Time         `json:"as_of"`
}

var hourRules = map[string]string{
	"readers": fmt.Sprintf("最近 %d 天（到昨天）里，在这个小时点开过文章里的卡片或带追踪的链接的人；同一个人在一个小时里算一次，不含员工。微信不再提供分小时的阅读数，所以只数得到点击的人", hourReadDays),
	"rate":    fmt.Sprintf("最近 %d 天里在这个小时发出的图文群发：到发出的第二天结束为止，从公众号消息里读了头条的人 ÷ 收到的人，几次合在一起算。微信只按天给人数，所以多算一天，晚上发的才不吃亏", hourSendDays),
	"few":     fmt.Sprintf("点击的人不到 %d 个，就不说哪个小时点击的人最多；一个小时里不到 %d 次群发，就不算它的阅读率；算得出阅读率的小时不到 %d 个，就不说哪个最高", hourReaders, hourSends, hourRates),
}

// SendHours answers from the last days' taps and from mass sends of articles.
func (s *Service) SendHours(ctx context.Context) (SendHours, error) {
	today := model.DayStart(model.DayNumber(s.now()))
	read := span(today.AddDate(0, 0, -hourReadDays), today.AddDate(0, 0, -1))
	since := today.AddDate(0, 0, -hourSendDays)
	out := SendHours{Hours: make([]SendHour, 24), ReadFrom: read.From.Format(time.DateOnly), ReadTo: today.AddDate(0, 0, -1).Format(time.DateOnly), SendFrom: since.Format(time.DateOnly),
		NeedRead: hourReaders, NeedSends: hourSends, NeedRates: hourRates, Rules: hourRules, AsOf: model.Milli(s.now())}
	for i := range out.Hours {
		out.Hours[i].Hour = i
	}
	if err := s.readingHours(ctx, &out, read); err != nil {
		return out, err
	}
	return out, s.sendingHours(ctx, &out, since)
}

func (s *Service) readingHours(ctx context.Context, out *SendHours, sp Span) error {
	p, err := s.people.People(ctx)
	if err != nil {
		return err
	}
	// A division keeps its fraction in one dialect and drops it in the other; the rest of a division is the same in both.
	const hour = int64(time.Hour / time.Millisecond)
	q := fmt.Sprintf("SELECT DISTINCT person_id, (occurred_at %% %d) - (occurred_at %% %d) FROM events WHERE type IN (%s) AND day BETWEEN %d AND %d%s", 24*hour, hour,
		numbersOf([]model.EventType{model.EventArticleClick, model.EventLinkClick}), sp.First, sp.Last, s.ours())
	all := roaring.New()
	var hours [24]*roaring.Bitmap
	for i := range hours {
		hours[i] = roaring.New()
	}
	if err := s.each(ctx, q, 2, func(v []int64) {
		add(all, p, v[0])
		add(hours[(v[1]/hour+8)%24], p, v[0]) // Asia/Shanghai is eight whole hours ahead the year round
	}); err != nil {
		return err
	}
	best := 0
	for i := range hours {
		if out.Hours[i].Readers = card(hours[i]); out.Hours[i].Readers > out.Hours[best].Readers {
			best = i
		}
	}
	if out.Readers = card(all); out.Readers >= hourReaders {
		out.BestRead = &best
	}
	return nil
}

func (s *Service) sendingHours(ctx context.Context, out *SendHours, since time.Time) error {
	ours := s.things["articles"].appid
	var sends []struct {
		MsgDataID  string
		Sent       *int64
		AcceptedAt time.Time
	}
	if err := s.db.WithContext(ctx).Raw("SELECT msg_data_id, sent, accepted_at FROM broadcast_sends WHERE appid = ? AND state = ? AND msg_data_id <> '' AND accepted_at >= ?", ours, model.BroadcastDone, model.Milli(since)).Scan(&sends).Error; err != nil {
		return fmt.Errorf("sends by hour: %w", err)
	}
	// A send's readers are those of its first article; the others of the set are found through it.
	var totals []struct {
		MsgID       string `gorm:"column:msgid"`
		PublishDay  int
		StatDay     int
		ReadMessage int64
	}
	if err := s.db.WithContext(ctx).Raw("SELECT msgid, publish_day, stat_day, read_message FROM article_totals WHERE appid = ? AND publish_day >= ? AND is_delayed = ?", ours, model.DayNumber(since), false).Scan(&totals).Error; err != nil {
		return fmt.Errorf("readers of sends: %w", err)
	}
	readers := map[string]int64{} // by msgid
	for _, t := range totals {
		if t.StatDay == addDays(t.PublishDay, 1) {
			readers[t.MsgID] = t.ReadMessage
		}
	}
	for _, x := range sends {
		n, told := readers[x.MsgDataID+"_1"]
		if !told || x.Sent == nil || *x.Sent <= 0 {
			out.Untold++
			continue
		}
		h := &out.Hours[x.AcceptedAt.In(model.Shanghai).Hour()]
		h.Sends, h.Delivered, h.Read = h.Sends+1, h.Delivered+*x.Sent, h.Read+n
		out.Sends++
	}
	rates, best := 0, -1
	for i := range out.Hours {
		h := &out.Hours[i]
		if h.Sends < hourSends {
			continue
		}
		rate := float64(h.Read) / float64(h.Delivered)
		h.Rate = &rate
		rates++
		if best < 0 || rate > *out.Hours[best].Rate {
			best = i
		}
	}
	if rates >= hourRates {
		out.BestSend = &best
	}
	return nil
}
