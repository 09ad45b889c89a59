// Package person knows who is who: unionid, openid within an app, client id → one small number. It owns
// the persons, person_identities, person_links and person_version tables.
//
// A number once written into an event stays there. When two numbers turn out to be one human they are
// linked, the younger to the older, and everything that counts goes through the link. Every link and
// every staff flag raises the version, by which those who hold a copy notice.
package person

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// Service keeps persons.
type Service struct {
	db  *gorm.DB
	now func() time.Time

	mu     sync.Mutex
	people *model.People
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, now func() time.Time) *Service { return &Service{db: db, now: now} }

// Ensure gives the number of the person who is openid within appid, made on first sight, and joins it
// with the unionid where one is known ("" otherwise). It belongs to the caller's transaction; twice is
// safe, also at the same time on two instances. ErrInvalid without appid or openid.
func (s *Service) Ensure(tx *gorm.DB, appid string, openid model.OpenID, unionid string) (int64, error) {
	if appid == "" || openid == "" {
		return 0, fmt.Errorf("person without appid or openid: %w", model.ErrInvalid)
	}
	return s.ensure(tx, model.PersonIdentity{Kind: model.IdentityOpenID, AppID: appid, Value: string(openid)}, unionid)
}

// EnsureAll gives the numbers of several openids within appid, made on first sight: Ensure for whoever has
// many in one transaction. Those that are known cost one statement together. Empty openids are left out.
func (s *Service) EnsureAll(tx *gorm.DB, appid string, openids []model.OpenID) (map[model.OpenID]int64, error) {
	var known []model.PersonIdentity
	if err := tx.Select("value", "person_id").Where("kind = ? AND appid = ? AND value IN ?", model.IdentityOpenID, appid, openids).Find(&known).Error; err != nil {
		return nil, fmt.Errorf("look for persons: %w", err)
	}
	out := make(map[model.OpenID]int64, len(openids))
	for _, i := range known {
		out[model.OpenID(i.Value)] = i.PersonID
	}
	for _, o := range openids {
		if out[o] != 0 || o == "" {
			continue
		}
		id, err := s.create(tx, model.PersonIdentity{Kind: model.IdentityOpenID, AppID: appid, Value: string(o)})
		if err != nil {
			return nil, err
		}
		out[o] = id
	}
	return out, nil
}

// EnsureUnion gives the number of the person with a unionid of whom no openid is known (history imports).
func (s *Service) EnsureUnion(tx *gorm.DB, unionid string) (int64, error) {
	return s.ensure(tx, model.PersonIdentity{Kind: model.IdentityUnion, Value: unionid}, "")
}

// EnsureClient gives the number of a browser or phone that only carries a number of ours; a person who
// logs in from it later is joined with Join.
func (s *Service) EnsureClient(tx *gorm.DB, appid, client, unionid string) (int64, error) {
	return s.ensure(tx, model.PersonIdentity{Kind: model.IdentityClient, AppID: appid, Value: client}, unionid)
}

func (s *Service) ensure(tx *gorm.DB, who model.PersonIdentity, unionid string) (int64, error) {
	own, err := find(tx, who)
	if err != nil {
		return 0, err
	}
	if unionid == "" {
		if own != 0 {
			return own, nil
		}
		return s.create(tx, who)
	}
	union := model.PersonIdentity{Kind: model.IdentityUnion, Value: unionid}
	same, err := find(tx, union)
	if err != nil {
		return 0, err
	}
	switch {
	case own == 0 && same == 0:
		if own, err = s.create(tx, who); err != nil {
			return 0, err
		}
		_, err = s.add(tx, union, own)
	case own == 0:
		own, err = s.add(tx, who, same)
	case same == 0:
		_, err = s.add(tx, union, own)
	default:
		err = s.Join(tx, own, same)
	}
	return own, err
}

func find(tx *gorm.DB, who model.PersonIdentity) (int64, error) {
	var id int64
	if err := tx.Raw("SELECT person_id FROM person_identities WHERE kind = ? AND appid = ? AND value = ?", who.Kind, who.AppID, who.Value).Scan(&id).Error; err != nil {
		return 0, fmt.Errorf("look for a person: %w", err)
	}
	return id, nil
}

// create makes a person with this identity, or finds the one another instance made meanwhile.
func (s *Service) create(tx *gorm.DB, who model.PersonIdentity) (int64, error) {
	p := model.Person{CreatedAt: model.Milli(s.now())}
	if err := tx.Create(&p).Error; err != nil {
		return 0, fmt.Errorf("new person: %w", err)
	}
	id, err := s.add(tx, who, p.ID)
	if err == nil && id != p.ID {
		err = tx.Exec("DELETE FROM persons WHERE id = ?", p.ID).Error
	}
	return id, err
}

// add says that who is person, and gives the number who really has: the unique key decides between two
// who come at the same time, and if it was another person, the two are one human.
func (s *Service) add(tx *gorm.DB, who model.PersonIdentity, person int64) (int64, error) {
	who.PersonID, who.CreatedAt = person, model.Milli(s.now())
	res := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "kind"}, {Name: "appid"}, {Name: "value"}}, DoNothing: true}).Create(&who)
	if res.Error != nil {
		return 0, fmt.Errorf("identity of person %d: %w", person, res.Error)
	}
	there, err := find(tx, model.PersonIdentity{Kind: who.Kind, AppID: who.AppID, Value: who.Value})
	if err != nil || there == person {
		return person, err
	}
	if who.Kind == model.IdentityUnion {
		return there, s.Join(tx, person, there)
	}
	return there, nil
}

// Join says that two numbers are one human; joining them again changes nothing.
func (s *Service) Join(tx *gorm.DB, a, b int64) error {
	ca, cb, err := s.both(tx, a, b)
	if err != nil || ca == cb {
		return err
	}
	// One lock for all joins, and a second look under it: chains cannot form between two that run at once.
	if err := s.raise(tx); err != nil {
		return err
	}
	if ca, cb, err = s.both(tx, a, b); err != nil || ca == cb {
		return err
	}
	old, young := min(ca, cb), max(ca, cb)
	if err := tx.Exec("UPDATE person_links SET canonical_id = ? WHERE canonical_id = ?", old, young).Error; err != nil {
		return fmt.Errorf("join person %d: %w", young, err)
	}
	return tx.Create(&model.PersonLink{PersonID: young, CanonicalID: old, LinkedAt: model.Milli(s.now())}).Error
}

func (s *Service) both(tx *gorm.DB, a, b int64) (ca, cb int64, err error) {
	if ca, err = s.Canonical(tx, a); err != nil || a == b {
		return ca, ca, err
	}
	cb, err = s.Canonical(tx, b)
	return ca, cb, err
}

// Canonical gives the number a person counts under.
func (s *Service) Canonical(tx *gorm.DB, person int64) (int64, error) {
	var id int64
	if err := tx.Raw("SELECT canonical_id FROM person_links WHERE person_id = ?", person).Scan(&id).Error; err != nil {
		return 0, fmt.Errorf("canonical of person %d: %w", person, err)
	}
	if id == 0 {
		return person, nil
	}
	return id, nil
}

// Numbers lists every number the human behind person has been known under, the canonical one first. Tables
// keep the number of their day, so an owner that erases needs them all.
func (s *Service) Numbers(tx *gorm.DB, person int64) ([]int64, error) {
	c, err := s.Canonical(tx, person)
	if err != nil {
		return nil, err
	}
	var linked []int64
	if err := tx.Raw("SELECT person_id FROM person_links WHERE canonical_id = ? ORDER BY person_id", c).Scan(&linked).Error; err != nil {
		return nil, fmt.Errorf("numbers of person %d: %w", person, err)
	}
	return append([]int64{c}, linked...), nil
}

// SetStaff marks a person as staff or test account, or takes the mark away. It holds for all time.
func (s *Service) SetStaff(tx *gorm.DB, person int64, staff bool) error {
	if err := s.raise(tx); err != nil {
		return err
	}
	return tx.Model(&model.Person{}).Where("id = ?", person).Update("staff", staff).Error
}

func (s *Service) raise(tx *gorm.DB) error {
	q := "INSERT INTO person_version (id, version) VALUES (1, 1) ON DUPLICATE KEY UPDATE version = version + 1"
	if !store.IsMySQL(tx) {
		q = "INSERT INTO person_version (id, version) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET version = version + 1"
	}
	if err := tx.Exec(q).Error; err != nil {
		return fmt.Errorf("version of persons: %w", err)
	}
	return nil
}

// People gives the counting view; the copy in memory is read again when the version has risen.
func (s *Service) People(ctx context.Context) (*model.People, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.db.WithContext(ctx)
	var version int64
	if err := db.Raw("SELECT version FROM person_version WHERE id = 1").Scan(&version).Error; err != nil {
		return nil, fmt.Errorf("version of persons: %w", err)
	}
	if s.people != nil && s.people.Version == version {
		return s.people, nil
	}
	p := &model.People{Version: version, Links: map[int64]int64{}, Staff: map[int64]bool{}}
	var links []model.PersonLink
	if err := db.Find(&links).Error; err != nil {
		return nil, fmt.Errorf("read person links: %w", err)
	}
	for _, l := range links {
		p.Links[l.PersonID] = l.CanonicalID
	}
	var staff []int64
	if err := db.Raw("SELECT id FROM persons WHERE staff = 1").Scan(&staff).Error; err != nil {
		return nil, fmt.Errorf("read staff: %w", err)
	}
	for _, id := range staff {
		if c, ok := p.Links[id]; ok {
			id = c
		}
		p.Staff[id] = true
	}
	s.people = p
	return p, nil
}

// Known is how many humans we tell apart, joined ones once, and of how many no unionid is known: the same human
// may be among those twice.
type Known struct{ Persons, WithoutUnion, Staff int64 }

// Known counts. Numbers that were joined to another are not counted again.
func (s *Service) Known(ctx context.Context) (Known, error) {
	p, err := s.People(ctx)
	if err != nil {
		return Known{}, err
	}
	k := Known{Staff: int64(len(p.Staff))}
	err = s.db.WithContext(ctx).Raw("SELECT COUNT(*), COALESCE(SUM(CASE WHEN NOT EXISTS (SELECT 1 FROM person_identities i WHERE i.person_id = p.id AND i.kind = ?) THEN 1 ELSE 0 END), 0) "+
		"FROM persons p WHERE NOT EXISTS (SELECT 1 FROM person_links l WHERE l.person_id = p.id)", model.IdentityUnion).Row().Scan(&k.Persons, &k.WithoutUnion)
	if err != nil {
		return k, fmt.Errorf("count persons: %w", err)
	}
	return k, nil
}

// Erase takes away everything that says who a person is; the number stays in the events, so that all sums
// stay. The person's linked numbers are erased with it.
func (s *Service) Erase(tx *gorm.DB, person int64) error {
	c, err := s.Canonical(tx, person)
	if err != nil {
		return err
	}
	err = tx.Exec("DELETE FROM person_identities WHERE person_id = ? OR person_id IN (SELECT person_id FROM person_links WHERE canonical_id = ?)", c, c).Error
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return fmt.Errorf("erase person %d: %w", person, err)
	}
	return nil
}
