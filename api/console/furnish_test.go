package console_test

import (
	"time"

	"gorm.io/gorm"

	"loudou/api/console"
	"loudou/service/article"
	"loudou/service/job"
	"loudou/service/operator"
)

// furnish gives the door the services that this package's tests speak to. Others stay nil: the tests of
// the rights walk their routes as far as the lock.
func furnish(db *gorm.DB, ops *operator.Service) *console.Door {
	return &console.Door{Operators: ops, Articles: article.New(db, "wxoa", ops, nil, time.Now), Jobs: job.New(db)}
}
