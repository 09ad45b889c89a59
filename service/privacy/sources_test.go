package privacy

import (
	"slices"
	"testing"

	"loudou/model/modeltest"
)

// elsewhere are tables with such a column that tell nothing of the person but that a row elsewhere is theirs.
var elsewhere = map[string]string{
	"order_keys": "the request keys of two days, of an order that is in the export",
}

// Every table that knows a person is in the export: whoever adds one adds it here.
func TestEveryTableThatKnowsAPerson(t *testing.T) {
	db := modeltest.SQLite(t)
	var found []struct{ T, C string }
	err := db.Raw(`SELECT m.name AS t, c.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND c.name IN ('openid', 'person_id', 'learner_id', 'giver_id', 'follower_id', 'unionid') ORDER BY 1, 2`).Scan(&found).Error
	if err != nil || len(found) < 15 {
		t.Fatalf("%d columns, %v", len(found), err)
	}
	for _, f := range found {
		if elsewhere[f.T] == "" && !slices.ContainsFunc(sources, func(s source) bool { return s.table == f.T }) {
			t.Errorf("%s.%s knows a person and is not in the export", f.T, f.C)
		}
	}
	for _, s := range sources {
		if !db.Migrator().HasColumn(s.table, s.column) {
			t.Errorf("%s.%s is not there", s.table, s.column)
		}
	}
}
