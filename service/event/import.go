package event

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
	"loudou/service/store/csvfile"
)

// Persons knows who is who: service/person.
type Persons interface {
	Ensure(tx *gorm.DB, appid string, openid model.OpenID, unionid string) (int64, error)
	EnsureKnown(tx *gorm.DB, appid string, unions map[model.OpenID]string) (map[model.OpenID]int64, error)
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

var importShape = csvfile.Shape{Columns: []string{"id", "type", "occurred_at", "appid", "openid", "unionid", "client_id", "article_id", "course_id", "lesson_id", "campaign_id", "channel", "code", "share_id", "scene", "seconds", "out_trade_no", "amount", "staff"}, Required: []string{"id", "type", "occurred_at"}}

// Import checks the whole file first and takes nothing in when a row is bad (csvfile.BadRow). An id that is no UUID
// becomes one by name, so a second import of the same file adds nothing, and an interrupted one is simply
// run again: what is there already is left alone.
//
// One goroutine reads and knows the people, as many as commit elsewhere store, and one folds what is stored
// into the roll-ups, so that neither the reading nor the database waits for the other.
func (s *Service) Import(ctx context.Context, in Import) (Imported, error) {
	var out Imported
	if err := s.readCatalogues(ctx); err != nil {
		return out, err
	}
	if err := s.readFile(ctx, in, func(importRow) error { return nil }); err != nil {
		return out, err
	}
	if _, err := in.File.Seek(0, io.SeekStart); err != nil {
		return out, err
	}
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	batches := make(chan []row, s.writers)
	var rows, added atomic.Int64
	var workers sync.WaitGroup
	for range s.writers {
		workers.Go(func() {
			for batch := range batches {
				n, err := s.importBatch(working, batch)
				if err != nil {
					stop(err)
					return
				}
				rows.Add(int64(len(batch)))
				added.Add(int64(n))
			}
		})
	}
	folding, folded := context.WithCancel(context.WithoutCancel(ctx))
	var behind sync.WaitGroup
	behind.Go(func() { s.folder(folding) })

	who := importPeople{persons: in.Persons, known: map[string]int64{}, staff: map[int64]bool{}}
	var batch []importRow
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		told, err := who.name(working, s.db, batch)
		batch = batch[:0]
		if err != nil {
			return err
		}
		select {
		case batches <- told:
			return nil
		case <-working.Done():
			return context.Cause(working)
		}
	}
	err := s.readFile(working, in, func(r importRow) error {
		if batch = append(batch, r); len(batch) == maxRows {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	close(batches)
	workers.Wait()
	folded()
	behind.Wait()
	if cause := context.Cause(working); cause != nil { // a worker's fault is the reason, whatever the reader says
		err = cause
	}
	out.Rows, out.Added = int(rows.Load()), int(added.Load())
	out.Duplicate = out.Rows - out.Added
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

// importBatch stores at most maxRows events as one batch and tells how many were new.
func (s *Service) importBatch(ctx context.Context, rows []row) (added int, err error) {
	var number int64
	var accepted []bool
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		number, accepted, err = s.insert(ctx, tx, rows)
		return err
	})
	if err != nil {
		return 0, err
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

// importPeople are the people of a file, met so far.
type importPeople struct {
	persons Persons
	known   map[string]int64 // by importRow.who
	staff   map[int64]bool   // flagged already
}

// name gives the rows with the numbers of their people. Those it has not met yet are made in a transaction of
// their own, before the events: a person without events does no harm, and a second import finds them.
func (p *importPeople) name(ctx context.Context, db *gorm.DB, batch []importRow) ([]row, error) {
	rows := make([]row, len(batch))
	var fresh []*importRow // each once, in the order of the file
	seen := map[string]bool{}
	var flag bool
	for i := range batch {
		r := &batch[i]
		rows[i] = r.row
		if rows[i].person = p.known[r.who()]; rows[i].person == 0 && !seen[r.who()] {
			seen[r.who()] = true
			fresh = append(fresh, r)
		}
		flag = flag || r.staff && !p.staff[rows[i].person]
	}
	if len(fresh) == 0 && !flag {
		return rows, nil
	}
	var met map[string]int64
	var flagged []int64
	err := store.Tx(ctx, db, func(tx *gorm.DB) (err error) {
		if met, err = p.meet(tx, fresh); err != nil {
			return err
		}
		flagged = flagged[:0]
		for i := range batch {
			if rows[i].person == 0 {
				rows[i].person = met[batch[i].who()]
			}
			if id := rows[i].person; batch[i].staff && !p.staff[id] && !slices.Contains(flagged, id) {
				if err := p.persons.SetStaff(tx, id, true); err != nil {
					return err
				}
				flagged = append(flagged, id)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for k, id := range met {
		p.known[k] = id
	}
	for _, id := range flagged {
		p.staff[id] = true
	}
	return rows, nil
}

// meet finds or makes people: those known by an openid together, app by app as the file names them, the odd ones
// each alone.
func (p *importPeople) meet(tx *gorm.DB, fresh []*importRow) (map[string]int64, error) {
	met := make(map[string]int64, len(fresh))
	unions := map[string]map[model.OpenID]string{} // by appid
	var apps []string
	for _, r := range fresh {
		if r.openid == "" || r.client != "" {
			continue
		}
		if unions[r.appid] == nil {
			unions[r.appid] = map[model.OpenID]string{}
			apps = append(apps, r.appid)
		}
		if _, twice := unions[r.appid][model.OpenID(r.openid)]; !twice { // with another unionid: alone, below
			unions[r.appid][model.OpenID(r.openid)] = r.unionid
		}
	}
	numbers := map[string]map[model.OpenID]int64{}
	for _, appid := range apps {
		var err error
		if numbers[appid], err = p.persons.EnsureKnown(tx, appid, unions[appid]); err != nil {
			return nil, err
		}
	}
	for _, r := range fresh {
		key := r.who()
		if u, ok := unions[r.appid][model.OpenID(r.openid)]; ok && r.client == "" && u == r.unionid {
			met[key] = numbers[r.appid][model.OpenID(r.openid)]
			continue
		}
		id, err := importPerson(tx, p.persons, r)
		if err != nil {
			return nil, err
		}
		met[key] = id
	}
	return met, nil
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
	now := s.now()
	return csvfile.Read(ctx, in.File, importShape, in.Progress, func(row csvfile.Row) error {
		r, err := s.importLine(row, in, now)
		if err != nil {
			return err
		}
		return fn(r)
	})
}

// importLine reads one row.
func (s *Service) importLine(row csvfile.Row, in Import, now time.Time) (r importRow, err error) {
	get := row.Get
	bad := func(column, why string) (importRow, error) { return importRow{}, row.Bad(column, why) }
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
	r.account, r.occurred, r.received, r.imported = s.Account(), t.UnixMilli(), now.UnixMilli(), true
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
