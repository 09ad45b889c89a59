package media

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
)

// account is the real gateway before the fake WeChat, as cmd wires it.
type account struct{ *wechat.Client }

func (a account) AddPicture(ctx context.Context, name string, picture []byte) (string, error) {
	m, err := a.UploadMedia(ctx, name, picture, true)
	return m.MediaID, err
}

func TestPictureBecomesMaterialOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		ctx, s := context.Background(), open(t, db)
		m, err := s.Upload(ctx, boss, PurposeCover, "群二维码.png", bytes.NewReader(pngBytes(t)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.AsMaterial(ctx, boss, m.ID); !errors.Is(err, model.ErrUnavailable) {
			t.Errorf("without an Official Account: %v", err)
		}
		fake := wechattest.New(wechattest.Options{}).Start(t)
		c, err := wechat.New(wechat.Options{AppID: fake.Official().AppID, Secret: fake.Official().Secret, API: fake.URL()})
		if err != nil {
			t.Fatal(err)
		}
		s.o.Official, s.o.Material = fake.Official().AppID, account{c}

		id, err := s.AsMaterial(ctx, boss, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if data, mime, found := fake.Media(id); !found || mime != "image/png" || len(data) != int(m.Bytes) {
			t.Errorf("material %q = %d bytes of %s, %v", id, len(data), mime, found)
		}
		if again, err := s.AsMaterial(ctx, boss, m.ID); err != nil || again != id {
			t.Errorf("a second time %q, %v; want %q", again, err, id)
		}
		if n := fake.Count("/cgi-bin/material/add_material"); n != 1 {
			t.Errorf("uploaded %d times", n)
		}
		if ms, err := s.OfMaterial(ctx, id); err != nil || len(ms) != 1 || ms[0].ID != m.ID {
			t.Errorf("behind the media_id: %v, %v", ms, err)
		}
		if ids, err := s.Materials(ctx, []model.Media{m}); err != nil || ids[m.ID] != id {
			t.Errorf("of the list: %v, %v", ids, err)
		}

		private, err := s.Upload(ctx, boss, PurposeLesson, "x.png", bytes.NewReader(pngBytes(t)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.AsMaterial(ctx, boss, private.ID); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("a lesson's private picture: %v", err)
		}
		if _, err := s.AsMaterial(ctx, boss, 999); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("no such picture: %v", err)
		}

		// Another Official Account knows nothing of the first one's material.
		s.o.Official = "wxother"
		if ms, err := s.OfMaterial(ctx, id); err != nil || len(ms) != 0 {
			t.Errorf("at another account: %v, %v", ms, err)
		}
	})
}
