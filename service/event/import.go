package event

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Persons knows who is who: service/person.
type Persons interface {
	Ensure(tx *gorm.DB, appid string, openid model.OpenID, unionid string) (int64, error)
	EnsureUnion(tx *gorm.DB, unionid string) (int64, error)
	EnsureClient(tx *gorm.DB, appid, client, unionid string) (int64, error)
	Join(tx *gorm.DB, a, b int64) error
	SetStaff(tx *gorm.DB, person int64, staff bool) error
}

// Import is a file of history to take in.
type Import struct {
	File io.ReadSeeker
	// MiniAppID and OfficialAppID stand where a row names no appid: what happens in the Official Account
	// is the latter's.
	MiniAppID, OfficialAppID string
	Persons                  Persons
	// Progress is told how many bytes more were read, twice the file in all. May be nil.
	Progress func(bytes int)
}

// Imported says what an import did.
type Imported struct{ Rows, Added, Duplicate int }

// BadRow is a row that cannot be taken in: line and column of the file, and why, in Chinese.
type BadRow struct {
	Line   int
	Column string
	Why    string
}

func (b BadRow) Error() string {
	return fmt.Sprintf("第 %d 行，%s 列：%s", b.Line, b.Column, b.Why)
}

// Unwrap makes it invalid input.
func (BadRow) Unwrap() error { return model.ErrInvalid }

var importColumns = []string{"id", "type", "occurred_at", "appid", "openid", "unionid", "client_id", "article_id", "course_id", "lesson_id", "campaign_id", "channel", "code", "share_id", "scene", "seconds", "out_trade_no", "amount", "staff"}

const importRows = 1000 // rows of one transaction

// Import checks the whole file first and takes nothing in when a row is bad (BadRow). An id that is no UUID
// becomes one by name, so a second import of the same file adds nothing, and an interrupted one is simply
// run again.
func (s *Service) Import(ctx context.Context, in Import) (Imported, error) {
	var out Imported
	for _, k := range s.catalogues {
		if err := k.refresh(ctx); err != nil {
			return out, fmt.Errorf("catalogue: %w", err)
		}
	}
	if err := s.readFile(ctx, in, func(importRow) error { return nil }); err != nil {
		return out, err
	}
	if _, err := in.File.Seek(0, io.SeekStart); err != nil {
		return out, err
	}
	known := map[string]int64{} // persons of this file
	var batch []importRow
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		added, err := s.importBatch(ctx, in, batch, known)
		out.Rows, out.Added, out.Duplicate = out.Rows+len(batch), out.Added+added, out.Duplicate+len(batch)-added
		batch = batch[:0]
		return err
	}
	err := s.readFile(ctx, in, func(r importRow) error {
		if batch = append(batch, r); len(batch) == importRows {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err == nil {
		err = s.Settle(ctx)
	}
	return out, err
}

// importRow is a row of the file: the event, and who did it.
type importRow struct {
	row
	openid, unionid, client string
	staff                   bool
}

func (r *importRow) who() string {
	return r.appid + "\x00" + r.openid + "\x00" + r.unionid + "\x00" + r.client
}

func (s *Service) importBatch(ctx context.Context, in Import, batch []importRow, known map[string]int64) (added int, err error) {
	var number int64
	var accepted []bool
	rows := make([]row, len(batch))
	fresh := map[string]int64{}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		clear(fresh)
		for i := range batch {
			r := &batch[i]
			key := r.who()
			id, ok := known[key]
			if !ok {
				id, ok = fresh[key]
			}
			if !ok {
				if id, err = importPerson(tx, in.Persons, r); err != nil {
					return err
				}
				fresh[key] = id
			}
			if r.staff {
				if err := in.Persons.SetStaff(tx, id, true); err != nil {
					return err
				}
			}
			rows[i] = r.row
			rows[i].person = id
		}
		number, accepted, err = s.insert(ctx, tx, rows)
		return err
	})
	if err != nil {
		return 0, err
	}
	for k, id := range fresh {
		known[k] = id
	}
	s.remember(number, rows, accepted)
	added = len(rows)
	for _, ok := range accepted {
		if !ok {
			added--
		}
	}
	return added, nil
}

func importPerson(tx *gorm.DB, p Persons, r *importRow) (id int64, err error) {
	switch {
	case r.openid != "":
		id, err = p.Ensure(tx, r.appid, model.OpenID(r.openid), r.unionid)
	case r.unionid != "":
		id, err = p.EnsureUnion(tx, r.unionid)
	default:
		return p.EnsureClient(tx, r.appid, r.client, "")
	}
	if err == nil && r.client != "" {
		var other int64
		if other, err = p.EnsureClient(tx, r.appid, r.client, ""); err == nil {
			err = p.Join(tx, id, other)
		}
	}
	return id, err
}

// readFile gives every row of the file to fn, or the first bad one as an error.
func (s *Service) readFile(ctx context.Context, in Import, fn func(importRow) error) error {
	lines := &boundedLines{r: bufio.NewReaderSize(in.File, 1<<16), told: in.Progress}
	c := csv.NewReader(lines)
	c.ReuseRecord, c.LazyQuotes = true, false
	head, err := c.Read()
	if errors.Is(err, io.EOF) {
		return BadRow{1, "id", "文件是空的"}
	}
	if err != nil {
		return badCSV(err)
	}
	at, err := importHead(head)
	if err != nil {
		return err
	}
	now := s.now()
	for ctx.Err() == nil {
		rec, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badCSV(err)
		}
		line, _ := c.FieldPos(0)
		r, err := s.importLine(rec, at, in, now)
		if err != nil {
			var bad BadRow
			if errors.As(err, &bad) {
				bad.Line = line
				return bad
			}
			return err
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func badCSV(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return BadRow{p.Line, strconv.Itoa(p.Column), "不是合法的 CSV：" + p.Err.Error()}
	}
	return err
}

// importHead finds the columns. Spreadsheets put a mark before the first.
func importHead(head []string) (map[string]int, error) {
	at := map[string]int{}
	for i, name := range head {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		if !utf8.ValidString(name) {
			return nil, BadRow{1, strconv.Itoa(i + 1), "不是 UTF-8 编码"}
		}
		if _, twice := at[name]; twice {
			return nil, BadRow{1, name, "这一列出现了两次"}
		}
		if !slices.Contains(importColumns, name) {
			return nil, BadRow{1, name, "没有这一列；可用的列：" + strings.Join(importColumns, "、")}
		}
		at[name] = i
	}
	for _, name := range importColumns[:3] {
		if _, ok := at[name]; !ok {
			return nil, BadRow{1, name, "缺少这一列"}
		}
	}
	return at, nil
}

// importLine reads one row; a BadRow still without its line otherwise.
func (s *Service) importLine(rec []string, at map[string]int, in Import, now time.Time) (r importRow, err error) {
	get := func(name string) string {
		if i, ok := at[name]; ok {
			return strings.TrimSpace(rec[i])
		}
		return ""
	}
	bad := func(column, why string) (importRow, error) { return importRow{}, BadRow{0, column, why} }
	for name, i := range at {
		if !utf8.ValidString(rec[i]) || !printable(rec[i]) {
			return bad(name, "不是 UTF-8 文字")
		}
	}
	id := get("id")
	if id == "" {
		return bad("id", "不能为空")
	}
	if u, err := uuid.Parse(id); err == nil && len(id) == 36 {
		r.uid = u
	} else {
		r.uid = UID("import:" + id)
	}
	kind := model.EventType(get("type"))
	if !kind.Known() {
		return bad("type", "没有这种事件")
	}
	r.kind = uint8(kind.Number()) //nolint:gosec // below 64
	t, err := time.Parse(time.RFC3339, get("occurred_at"))
	if err != nil || t.Year() < 2000 {
		return bad("occurred_at", "应为带时区的时间，如 2026-01-31T08:00:00+08:00")
	}
	if t.After(now.Add(time.Minute)) {
		return bad("occurred_at", "在将来")
	}
	r.occurred, r.received, r.imported = t.UnixMilli(), now.UnixMilli(), true
	r.appid = get("appid")
	if r.appid == "" {
		r.appid = in.MiniAppID
		switch kind {
		case model.EventFollow, model.EventUnfollow, model.EventScan, model.EventMenuClick, model.EventMessage:
			r.appid = in.OfficialAppID
		}
	}
	for column, into := range map[string]*string{"openid": &r.openid, "unionid": &r.unionid, "client_id": &r.client, "appid": &r.appid, "out_trade_no": &r.outTradeNo} {
		v := get(column)
		if v == "" {
			continue
		}
		if len(v) > 64 || strings.IndexFunc(v, func(c rune) bool { return c <= ' ' || c > '~' }) >= 0 || column == "appid" && len(v) > 32 {
			return bad(column, "太长，或含有不该有的字符")
		}
		*into = v
	}
	if r.openid == "" && r.unionid == "" && r.client == "" {
		return bad("openid", "openid、unionid、client_id 至少要有一个")
	}
	for k, column := range []string{"article_id", "course_id", "lesson_id", "campaign_id"} {
		n, ok := number([]byte(get(column)), 1, maxID)
		if v := get(column); v == "" {
			n, ok = 0, true
		}
		if !ok {
			return bad(column, "应为正整数")
		}
		if n != 0 && !s.catalogues[k].has(n) {
			return bad(column, fmt.Sprintf("没有编号为 %d 的记录", n))
		}
		*[...]*int64{&r.article, &r.course, &r.lesson, &r.campaign}[k] = n
	}
	for column, into := range map[string]*string{"channel": &r.channel, "code": &r.code, "share_id": &r.share} {
		if *into = get(column); utf8.RuneCountInString(*into) > maxText {
			return bad(column, "最多 64 个字")
		}
	}
	for column, into := range map[string]*int{"scene": &r.scene, "seconds": &r.seconds} {
		if v := get(column); v != "" {
			n, ok := number([]byte(v), 0, maxSeconds)
			if !ok {
				return bad(column, "应为 0 至 86400 的整数")
			}
			*into = int(n)
		}
	}
	if v := get("amount"); v != "" {
		n, ok := number([]byte(v), 0, 1e12)
		if !ok {
			return bad("amount", "应为以分为单位的整数")
		}
		r.amount = n
	}
	switch strings.ToLower(get("staff")) {
	case "1", "true", "yes", "是":
		r.staff = true
	case "", "0", "false", "no", "否":
	default:
		return bad("staff", "应为 1 或 0")
	}
	if model.ExcludedByScene(r.scene) {
		r.excluded = model.ExcludedScene
	}
	r.place()
	return r, nil
}

// boundedLines refuses a line that does not end, before it fills the memory, and tells how far it is.
type boundedLines struct {
	r    *bufio.Reader
	told func(int)
	run  int
}

const longestLine = 1 << 20

func (b *boundedLines) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.told != nil && n > 0 {
		b.told(n)
	}
	if i := bytes.LastIndexByte(p[:n], '\n'); i >= 0 {
		b.run = n - i - 1
	} else if b.run += n; b.run > longestLine {
		return 0, BadRow{0, "1", "有一行超过 1 MiB"}
	}
	return n, err
}
