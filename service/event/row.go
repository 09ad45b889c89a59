package event

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
)

// row is an event as the table keeps it.
type row struct {
	uid                               [16]byte
	appid                             string
	account                           int   // ours, or whose instance stored it
	kind                              uint8 // model.EventType.Number
	day                               int
	person                            int64
	occurred, received                int64 // Unix milliseconds
	article, course, lesson, campaign int64
	channel, code, share              string
	scene, seconds                    int
	amount                            int64
	outTradeNo                        string
	excluded                          model.Excluded
	imported                          bool
	props                             string
}

// place gives the row its day; what is excluded stands on no day, so no index range finds it.
func (r *row) place() {
	r.day = 0
	if r.excluded == 0 {
		r.day = model.DayNumber(time.UnixMilli(r.occurred))
	}
}

// places is how many events a batch's number leaves room for; a batch takes at most maxRows.
const places = 4096

// Every event fills the columns of always. Of sometimes, a statement names those that one of its rows fills and leaves the
// others at their default: the database reads the text of a row longer than it takes to store one.
const always = "id,uid,appid,type,day,person_id,occurred_at,received_at"

var sometimes = [...]string{"account", "article_id", "course_id", "lesson_id", "campaign_id", "scene", "seconds", "amount", "excluded", "imported", "channel", "code", "share_id", "out_trade_no", "props"}

// numbers and texts are the columns of sometimes, in its order.
func (r *row) numbers() [10]int64 {
	imported := int64(0)
	if r.imported {
		imported = 1
	}
	return [...]int64{int64(r.account), r.article, r.course, r.lesson, r.campaign, int64(r.scene), int64(r.seconds), r.amount, int64(r.excluded), imported}
}

func (r *row) texts() [5]string {
	return [...]string{r.channel, r.code, r.share, r.outTradeNo, r.props}
}

// filled has a bit for each column of sometimes that one of rows fills.
func filled(rows []row) (bits uint) {
	for i := range rows {
		n := rows[i].numbers()
		for k, v := range n {
			if v != 0 {
				bits |= 1 << k
			}
		}
		for k, t := range rows[i].texts() {
			if t != "" {
				bits |= 1 << (len(n) + k)
			}
		}
	}
	return bits
}

// insert stores rows (at most maxRows) as one batch in tx. accepted is nil when all were new, else it tells
// which; when none was, the batch row is taken back. The statement is text without placeholders: strings
// that hold more than plain characters go as hex, so no setting of the server can read them otherwise.
// Duplicates are left alone by an update of a column to itself: unlike INSERT IGNORE it lets every other
// error show.
func (s *Service) insert(ctx context.Context, tx *gorm.DB, rows []row) (batch int64, accepted []bool, err error) {
	pool := tx.Statement.ConnPool
	res, err := pool.ExecContext(ctx, "INSERT INTO event_batches (instance) VALUES ('"+s.instance+"')")
	if err != nil {
		return 0, nil, fmt.Errorf("new batch: %w", err)
	}
	if batch, err = res.LastInsertId(); err != nil {
		return 0, nil, fmt.Errorf("number of the batch: %w", err)
	}
	buf := buffers.Get().(*[]byte)
	b := append((*buf)[:0], "INSERT INTO events ("+always...)
	named := filled(rows)
	for k, c := range sometimes {
		if named>>k&1 == 1 {
			b = append(append(b, ','), c...)
		}
	}
	b = append(b, ") VALUES "...)
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.appendRow(b, batch*places+int64(i), &rows[i], named)
	}
	if s.mysql {
		b = append(b, " ON DUPLICATE KEY UPDATE uid = uid"...)
	} else {
		b = append(b, " ON CONFLICT DO NOTHING"...)
	}
	res, err = pool.ExecContext(ctx, string(b))
	*buf = b
	buffers.Put(buf)
	if err != nil {
		return 0, nil, fmt.Errorf("store %d events: %w", len(rows), err)
	}
	n, err := res.RowsAffected()
	if err != nil || int(n) == len(rows) {
		return batch, nil, err
	}
	accepted = make([]bool, len(rows))
	if n == 0 {
		_, err = pool.ExecContext(ctx, "DELETE FROM event_batches WHERE id = "+strconv.FormatInt(batch, 10))
		return batch, accepted, err
	}
	got, err := pool.QueryContext(ctx, "SELECT id FROM events WHERE id BETWEEN "+strconv.FormatInt(batch*places, 10)+" AND "+strconv.FormatInt(batch*places+places-1, 10))
	if err != nil {
		return 0, nil, fmt.Errorf("which of batch %d are new: %w", batch, err)
	}
	defer func() { _ = got.Close() }()
	for got.Next() {
		var id int64
		if err := got.Scan(&id); err != nil {
			return 0, nil, err
		}
		accepted[id%places] = true
	}
	return batch, accepted, got.Err()
}

func (s *Service) appendRow(b []byte, id int64, r *row, named uint) []byte {
	b = append(b, '(')
	b = strconv.AppendInt(b, id, 10)
	b = append(b, ",x'"...)
	b = hex.AppendEncode(b, r.uid[:])
	b = append(b, "',"...)
	b = s.appendText(b, r.appid)
	for _, n := range [...]int64{int64(r.kind), int64(r.day), r.person, r.occurred, r.received} {
		b = append(b, ',')
		b = strconv.AppendInt(b, n, 10)
	}
	numbers := r.numbers()
	for k, n := range numbers {
		if named>>k&1 == 1 {
			b = append(b, ',')
			b = strconv.AppendInt(b, n, 10)
		}
	}
	for k, t := range r.texts() {
		if named>>(len(numbers)+k)&1 == 0 {
			continue
		}
		b = append(b, ',')
		if t == "" && sometimes[len(numbers)+k] == "props" {
			b = append(b, "NULL"...)
		} else {
			b = s.appendText(b, t)
		}
	}
	return append(b, ')')
}

// appendText writes a string literal that both databases read back as s under every mode.
func (s *Service) appendText(b []byte, text string) []byte {
	plain := true
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '\'' || c == '\\' || c == 0x7f {
			plain = false
			break
		}
	}
	switch {
	case plain:
		b = append(b, '\'')
		b = append(b, text...)
		return append(b, '\'')
	case s.mysql:
		b = append(b, "_utf8mb4 x'"...)
		b = hex.AppendEncode(b, []byte(text))
		return append(b, '\'')
	}
	b = append(b, "CAST(x'"...)
	b = hex.AppendEncode(b, []byte(text))
	return append(b, "' AS TEXT)"...)
}
