package backup

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"

	"gorm.io/gorm"
)

// snapshot reads one state of the database, however long it takes. It writes nothing, and on SQLite it is not in
// the writers' way.
type snapshot struct {
	conn  *sql.Conn
	mysql bool
}

func begin(ctx context.Context, db *gorm.DB) (*snapshot, error) {
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	s := &snapshot{conn: conn, mysql: isMySQL(db)}
	start := []string{"BEGIN", "SELECT COUNT(*) FROM sqlite_master"} // SQLite takes its snapshot at the first read
	if s.mysql {
		start = []string{"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"}
	}
	for _, q := range start {
		if strings.HasPrefix(q, "SELECT") {
			var n int64
			err = conn.QueryRowContext(ctx, q).Scan(&n)
		} else {
			_, err = conn.ExecContext(ctx, q)
		}
		if err != nil {
			s.end()
			return nil, fmt.Errorf("snapshot: %w", err)
		}
	}
	return s, nil
}

// end lets go of the snapshot; a second time does nothing.
func (s *snapshot) end() {
	if s.conn == nil {
		return
	}
	_, _ = s.conn.ExecContext(context.Background(), "ROLLBACK")
	_ = s.conn.Close()
	s.conn = nil
}

func isMySQL(db *gorm.DB) bool { return db.Name() == "mysql" }

// names lists the tables of the database in their order.
func names(ctx context.Context, conn interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, mysql bool) ([]string, error) {
	q := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
	if mysql {
		q = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
	}
	rows, err := conn.QueryContext(ctx, q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	sort.Strings(out)
	return out, rows.Err()
}

// tables lists what is saved, with the rows each has in this snapshot.
func (s *snapshot) tables(ctx context.Context) ([]Table, error) {
	list, err := names(ctx, s.conn, s.mysql)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	var out []Table
	for _, name := range list {
		if leftOut[name] {
			continue
		}
		t := Table{Name: name}
		if err := s.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quoted(name)).Scan(&t.Rows); err != nil {
			return nil, fmt.Errorf("count %s: %w", name, err)
		}
		out = append(out, t)
	}
	return out, nil
}

// quoted is a table's or column's name in a statement, on both databases. Names come from the schema, or are
// compared with it before.
func quoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "") + "`" }

// write puts a table's rows into w.
func (s *snapshot) write(ctx context.Context, t Table, w io.Writer, told func(int64)) error {
	rows, err := s.conn.QueryContext(ctx, "SELECT * FROM "+quoted(t.Name))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := columnsOf(rows)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(columns); err != nil {
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	n := int64(0)
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, c := range columns {
			if values[i], err = c.Kind.out(values[i]); err != nil {
				return fmt.Errorf("column %s: %w", c.Name, err)
			}
		}
		if err := enc.Encode(values); err != nil {
			return err
		}
		if n++; n%rowsAtOnce == 0 {
			told(rowsAtOnce)
		}
	}
	told(n % rowsAtOnce)
	if err := rows.Err(); err != nil {
		return err
	}
	if n != t.Rows {
		return fmt.Errorf("%d rows were counted and %d read", t.Rows, n)
	}
	return nil
}
