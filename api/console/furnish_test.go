package console_test

import (
	"gorm.io/gorm"

	"loudou/api/console"
	"loudou/service/operator"
)

// furnish gives the door the services that this package's tests speak to. Others stay nil: the tests of
// the rights walk their routes as far as the lock.
func furnish(_ *gorm.DB, ops *operator.Service) *console.Door {
	return &console.Door{Operators: ops}
}
