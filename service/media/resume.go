package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// PartBytes is the size of every part of an upload but its last.
const PartBytes = 4 << 20

// uploadLife is how long an upload waits for its next part.
const uploadLife = 48 * time.Hour

var goodFingerprint = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Begin starts an upload in parts, or goes on with the one this operator began of the same file: fingerprint is the
// SHA-256 of what the sender knows it by. ErrInvalid names the fields.
func (s *Service) Begin(ctx context.Context, by model.Operator, purpose Purpose, title, fingerprint string, bytes int64) (model.Upload, error) {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "文件不能上传")
	if purpose != PurposeCover && purpose != PurposeLesson {
		bad.Field("purpose", "应为 cover 或 lesson")
	}
	if bytes < 1 || bytes > MaxUpload {
		bad.Field("bytes", "文件为空，或者超过 "+strconv.Itoa(MaxUpload>>20)+" MB")
	}
	if !goodFingerprint.MatchString(fingerprint) {
		bad.Field("fingerprint", "应为 64 位十六进制的 SHA-256")
	}
	if len(bad.Fields) > 0 {
		return model.Upload{}, bad
	}
	now := model.Milli(s.clock())
	key := fmt.Sprintf("%d:%s:%d:%s:%s", by.ID, purpose, bytes, fingerprint, s.o.AppID)
	u := model.Upload{
		AppID: s.o.AppID, UKey: newName("")[:32], OpenKey: &key, OperatorID: by.ID, Purpose: string(purpose), Title: displayName(title), Bytes: bytes,
		Status: model.UploadOpen, ExpiresAt: now.Add(uploadLife), CreatedAt: now, UpdatedAt: now,
	}
	for range 3 {
		var had model.Upload
		err := s.db.WithContext(ctx).Where("open_key = ?", key).Limit(1).Find(&had).Error
		if err != nil {
			return u, fmt.Errorf("begin upload: %w", err)
		}
		if had.ID != 0 {
			return s.finishing(ctx, by, had)
		}
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) error { u.ID = 0; return tx.Create(&u).Error })
		if _, dup := store.Duplicate(err); dup {
			continue // begun at the same moment
		}
		if err != nil {
			return u, fmt.Errorf("begin upload: %w", err)
		}
		return u, nil
	}
	return u, fmt.Errorf("begin upload: %w", model.ErrUnavailable)
}

// Uploading says how far an upload of the operator's came; one that has all its parts and was not made a file of,
// because the program died just then, is made one now. ErrNotFound for another's.
func (s *Service) Uploading(ctx context.Context, by model.Operator, ukey string) (model.Upload, error) {
	u, err := s.upload(ctx, by, ukey)
	if err != nil {
		return u, err
	}
	return s.finishing(ctx, by, u)
}

func (s *Service) finishing(ctx context.Context, by model.Operator, u model.Upload) (model.Upload, error) {
	if u.Status == model.UploadOpen && u.Got == u.Bytes {
		return s.finish(ctx, by, u)
	}
	return u, nil
}

func (s *Service) upload(ctx context.Context, by model.Operator, ukey string) (model.Upload, error) {
	var u model.Upload
	err := s.db.WithContext(ctx).Where("ukey = ? AND appid = ? AND operator_id = ?", ukey, s.o.AppID, by.ID).Take(&u).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return u, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这次上传，或者它已经过期，请重新选择文件")
	}
	if err != nil {
		return u, fmt.Errorf("upload %s: %w", ukey, err)
	}
	return u, nil
}

// errChecksum tells a part that was changed on its way; sending it again heals.
func errChecksum() error {
	return model.Refuse(model.ErrInvalid, model.CodeInvalid, "这一段在路上损坏了，会自动重传").Field("checksum", "SHA-256 不同")
}

// Part takes the part that begins at start: PartBytes of it, or what is left. sum is its SHA-256. A part that is
// here already, or came at the same moment to another instance, changes nothing: the answer says where to go on.
// The last part makes the file. ErrInvalid with field checksum, or with field file when the file is none the house takes.
func (s *Service) Part(ctx context.Context, by model.Operator, ukey string, start int64, sum string, part []byte) (model.Upload, error) {
	u, err := s.upload(ctx, by, ukey)
	if err != nil || u.Status != model.UploadOpen || start != u.Got {
		return u, err
	}
	if u.Got == u.Bytes {
		return s.finish(ctx, by, u)
	}
	if want := min(PartBytes, u.Bytes-start); int64(len(part)) != want {
		return u, model.Refuse(model.ErrInvalid, model.CodeInvalid, "这一段的长度不对").Field("file", fmt.Sprintf("应为 %d 字节", want))
	}
	digest := sha256.Sum256(part)
	if hex.EncodeToString(digest[:]) != sum {
		return u, errChecksum()
	}
	if start == 0 {
		if err := s.early(u, part); err != nil {
			return u, s.refuseUpload(ctx, u, err)
		}
	}
	p := model.UploadPart{UploadID: u.ID, StartAt: start, Bytes: int64(len(part)), SHA256: sum, Name: fmt.Sprintf("%s-%d-%s.chunk", u.UKey, start, newName("")[:8])}
	if err := s.putBytes(ctx, p.Name, part); err != nil {
		return u, err
	}
	now := model.Milli(s.clock())
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		p.ID = 0
		if err := tx.Create(&p).Error; err != nil {
			return err
		}
		res := tx.Model(&model.Upload{}).Where("id = ? AND status = ? AND got = ?", u.ID, model.UploadOpen, start).
			Updates(map[string]any{"got": start + p.Bytes, "expires_at": now.Add(uploadLife), "updated_at": now})
		if res.Error == nil && res.RowsAffected != 1 {
			return errMoved
		}
		return res.Error
	})
	if _, dup := store.Duplicate(err); dup || errors.Is(err, errMoved) { // another instance took the same part
		_ = s.storage.Remove(context.WithoutCancel(ctx), p.Name) // what stays is dust
		return s.upload(ctx, by, ukey)
	}
	if err != nil { // perhaps committed all the same: the bytes must stay
		return u, fmt.Errorf("part of upload %s: %w", ukey, err)
	}
	u.Got, u.ExpiresAt, u.UpdatedAt = start+p.Bytes, now.Add(uploadLife), now
	return s.finishing(ctx, by, u)
}

// errMoved: the upload is not where it was read.
var errMoved = errors.New("the upload moved meanwhile")

// early looks at the first bytes, so that nobody sends half a gigabyte to hear that it is of no use.
func (s *Service) early(u model.Upload, head []byte) error {
	k, ok := sniff(head[:min(len(head), 64)])
	switch {
	case !ok || k.material:
		return refuse("只接受 jpg、png、webp、gif、mp3、mp4 和 pdf，以文件内容为准")
	case Purpose(u.Purpose) == PurposeCover && k.kind != model.MediaImage:
		return refuse("封面应为 jpg、png、webp 或 gif 图片")
	case u.Bytes > limits[k.kind]:
		return refuse("文件过大，这一类最多 " + strconv.FormatInt(limits[k.kind]>>20, 10) + " MB")
	}
	return nil
}

// refuseUpload ends an upload whose bytes are of no use, and gives the refusal.
func (s *Service) refuseUpload(ctx context.Context, u model.Upload, why error) error {
	err := s.db.WithContext(ctx).Model(&model.Upload{}).Where("id = ? AND status = ?", u.ID, model.UploadOpen).
		Updates(map[string]any{"status": model.UploadRefused, "open_key": nil, "why": model.WordsOf(why, "文件不能使用"), "updated_at": model.Milli(s.clock())}).Error
	if err != nil {
		return errors.Join(why, err)
	}
	s.dropParts(ctx, u.ID)
	return why
}

func (s *Service) putBytes(ctx context.Context, name string, b []byte) error {
	f, err := os.CreateTemp(s.o.Dir, "keep-*.part")
	if err != nil {
		return fmt.Errorf("part: %w", err)
	}
	defer func() { _ = f.Close(); _ = os.Remove(f.Name()) }()
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("part: %w", err)
	}
	return s.storage.Put(ctx, name, f.Name(), "application/octet-stream")
}

// finish makes the file of an upload that has all its parts. Its name follows from the upload's, and its row is
// written together with the upload's end, so it is one file however many instances do this at once, and whenever one
// of them dies.
func (s *Service) finish(ctx context.Context, by model.Operator, u model.Upload) (model.Upload, error) {
	ctx = context.WithoutCancel(ctx) // a sender who hangs up now has sent all there is
	raw, err := os.CreateTemp(s.o.Dir, "upload-*.part")
	if err != nil {
		return u, fmt.Errorf("finish upload %s: %w", u.UKey, err)
	}
	defer func() { _ = raw.Close(); _ = os.Remove(raw.Name()) }()
	if err := s.join(ctx, raw, u); err != nil {
		if now, again := s.upload(ctx, by, u.UKey); again == nil && now.Status != model.UploadOpen {
			return now, nil // another instance was faster, and swept up
		}
		return u, err
	}
	found, err := look(raw, u.Bytes, false)
	if err == nil && Purpose(u.Purpose) == PurposeCover && found.kind != model.MediaImage {
		err = refuse("封面应为 jpg、png、webp 或 gif 图片")
	}
	if err != nil {
		return u, s.refuseUpload(ctx, u, err)
	}
	m := model.Media{
		AppID: s.o.AppID, Name: u.UKey + "." + found.ext, Kind: found.kind, MIME: found.mime, Width: found.width, Height: found.height,
		Title: u.Title, Public: Purpose(u.Purpose) == PurposeCover, OperatorID: by.ID, CreatedAt: model.Milli(s.o.Now()),
	}
	if m.Bytes, m.SHA256, err = s.keep(raw, m.Name, found); err != nil {
		return u, err
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := s.record(tx, &m, &by); err != nil {
			return err
		}
		res := tx.Model(&model.Upload{}).Where("id = ? AND status = ?", u.ID, model.UploadOpen).
			Updates(map[string]any{"status": model.UploadDone, "open_key": nil, "media_id": m.ID, "updated_at": model.Milli(s.clock())})
		if res.Error == nil && res.RowsAffected != 1 {
			return errMoved
		}
		return res.Error
	})
	if _, dup := store.Duplicate(err); dup || errors.Is(err, errMoved) {
		return s.upload(ctx, by, u.UKey)
	}
	if err != nil {
		return u, fmt.Errorf("finish upload %s: %w", u.UKey, err)
	}
	s.dropParts(ctx, u.ID)
	u.Status, u.OpenKey, u.MediaID = model.UploadDone, nil, m.ID
	return u, nil
}

// join writes the parts one behind the other, each checked once more: they lay in a storage meanwhile.
func (s *Service) join(ctx context.Context, w io.Writer, u model.Upload) error {
	var parts []model.UploadPart
	if err := s.db.WithContext(ctx).Where("upload_id = ?", u.ID).Order("start_at").Find(&parts).Error; err != nil {
		return fmt.Errorf("parts of upload %s: %w", u.UKey, err)
	}
	at := int64(0)
	for _, p := range parts {
		f, err := s.storage.Open(ctx, p.Name)
		if err != nil {
			return fmt.Errorf("part %d of upload %s: %w", p.StartAt, u.UKey, err)
		}
		sum := sha256.New()
		n, err := io.Copy(io.MultiWriter(w, sum), f)
		_ = f.Close()
		if err != nil {
			return fmt.Errorf("part %d of upload %s: %w", p.StartAt, u.UKey, err)
		}
		if p.StartAt != at || n != p.Bytes || hex.EncodeToString(sum.Sum(nil)) != p.SHA256 {
			return fmt.Errorf("part %d of upload %s: the storage gave other bytes back", p.StartAt, u.UKey)
		}
		at += n
	}
	if at != u.Bytes {
		return fmt.Errorf("upload %s has %d of %d bytes", u.UKey, at, u.Bytes)
	}
	return nil
}

// Abandon ends an upload nobody wants any more. ErrNotFound for another's.
func (s *Service) Abandon(ctx context.Context, by model.Operator, ukey string) error {
	u, err := s.upload(ctx, by, ukey)
	if err != nil || u.Status != model.UploadOpen {
		return err
	}
	if err := s.refuseUpload(ctx, u, refuse("已取消")); !errors.Is(err, model.ErrInvalid) {
		return err
	}
	return nil
}

// dropParts takes the parts of an ended upload out of the storage; what fails is taken out by Sweep.
func (s *Service) dropParts(ctx context.Context, uploadID int64) {
	var parts []model.UploadPart
	db := s.db.WithContext(ctx)
	if db.Where("upload_id = ?", uploadID).Find(&parts).Error != nil {
		return
	}
	for _, p := range parts {
		if s.storage.Remove(ctx, p.Name) == nil {
			_ = db.Where("id = ?", p.ID).Delete(&model.UploadPart{}).Error
		}
	}
}

// SweepUploads ends uploads that waited too long, and forgets ended ones with whatever they left in the storage.
func (s *Service) SweepUploads(ctx context.Context) error {
	var old []model.Upload
	db := s.db.WithContext(ctx)
	if err := db.Where("expires_at < ?", model.Milli(s.clock())).Order("expires_at").Limit(200).Find(&old).Error; err != nil {
		return fmt.Errorf("old uploads: %w", err)
	}
	for _, u := range old {
		if u.Status == model.UploadOpen {
			_ = s.refuseUpload(ctx, u, refuse("太久没有继续，已经清掉了"))
			continue // forgotten the next time: a part may just be coming in
		}
		s.dropParts(ctx, u.ID)
		var left int64
		if err := db.Model(&model.UploadPart{}).Where("upload_id = ?", u.ID).Count(&left).Error; err != nil || left > 0 {
			continue
		}
		if err := db.Where("id = ?", u.ID).Delete(&model.Upload{}).Error; err != nil {
			return fmt.Errorf("old uploads: %w", err)
		}
	}
	return nil
}

// Uploaded gives the file an upload became.
func (s *Service) Uploaded(ctx context.Context, u model.Upload) (model.Media, error) {
	var m model.Media
	if err := s.db.WithContext(ctx).Where("id = ? AND appid = ?", u.MediaID, s.o.AppID).Take(&m).Error; err != nil {
		return m, fmt.Errorf("file of upload %s: %w", u.UKey, err)
	}
	return m, nil
}
