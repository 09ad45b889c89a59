package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"gorm.io/gorm"
)

// queued lets the writers of one SQLite file in one at a time, in the order they came. SQLite itself has no
// queue: who finds the file taken sleeps, up to 100 ms, and tries again, so that under load the unlucky wait for
// seconds while others pass. This is fairness alone: what keeps other processes out is still SQLite's lock.
type queued struct {
	*sql.DB
	turn chan struct{} // holds one when somebody writes
}

// turns has the queue of each file, for all who open it in this process.
var turns sync.Map

// queueWait is as long as SQLite waits for a file that another process holds.
const queueWait = 5 * time.Second

var errQueue = errors.New("sqlite: others have been writing for five seconds")

func queue(pool *sql.DB, path string) queued {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	turn, _ := turns.LoadOrStore(path, make(chan struct{}, 1))
	return queued{pool, turn.(chan struct{})}
}

func (q queued) wait(ctx context.Context) error {
	select {
	case q.turn <- struct{}{}:
		return nil
	default:
	}
	late := time.NewTimer(queueWait)
	defer late.Stop()
	select {
	case q.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return errQueue
	}
}

func (q queued) done() { <-q.turn }

// GetDBConn is gorm's way to the pool beneath.
func (q queued) GetDBConn() (*sql.DB, error) { return q.DB, nil }

// ExecContext runs one statement, which on a pool is a transaction of its own.
func (q queued) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := q.wait(ctx); err != nil {
		return nil, err
	}
	defer q.done()
	return q.DB.ExecContext(ctx, query, args...)
}

// BeginTx begins a transaction when its turn has come.
func (q queued) BeginTx(ctx context.Context, o *sql.TxOptions) (gorm.ConnPool, error) {
	if err := q.wait(ctx); err != nil {
		return nil, err
	}
	tx, err := q.DB.BeginTx(ctx, o)
	if err != nil {
		q.done()
		return nil, err
	}
	return &queuedTx{Tx: tx, done: sync.OnceFunc(q.done)}, nil
}

type queuedTx struct {
	*sql.Tx
	done func()
}

// Commit ends the turn, whatever becomes of it.
func (t *queuedTx) Commit() error {
	defer t.done()
	return t.Tx.Commit()
}

// Rollback ends the turn too.
func (t *queuedTx) Rollback() error {
	defer t.done()
	return t.Tx.Rollback()
}
