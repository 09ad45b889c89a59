package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
)

// readCommitted sets the isolation of every new connection. What decides is always a lock, a unique key
// or a conditional update, so the snapshot of REPEATABLE READ buys nothing and its gap locks cost
// deadlocks. It is a statement because MySQL and MariaDB name the variable differently.
type readCommitted struct{ driver.Connector }

func (c readCommitted) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	x, ok := conn.(driver.ExecerContext)
	if !ok {
		return conn, nil
	}
	if _, err := x.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// isNet tells a failure of the road to the server from an answer of the server.
func isNet(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}
