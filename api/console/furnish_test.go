package console_test

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/api/console"
	"loudou/service/article"
	"loudou/service/broadcast"
	"loudou/service/connection"
	"loudou/service/course"
	"loudou/service/event"
	"loudou/service/figure"
	"loudou/service/iteration"
	"loudou/service/job"
	"loudou/service/operator"
	"loudou/service/overlap"
	"loudou/service/person"
	"loudou/service/plan"
)

// furnish gives the door the services that this package's tests speak to. Others stay nil: the tests of
// the rights walk their routes as far as the lock.
func furnish(db *gorm.DB, ops *operator.Service) *console.Door {
	jobs := job.New(db)
	courses := course.New(db, course.Options{AppID: "wxmini"})
	articles := article.New(db, "wxoa", ops, courses, time.Now)
	broadcasts := broadcast.New(db, "wxoa", nil, nil, ops, jobs, time.Now)
	figures := figure.New(db, "wxofficial", "wxmini", person.New(db, time.Now), events(db), time.Now)
	tasks := plan.New(db, "wxoa", ops, articles, broadcasts, time.Now)
	return &console.Door{
		Broadcasts: broadcasts,
		Operators:  ops, Articles: articles, Jobs: jobs,
		Plan:       tasks,
		Iterations: iteration.New(db, "wxmini", figures, tasks, ops, time.Now),
		Overlap:    overlap.New(db, "wxoa", courses, articles, ops, time.Now),
		Figures:    figures,
		Connection: connection.New(db, connection.Options{Instance: "test", PublicURL: "https://example.com"}),
		Todos:      []console.Todo{{Key: "articles_waiting", Title: "待确认的文章", Link: "/articles?status=waiting", Count: articles.Waiting, Mine: articles.WaitingFor}},
		Guide:      func(ctx context.Context) (figure.Begun, error) { return figures.Begun(ctx, "wxoa", "wxmini") },
		Guards:     func(context.Context) (console.Guards, error) { return console.Guards{}, nil },
	}
}

// events takes events in without a Redis: live figures then come from the roll-ups.
func events(db *gorm.DB) *event.Service {
	return event.New(db, redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1}), event.Options{})
}
