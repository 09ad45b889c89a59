package person

import (
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
)

// EnsureKnown is Ensure for many openids within appid and their unionids ("" where none is known) in one
// transaction: what is new altogether costs a few statements for all, and only the odd ones cost their own.
func (s *Service) EnsureKnown(tx *gorm.DB, appid string, unions map[model.OpenID]string) (map[model.OpenID]int64, error) {
	openids, unionids := make([]string, 0, len(unions)), make([]string, 0, len(unions))
	uses := map[string]int{}
	for o, u := range unions {
		openids = append(openids, string(o))
		if u != "" {
			unionids = append(unionids, u)
			uses[u]++
		}
	}
	own, err := s.found(tx, model.IdentityOpenID, appid, openids)
	if err != nil {
		return nil, err
	}
	same, err := s.found(tx, model.IdentityUnion, "", unionids)
	if err != nil {
		return nil, err
	}
	out := make(map[model.OpenID]int64, len(unions))
	var fresh []model.OpenID
	for o, u := range unions {
		mine, shared := own[string(o)], same[u]
		switch {
		case mine != 0 && (u == "" || shared == mine):
			out[o] = mine
		case mine == 0 && shared == 0 && uses[u] < 2:
			fresh = append(fresh, o)
		default:
			if out[o], err = s.ensure(tx, model.PersonIdentity{Kind: model.IdentityOpenID, AppID: appid, Value: string(o)}, u); err != nil {
				return nil, err
			}
		}
	}
	if len(fresh) == 0 {
		return out, nil
	}
	made, err := s.createAll(tx, appid, fresh, unions)
	for o, id := range made {
		out[o] = id
	}
	return out, err
}

func (s *Service) found(tx *gorm.DB, kind model.IdentityKind, appid string, values []string) (map[string]int64, error) {
	out := map[string]int64{}
	if len(values) == 0 {
		return out, nil
	}
	var rows []model.PersonIdentity
	if err := tx.Select("value", "person_id").Where("kind = ? AND appid = ? AND value IN ?", kind, appid, values).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("look for persons: %w", err)
	}
	for _, r := range rows {
		out[r.Value] = r.PersonID
	}
	return out, nil
}

// createAll makes a person for each openid. Where another instance was faster the unique key says so, and that
// one counts.
func (s *Service) createAll(tx *gorm.DB, appid string, openids []model.OpenID, unions map[model.OpenID]string) (map[model.OpenID]int64, error) {
	now := model.Milli(s.now())
	people := make([]model.Person, len(openids))
	for i := range people {
		people[i].CreatedAt = now
	}
	if err := tx.Create(&people).Error; err != nil {
		return nil, fmt.Errorf("new persons: %w", err)
	}
	var who []model.PersonIdentity
	values := make([]string, 0, len(openids))
	for i, o := range openids {
		values = append(values, string(o))
		who = append(who, model.PersonIdentity{Kind: model.IdentityOpenID, AppID: appid, Value: string(o), PersonID: people[i].ID, CreatedAt: now})
		if u := unions[o]; u != "" {
			who = append(who, model.PersonIdentity{Kind: model.IdentityUnion, Value: u, PersonID: people[i].ID, CreatedAt: now})
		}
	}
	if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "kind"}, {Name: "appid"}, {Name: "value"}}, DoNothing: true}).Create(&who).Error; err != nil {
		return nil, fmt.Errorf("identities of new persons: %w", err)
	}
	there, err := s.found(tx, model.IdentityOpenID, appid, values)
	if err != nil {
		return nil, err
	}
	var unionids []string
	for _, o := range openids {
		if u := unions[o]; u != "" {
			unionids = append(unionids, u)
		}
	}
	shared, err := s.found(tx, model.IdentityUnion, "", unionids)
	if err != nil {
		return nil, err
	}
	out := make(map[model.OpenID]int64, len(openids))
	for i, o := range openids {
		id := there[string(o)]
		if id != people[i].ID {
			if err := tx.Exec("DELETE FROM persons WHERE id = ?", people[i].ID).Error; err != nil {
				return nil, fmt.Errorf("a person too many: %w", err)
			}
		}
		if u := unions[o]; u != "" && shared[u] != id { // two are one human
			if id, err = s.ensure(tx, model.PersonIdentity{Kind: model.IdentityOpenID, AppID: appid, Value: string(o)}, u); err != nil {
				return nil, err
			}
		}
		out[o] = id
	}
	return out, nil
}
