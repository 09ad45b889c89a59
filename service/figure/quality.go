package figure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

// stoppedAfter is how long nothing moves before somebody in the middle of a course counts as stopped.
const stoppedAfter = 14 * day

// tenths are the parts a lesson's length is cut into to show where people stand.
const tenths = 10

// LessonQuality is a lesson as those who began its course in the range left it.
type LessonQuality struct {
	LessonID  int64            `json:"lesson_id"`
	Title     string           `json:"title"`
	Chapter   string           `json:"chapter"`
	Kind      model.LessonKind `json:"kind" enum:"text,audio,video,file"`
	Trial     bool             `json:"trial"`
	Seconds   int              `json:"seconds" doc:"0: nobody knows how long it is"`
	Reached   int64            `json:"reached"`
	Finished  int64            `json:"finished"`
	WentOn    *int64           `json:"went_on" doc:"of those who reached it; null for the last lesson"`
	Stopped   int64            `json:"stopped"`
	Exercised int64            `json:"exercised"`
	Places    []int64          `json:"places" doc:"those who have not finished it by the tenth of its length they came to; empty where its length is not known"`
}

// RefundReason is what money of a course went back for.
type RefundReason struct {
	Reason  string    `json:"reason" doc:"as it was written; empty: none"`
	Refunds int64     `json:"refunds"`
	People  int64     `json:"people"`
	Amount  model.Fen `json:"amount"`
}

// ArticleTalk is what readers wrote under an article that leads to the course.
type ArticleTalk struct {
	ArticleID int64  `json:"article_id"`
	Title     string `json:"title"`
	Comments  int64  `json:"comments"`
	Elected   int64  `json:"elected"`
}

// Quality is a course as those who began it in a range left it.
type Quality struct {
	Figures map[string]Figure `json:"figures"`
	Lessons []LessonQuality   `json:"lessons"`
	Rules   map[string]string `json:"rules" doc:"what the columns of lessons and refunds count"`
	Refunds []RefundReason    `json:"refunds"`
	Talk    []ArticleTalk     `json:"talk"`
	AsOf    time.Time         `json:"as_of"`
}

// QualityPart names whom of a course to list.
type QualityPart string

// The parts of a course's people. Those after QualityStopped can be asked for one lesson; QualityLeft and QualityPlace only so.
const (
	QualityLearners   QualityPart = "learners"
	QualityCompleted  QualityPart = "completed"
	QualityLearning   QualityPart = "learning"
	QualityExercisers QualityPart = "exercisers"
	QualityCommenters QualityPart = "commenters"
	QualityRefunded   QualityPart = "refunded"
	QualityStopped    QualityPart = "stopped"
	QualityReached    QualityPart = "reached"
	QualityFinished   QualityPart = "finished"
	QualityWentOn     QualityPart = "went_on"
	QualityLeft       QualityPart = "left"
	QualityPlace      QualityPart = "place"
)

// QualityWhich is a set of people: of the whole course, of a lesson, of a tenth of one, or of a refund's reason.
type QualityWhich struct {
	Part   QualityPart
	Lesson int64
	Tenth  int
	Reason string
	Bare   bool // refunds with no reason written; an empty Reason alone is any
}

var qualityRules = map[string]string{
	"reached":   "这批学员中，在这一课有学习进度的人",
	"finished":  "这批学员中，学完这一课的人",
	"went_on":   "到过这一课的人中，在后面任何一课有学习进度的人；比到过的人少了多少，就是在这里流失了多少",
	"stopped":   "没学完全课、最后一次学习进度在这一课、并且已经 14 天没有新进度的人",
	"places":    "没学完这一课的人最远看到的位置，按时长分成十段",
	"exercised": "范围内在这一课做过练习的人",
	"refunds":   "范围内退款成功的订单，按退款时间，退款时写的原因相同的算一行",
	"talk":      "带到这门课的文章下面，范围内读者写的留言",
}

// qualityLesson is what a lesson is known by here.
type qualityLesson struct {
	ID                   int64
	Chapter, Title, Kind string
	Trial                bool
	Seconds              int
}

// stand is how far one person came in one lesson.
type stand struct {
	position int
	finished bool
}

// study is one person's way through a course.
type study struct {
	first, last time.Time
	at          int // the lesson of the last step, by its place in the course
	stands      map[int]stand
}

type qualitySums struct {
	lessons []qualityLesson
	sets    map[QualityWhich]*roaring.Bitmap
	since   map[QualityPart]map[int64]int64 // when somebody did it; learners for all that is about them
	refunds []RefundReason
}

func (q *qualitySums) put(w QualityWhich, person int64) {
	if q.sets[w] == nil {
		q.sets[w] = roaring.New()
	}
	if person > 0 && person <= 1<<32-1 {
		q.sets[w].Add(uint32(person)) //nolint:gosec // bounded in the line above
	}
}

func (q *qualitySums) count(part QualityPart, lesson int64) int64 {
	return card(q.sets[QualityWhich{Part: part, Lesson: lesson}])
}

// Quality tells how good a course was to those who began it in a range. ErrNotFound for a course that does not exist.
func (s *Service) Quality(ctx context.Context, id int64, sp Span) (Quality, error) {
	figures, err := s.Course(ctx, id, sp)
	if err != nil {
		return Quality{}, err
	}
	sums, err := s.quality(ctx, id, sp)
	if err != nil {
		return Quality{}, err
	}
	b := newBoard(sp, s.now())
	b.figures = figures
	learners := sums.count(QualityLearners, 0)
	b.count("learners", learners, "范围内开始学的人：拥有课程之后第一次有学习进度。只试看没有课程的、员工、已注销的不在内")
	b.rate("completed_rate", sums.count(QualityCompleted, 0), learners, 30*day, "这批学员中，到现在学完了全部课时的人 ÷ 开始学的人")
	b.rate("stop_rate", sums.count(QualityStopped, 0), learners, stoppedAfter, "这批学员中，没学完、并且已经 14 天没有新进度的人 ÷ 开始学的人")
	b.count("learning", sums.count(QualityLearning, 0), "这批学员中，没学完、14 天内还有新进度的人")
	b.count("exercisers", sums.count(QualityExercisers, 0), "范围内在这门课里做过练习的人")
	b.count("commenters", sums.count(QualityCommenters, 0), "范围内在小程序里评论过这门课的人")
	if err := s.courseRefunds(ctx, id, sp, b); err != nil {
		return Quality{}, err
	}
	out := Quality{Figures: b.figures, Lessons: []LessonQuality{}, Rules: qualityRules, Refunds: sums.refunds, AsOf: b.now}
	for i, l := range sums.lessons {
		x := LessonQuality{LessonID: l.ID, Title: l.Title, Chapter: l.Chapter, Kind: model.LessonKind(l.Kind), Trial: l.Trial, Seconds: l.Seconds, Places: []int64{},
			Reached: sums.count(QualityReached, l.ID), Finished: sums.count(QualityFinished, l.ID), Stopped: sums.count(QualityStopped, l.ID), Exercised: sums.count(QualityExercisers, l.ID)}
		if i < len(sums.lessons)-1 {
			n := sums.count(QualityWentOn, l.ID)
			x.WentOn = &n
		}
		if l.Seconds > 0 {
			for t := 1; t <= tenths; t++ {
				x.Places = append(x.Places, card(sums.sets[QualityWhich{Part: QualityPlace, Lesson: l.ID, Tenth: t}]))
			}
		}
		out.Lessons = append(out.Lessons, x)
	}
	out.Talk, err = s.articleTalk(ctx, id, sp)
	return out, err
}

// courseRefunds adds the course's own refund rate, by the same rule as the account's.
func (s *Service) courseRefunds(ctx context.Context, id int64, sp Span, b *board) error {
	p, err := s.people.People(ctx)
	if err != nil {
		return err
	}
	paid, err := s.payments(ctx, p, model.EventPaid, sp.First, sp.Last)
	if err != nil {
		return err
	}
	refunds, err := s.payments(ctx, p, model.EventRefunded, sp.First, 99991231)
	if err != nil {
		return err
	}
	gross, back := int64(0), int64(0)
	mine := map[string]bool{}
	for _, x := range paid {
		if x.Course == id {
			gross += x.Amount
			mine[x.OutTradeNo] = true
		}
	}
	for _, x := range refunds {
		if x.OutTradeNo != "" && mine[x.OutTradeNo] {
			back += x.Amount
		}
	}
	b.rate("refund_rate", back, gross, 30*day, "范围内支付的这门课的订单的退款金额（不论何时退）÷ 支付金额，30 天后定")
	return nil
}

// QualityPeople lists a set of a course's people. Entered is when they began, or when they did what the set is of.
func (s *Service) QualityPeople(ctx context.Context, id int64, sp Span, w QualityWhich, after int64, limit int) (people []Entrant, more bool, err error) {
	if err := s.exists(ctx, "courses", id, "没有这门课程"); err != nil {
		return nil, false, err
	}
	sums, err := s.quality(ctx, id, sp)
	if err != nil {
		return nil, false, err
	}
	set := sums.sets[w]
	if w.Part == QualityLeft {
		if reached := sums.sets[QualityWhich{Part: QualityReached, Lesson: w.Lesson}]; reached != nil {
			set = reached.Clone()
			if on := sums.sets[QualityWhich{Part: QualityWentOn, Lesson: w.Lesson}]; on != nil {
				set.AndNot(on)
			}
		}
	}
	if set == nil {
		return []Entrant{}, false, nil
	}
	since, ok := sums.since[w.Part]
	if !ok {
		since = sums.since[QualityLearners]
	}
	return s.entrants(ctx, set, since, after, limit)
}

func (s *Service) quality(ctx context.Context, id int64, sp Span) (*qualitySums, error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	q := &qualitySums{sets: map[QualityWhich]*roaring.Bitmap{}, since: map[QualityPart]map[int64]int64{QualityLearners: {}, QualityExercisers: {}, QualityCommenters: {}, QualityRefunded: {}}, refunds: []RefundReason{}}
	if err := s.db.WithContext(ctx).Raw("SELECT id, chapter, title, kind, trial, seconds FROM lessons WHERE course_id = ? AND deleted_at IS NULL ORDER BY position, id", id).Scan(&q.lessons).Error; err != nil {
		return nil, fmt.Errorf("lessons of course %d: %w", id, err)
	}
	studies, err := s.studies(ctx, p, id, q.lessons)
	if err != nil {
		return nil, err
	}
	now := s.now()
	for person, st := range studies {
		if st.first.Before(sp.From) || !st.first.Before(sp.To) {
			continue
		}
		q.since[QualityLearners][person] = st.first.UnixMilli()
		q.file(person, st, now)
	}
	if err := s.qualityDoings(ctx, p, id, sp, q); err != nil {
		return nil, err
	}
	return q, s.refundReasons(ctx, p, id, sp, q)
}

// file puts one learner into the sets they belong to.
func (q *qualitySums) file(person int64, st *study, now time.Time) {
	q.put(QualityWhich{Part: QualityLearners}, person)
	done, furthest := 0, 0
	for i, x := range st.stands {
		furthest = max(furthest, i)
		if x.finished {
			done++
		}
	}
	for i, x := range st.stands {
		l := q.lessons[i]
		q.put(QualityWhich{Part: QualityReached, Lesson: l.ID}, person)
		if x.finished {
			q.put(QualityWhich{Part: QualityFinished, Lesson: l.ID}, person)
		} else if l.Seconds > 0 {
			q.put(QualityWhich{Part: QualityPlace, Lesson: l.ID, Tenth: min(x.position*tenths/l.Seconds, tenths-1) + 1}, person)
		}
		if i < furthest {
			q.put(QualityWhich{Part: QualityWentOn, Lesson: l.ID}, person)
		}
	}
	switch {
	case done == len(q.lessons):
		q.put(QualityWhich{Part: QualityCompleted}, person)
	case now.Sub(st.last) >= stoppedAfter:
		q.put(QualityWhich{Part: QualityStopped}, person)
		q.put(QualityWhich{Part: QualityStopped, Lesson: q.lessons[st.at].ID}, person)
	default:
		q.put(QualityWhich{Part: QualityLearning}, person)
	}
}

// studies reads everybody's way through the lessons a course has now. Whoever never had the course, and only tried it,
// is not among them; who tried it first began when they had it and went on.
func (s *Service) studies(ctx context.Context, p *model.People, id int64, lessons []qualityLesson) (map[int64]*study, error) {
	place := make(map[int64]int, len(lessons))
	for i, l := range lessons {
		place[l.ID] = i
	}
	db := s.db.WithContext(ctx)
	var grants []struct {
		LearnerID int64
		StartsAt  time.Time
	}
	if err := db.Table("grants").Select("learner_id, starts_at").Where("course_id = ?", id).Scan(&grants).Error; err != nil {
		return nil, fmt.Errorf("grants of course %d: %w", id, err)
	}
	through := grants[:0:0] // by a bundle it is or was in
	err := db.Table("grants g").Select("g.learner_id, g.starts_at").Joins("JOIN bundle_items i ON i.bundle_id = g.course_id AND i.appid = g.appid").Joins("LEFT JOIN orders o ON o.id = g.order_id").
		Where("i.course_id = ? AND (i.left_at IS NULL OR COALESCE(o.created_at, g.created_at) <= i.left_at)", id).Scan(&through).Error
	if err != nil {
		return nil, fmt.Errorf("grants of bundles with course %d: %w", id, err)
	}
	grants = append(grants, through...)
	had := map[int64]time.Time{}
	for _, g := range grants {
		if at, ok := had[g.LearnerID]; !ok || g.StartsAt.Before(at) {
			had[g.LearnerID] = g.StartsAt
		}
	}
	var rows []model.Progress
	if err := db.Where("course_id = ?", id).Order("updated_at, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("progress in course %d: %w", id, err)
	}
	out := map[int64]*study{}
	for _, r := range rows {
		begun, owned := had[r.LearnerID]
		i, alive := place[r.LessonID]
		who := p.Of(r.PersonID)
		if !owned || !alive || who <= 0 {
			continue
		}
		st := out[who]
		if st == nil {
			st = &study{stands: map[int]stand{}}
			out[who] = st
		}
		if !r.UpdatedAt.Before(begun) { // a step taken while the course was theirs
			at := r.CreatedAt
			if at.Before(begun) {
				at = begun
			}
			if st.first.IsZero() || at.Before(st.first) {
				st.first = at
			}
			if !r.UpdatedAt.Before(st.last) {
				st.last, st.at = r.UpdatedAt, i
			}
		}
		x := st.stands[i] // one person may be two learners
		st.stands[i] = stand{max(x.position, r.Position), x.finished || r.FinishedAt != nil}
	}
	for who, st := range out {
		if st.first.IsZero() {
			delete(out, who)
		}
	}
	return out, nil
}

// qualityDoings finds who exercised and commented in the range.
func (s *Service) qualityDoings(ctx context.Context, p *model.People, id int64, sp Span, q *qualitySums) error {
	parts := map[int64]QualityPart{int64(model.EventExercise.Number()): QualityExercisers, int64(model.EventComment.Number()): QualityCommenters}
	query := fmt.Sprintf("SELECT type, person_id, lesson_id, MIN(occurred_at) FROM events WHERE type IN (%s) AND day BETWEEN %d AND %d%s GROUP BY type, person_id, lesson_id",
		numbersOf([]model.EventType{model.EventExercise, model.EventComment}), sp.First, sp.Last, scope{course: id}.where())
	return s.each(ctx, query, 4, func(v []int64) {
		part, who := parts[v[0]], p.Of(v[1])
		if who <= 0 {
			return
		}
		q.put(QualityWhich{Part: part}, who)
		if v[2] > 0 {
			q.put(QualityWhich{Part: part, Lesson: v[2]}, who)
		}
		if at, ok := q.since[part][who]; !ok || v[3] < at {
			q.since[part][who] = v[3]
		}
	})
}

// refundReasons reads what the course's refunds that succeeded in the range were for.
func (s *Service) refundReasons(ctx context.Context, p *model.People, id int64, sp Span, q *qualitySums) error {
	var rows []struct {
		PersonID    int64
		Reason      string
		Amount      int64
		SucceededAt time.Time
	}
	err := s.db.WithContext(ctx).Table("refunds").Select("orders.person_id, refunds.reason, refunds.amount, refunds.succeeded_at").Joins("JOIN orders ON orders.id = refunds.order_id").
		Where("orders.course_id = ? AND refunds.status = ? AND refunds.kind = ? AND refunds.succeeded_at >= ? AND refunds.succeeded_at < ?", id, model.RefundSuccess, model.RefundOfOrder, sp.From.UTC(), sp.To.UTC()).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("refunds of course %d: %w", id, err)
	}
	by := map[string]*RefundReason{}
	for _, r := range rows {
		if p.IsStaff(r.PersonID) {
			continue
		}
		reason := strings.TrimSpace(r.Reason)
		x := by[reason]
		if x == nil {
			x = &RefundReason{Reason: reason}
			by[reason] = x
		}
		x.Refunds, x.Amount = x.Refunds+1, x.Amount+model.Fen(r.Amount)
		if who := p.Of(r.PersonID); who > 0 {
			q.put(QualityWhich{Part: QualityRefunded}, who)
			q.put(QualityWhich{Part: QualityRefunded, Reason: reason, Bare: reason == ""}, who)
			if at, ok := q.since[QualityRefunded][who]; !ok || r.SucceededAt.UnixMilli() < at {
				q.since[QualityRefunded][who] = r.SucceededAt.UnixMilli()
			}
		}
	}
	for reason, x := range by {
		x.People = card(q.sets[QualityWhich{Part: QualityRefunded, Reason: reason, Bare: reason == ""}])
		q.refunds = append(q.refunds, *x)
	}
	slices.SortFunc(q.refunds, func(a, b RefundReason) int {
		return cmp.Or(cmp.Compare(b.Refunds, a.Refunds), cmp.Compare(b.Amount, a.Amount), cmp.Compare(a.Reason, b.Reason))
	})
	return nil
}

// articleTalk counts what readers wrote in the range under the articles that lead to the course.
func (s *Service) articleTalk(ctx context.Context, id int64, sp Span) ([]ArticleTalk, error) {
	out := []ArticleTalk{}
	err := s.db.WithContext(ctx).Raw("SELECT a.id AS article_id, a.title, COUNT(*) AS comments, SUM(CASE WHEN c.elected THEN 1 ELSE 0 END) AS elected FROM articles a JOIN comment_threads t ON t.article_id = a.id JOIN comments c ON c.thread_id = t.id "+
		"WHERE a.course_id = ? AND c.written_at >= ? AND c.written_at < ? GROUP BY a.id, a.title ORDER BY comments DESC, a.id DESC LIMIT 100", id, sp.From.UTC(), sp.To.UTC()).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("comments around course %d: %w", id, err)
	}
	return out, nil
}

// CourseMeasures are the figures a next version of a course, or of one of its lessons (0: the course), is judged by,
// of those who began in the days first … last. ErrNotFound where there is no such course, or no such lesson in it.
func (s *Service) CourseMeasures(ctx context.Context, courseID, lessonID int64, first, last int) ([]model.Measure, error) {
	q, err := s.Quality(ctx, courseID, span(model.DayStart(first), model.DayStart(last)))
	if err != nil {
		return nil, err
	}
	out := []model.Measure{}
	take := func(name string, f Figure) {
		out = append(out, model.Measure{Name: name, Value: f.Value, Numerator: f.Numerator, Denominator: f.Denominator, State: string(f.State), Rule: f.Rule})
	}
	for _, name := range []string{"learners", "start_rate", "finish_rate", "completed_rate", "stop_rate", "refund_rate"} {
		take(name, q.Figures[name])
	}
	if lessonID == 0 {
		return out, nil
	}
	i := slices.IndexFunc(q.Lessons, func(l LessonQuality) bool { return l.LessonID == lessonID })
	if i < 0 {
		return nil, model.Refuse(model.ErrNotFound, model.CodeNotFound, "这门课里没有这一课")
	}
	l := q.Lessons[i]
	b := newBoard(span(model.DayStart(first), model.DayStart(last)), s.now())
	b.rate("lesson_finish_rate", l.Finished, l.Reached, 30*day, "这批学员中，学完这一课的人 ÷ 到过这一课的人")
	b.rate("lesson_stop_rate", l.Stopped, l.Reached, stoppedAfter, "停在这一课、14 天没有新进度的人 ÷ 到过这一课的人")
	lesson := []string{"lesson_finish_rate", "lesson_stop_rate"}
	if l.WentOn != nil {
		b.rate("lesson_left_rate", l.Reached-*l.WentOn, l.Reached, 30*day, "到过这一课、没有再往后学的人 ÷ 到过这一课的人")
		lesson = append(lesson, "lesson_left_rate")
	}
	for _, name := range lesson {
		take(name, b.figures[name])
	}
	return out, nil
}
