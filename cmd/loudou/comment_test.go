package main

import (
	"fmt"
	"strings"
	"testing"

	"loudou/model"
)

// What readers write under a published article is read, picked and answered from the desk; who may only look, looks; a
// forgotten fan's words go.
func TestCommentsOnTheDesk(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		article := d.article("写作课开班")
		path := fmt.Sprintf("/articles/%d/comments", article)
		if l := fmt.Sprint(d.call("GET", path, "", 200)); !strings.Contains(l, "out:false") {
			t.Errorf("before it went out: %s", l)
		}
		d.call("POST", path+"/refresh", "", 409)
		x := d.push(article) // with comments
		d.call("POST", fmt.Sprintf("/drafts/%d/publish", x), "", 200)
		d.until("published", func() bool { return d.draftState(x) == "published" })
		var post string
		d.houses[0].db.Raw("SELECT msg_data_id FROM articles WHERE id = ?", article).Scan(&post)
		d.fake.Follow("oFanAlpha", "")
		d.fake.Wait()
		if d.fake.Comment("oFanAlpha", post, 0, "什么时候开课？") == 0 {
			t.Fatal("comments are closed")
		}
		d.call("POST", path+"/refresh", "", 204)
		list := d.call("GET", path, "", 200)
		items := list["items"].([]any)
		if len(items) != 1 || !strings.Contains(fmt.Sprint(items[0]), "什么时候开课") || strings.Contains(fmt.Sprint(items[0]), "oFanAlpha") {
			t.Fatalf("list: %v", list)
		}
		one := fmt.Sprintf("%s/%v", path, items[0].(map[string]any)["id"])
		viewer := d.as("vic", "viewer")
		viewer.call("GET", path, "", 200)
		viewer.call("PUT", one+"/elected", `{"elected":true}`, 403)
		viewer.call("DELETE", one, "", 403)
		d.call("PUT", one+"/elected", `{"elected":true}`, 204)
		d.call("PUT", one+"/reply", `{"content":"周一"}`, 204)
		d.call("PUT", one+"/reply", `{"content":"周一"}`, 409)
		if got, _, _ := d.houses[0].official.CommentList(t.Context(), model.CommentAt{MsgDataID: post}, 0, 10, 0); len(got) != 1 || !got[0].Elected || got[0].Reply != "周一" {
			t.Errorf("at WeChat: %+v", got)
		}
		d.call("DELETE", one+"/reply", "", 204)
		d.call("PUT", path+"/switch", `{"open":false}`, 204)
		if d.fake.Comment("oFanAlpha", post, 0, "晚了") != 0 {
			t.Error("comments are open yet")
		}
		d.wants("trail", 4, "SELECT COUNT(*) FROM audit_entries WHERE action LIKE 'comment.%'")
		var person int64
		if err := d.houses[0].db.Raw("SELECT person_id FROM person_identities WHERE value = 'oFanAlpha'").Scan(&person).Error; err != nil || person == 0 {
			t.Fatalf("person %d, %v", person, err)
		}
		if err := d.houses[0].eraseFan(d.houses[0].db, person); err != nil {
			t.Fatal(err)
		}
		d.call("POST", path+"/refresh", "", 204)
		d.wants("what the fan wrote", 0, "SELECT COUNT(*) FROM comments WHERE openid <> '' OR content <> ''")
		d.call("DELETE", one, "", 404)
	})
}
