package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"

	"gorm.io/gorm"
)

// Each runs a query and calls take with every row; the row is only lent. It reads from the driver itself:
// questions over events read hundreds of thousands of rows, and Scan would take most of the time. Not inside a transaction:
// it takes a connection of its own.
func Each(ctx context.Context, db *gorm.DB, query string, take func(row []driver.Value) error, args ...any) error {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return err
		}
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	pool, err := db.DB()
	if err != nil {
		return err
	}
	for range 3 {
		err = each(ctx, pool, query, named, take)
		if !errors.Is(err, driver.ErrBadConn) { // a pooled connection the server had closed: nothing was asked yet
			break
		}
	}
	return err
}

func each(ctx context.Context, pool *sql.DB, query string, args []driver.NamedValue, take func(row []driver.Value) error) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return conn.Raw(func(c any) error {
		rows, err := ask(ctx, c, query, args)
		if err != nil {
			return err
		}
		row := make([]driver.Value, len(rows.Columns()))
		for n := 1; err == nil; n++ {
			if err = rows.Next(row); err == nil {
				err = take(row)
			}
			if err == nil && n%1024 == 0 { // SQLite's driver looks at ctx only when the query begins
				err = ctx.Err()
			}
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return errors.Join(err, rows.Close())
	})
}

// ask puts the query to the driver, prepared when the driver does not write arguments into it.
func ask(ctx context.Context, conn any, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c, ok := conn.(driver.QueryerContext); ok {
		if rows, err := c.QueryContext(ctx, query, args); !errors.Is(err, driver.ErrSkip) {
			return rows, err
		}
	}
	c, ok := conn.(driver.ConnPrepareContext)
	if !ok {
		return nil, fmt.Errorf("%T prepares no statement", conn)
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	asks, ok := stmt.(driver.StmtQueryContext)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%T takes no query", stmt), stmt.Close())
	}
	rows, err := asks.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, stmt.Close())
	}
	return prepared{rows, stmt}, nil
}

// prepared closes its statement with its rows.
type prepared struct {
	driver.Rows
	stmt driver.Stmt
}

func (p prepared) Close() error { return errors.Join(p.Rows.Close(), p.stmt.Close()) }

// Int is a whole number of a row; 0 for NULL.
func Int(v driver.Value) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case uint64:
		return int64(v) //nolint:gosec // a key or a sum of ours
	case []byte: // a sum: MySQL gives a decimal
		n, _ := strconv.ParseInt(string(v), 10, 64)
		return n
	case float64:
		return int64(v)
	case nil:
		return 0
	}
	panic(fmt.Sprintf("%T is no whole number", v))
}

// Text is a string of a row, or a number as it is written; "" for NULL.
func Text(v driver.Value) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case string:
		return v
	case []byte:
		return string(v)
	case nil:
		return ""
	}
	panic(fmt.Sprintf("%T is no text", v))
}
