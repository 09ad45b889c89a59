// Package media keeps uploaded files: covers and pictures that anybody may see, and lesson media that only a
// signed, expiring address opens. It owns the tables media, uploads and upload_parts, and the folder or bucket the
// files lie in.
//
// A file's name is generated, its kind comes from its bytes, pictures are stripped of everything but the
// picture, and nothing an operator typed ever becomes a path.
package media

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Audit keeps who changed what; service/operator.
type Audit interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Options are the needs and settings of Service.
type Options struct {
	AppID     string  // of the Mini Program
	Dir       string  // where files lie, or come in where the storage is another; made at start, for this user only
	PublicURL string  // our origin, without a slash at the end
	Secret    []byte  // LOUDOU_SECRET; the key of signed addresses is derived from it
	Storage   Storage // nil: the folder Dir
	Audit     Audit
	Now       func() time.Time
}

// Service takes and hands out files.
type Service struct {
	db      *gorm.DB
	o       Options
	storage Storage
	key     []byte
	clock   func() time.Time // the real one: addresses do not follow the business clock
}

// New builds the service and its folder.
func New(db *gorm.DB, o Options) (*Service, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	key, err := hkdf.Key(sha256.New, o.Secret, nil, "loudou media address v1", 32)
	if err != nil {
		return nil, fmt.Errorf("media key: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("media folder: %w", err)
	}
	s := &Service{db: db, o: o, key: key, storage: o.Storage, clock: time.Now}
	if s.storage == nil {
		s.storage = folder{o.Dir}
	}
	return s, nil
}

// MaxUpload is the largest file taken, in bytes; each kind has its own limit below it.
const MaxUpload = 500 << 20

var limits = map[model.MediaKind]int64{
	model.MediaImage: 10 << 20,
	model.MediaAudio: 200 << 20,
	model.MediaVideo: MaxUpload,
	model.MediaPDF:   50 << 20,
}

// Purpose says what an upload is for.
type Purpose string

// A cover (or a picture in an article) is a public image. Everything for a lesson is private. Of material the pictures
// are public, as fans get them, and a few formats more are taken.
const (
	PurposeCover    Purpose = "cover"
	PurposeLesson   Purpose = "lesson"
	PurposeMaterial Purpose = "material"
	purposeLearner  Purpose = "learner" // a learner's picture: private, and not in the list
)

// Upload takes a file of unknown content from r. title is the operator's name for it, for display only.
// Errors: ErrInvalid with field file when the bytes are none of the kinds taken, broken, or too large.
func (s *Service) Upload(ctx context.Context, by model.Operator, purpose Purpose, title string, r io.Reader) (model.Media, error) {
	if purpose != PurposeCover && purpose != PurposeLesson {
		return model.Media{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "上传用途不合规").Field("purpose", "应为 cover 或 lesson")
	}
	return s.take(ctx, &by, purpose, title, r, nil)
}

// Copy keeps a copy of WeChat's material. It leaves no trail: whoever asked for it does.
func (s *Service) Copy(ctx context.Context, title string, b []byte) (model.Media, error) {
	return s.take(ctx, nil, PurposeMaterial, title, bytes.NewReader(b), nil)
}

// TakePicture keeps a picture of a learner, opened by signed addresses alone and in no list. own writes, in the
// transaction that keeps it, whose it is: no picture lies here of which nobody knows that. It may be called again. ErrInvalid
// for what is no picture, and what own says.
func (s *Service) TakePicture(ctx context.Context, r io.Reader, own func(tx *gorm.DB, m model.Media) error) (model.Media, error) {
	return s.take(ctx, nil, purposeLearner, "", r, own)
}

// Forget removes learners' pictures by address. Twice is once; what is none of them stays.
func (s *Service) Forget(ctx context.Context, addresses []string) error {
	for _, a := range addresses {
		name := model.MediaName(a)
		var m []model.Media
		err := s.db.WithContext(ctx).Where("name = ? AND appid = ? AND learner = ?", name, s.o.AppID, true).Limit(1).Find(&m).Error
		if err == nil && len(m) > 0 {
			if err = s.storage.Remove(ctx, name); err == nil {
				err = s.db.WithContext(ctx).Delete(&model.Media{}, m[0].ID).Error
			}
		}
		if err != nil {
			return fmt.Errorf("forget %s: %w", name, err)
		}
	}
	return nil
}

// Drop takes back a Copy of which nothing came; nobody else may know its name yet.
func (s *Service) Drop(ctx context.Context, m model.Media) error {
	if err := s.db.WithContext(ctx).Where("id = ? AND appid = ?", m.ID, s.o.AppID).Delete(&model.Media{}).Error; err != nil {
		return fmt.Errorf("drop media %s: %w", m.Name, err)
	}
	return s.storage.Remove(ctx, m.Name)
}

// take keeps a file; by is nil where no operator sent it, own where nothing else is written with it.
func (s *Service) take(ctx context.Context, by *model.Operator, purpose Purpose, title string, r io.Reader, own func(tx *gorm.DB, m model.Media) error) (model.Media, error) {
	raw, err := os.CreateTemp(s.o.Dir, "upload-*.part")
	if err != nil {
		return model.Media{}, fmt.Errorf("upload: %w", err)
	}
	defer func() { _ = raw.Close(); _ = os.Remove(raw.Name()) }()
	size, err := io.Copy(raw, io.LimitReader(r, MaxUpload+1))
	if err != nil {
		return model.Media{}, fmt.Errorf("%w: %w", errReading, err)
	}
	found, err := look(raw, size, purpose == PurposeMaterial)
	if err != nil {
		return model.Media{}, err
	}
	if purpose == PurposeCover && found.kind != model.MediaImage {
		return model.Media{}, refuse("封面应为 jpg、png、webp 或 gif 图片")
	}
	if purpose == purposeLearner && (found.kind != model.MediaImage || found.ext == "gif") {
		return model.Media{}, refuse("只收 jpg、png 和 webp 图片，最大 10 MB")
	}
	m := model.Media{
		AppID: s.o.AppID, Name: newName(found.ext), Kind: found.kind, MIME: found.mime, Width: found.width, Height: found.height,
		Title: displayName(title), Public: purpose == PurposeCover || purpose == PurposeMaterial && found.kind == model.MediaImage, Learner: purpose == purposeLearner, CreatedAt: model.Milli(s.o.Now()),
	}
	if by != nil {
		m.OperatorID = by.ID
	}
	if m.Bytes, m.SHA256, err = s.keep(raw, m.Name, found); err != nil {
		return model.Media{}, err
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := s.record(tx, &m, by); err != nil || own == nil {
			return err
		}
		return own(tx, m)
	})
	if err != nil {
		_ = s.storage.Remove(context.WithoutCancel(ctx), m.Name)
		return model.Media{}, fmt.Errorf("keep media: %w", err)
	}
	return m, nil
}

// record writes a file's row, and who brought it; nil: the house itself.
func (s *Service) record(tx *gorm.DB, m *model.Media, by *model.Operator) error {
	m.ID = 0
	if err := tx.Create(m).Error; err != nil {
		return err
	}
	if by == nil {
		return nil
	}
	return s.o.Audit.Audit(tx, model.AuditEntry{AppID: s.o.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: "media.upload", Object: "media", ObjectID: m.Name,
		After: model.AuditJSON(map[string]any{"kind": m.Kind, "bytes": m.Bytes, "title": m.Title, "public": m.Public})})
}

// errReading marks that the sender broke off.
var errReading = fmt.Errorf("%w: upload broke off", model.ErrInvalid)

// keep writes the cleaned file under its name, on the disk before the row exists: a row without its file
// would be a broken picture, a file without a row is only dust.
func (s *Service) keep(raw *os.File, name string, found kind) (int64, string, error) {
	part, err := os.CreateTemp(s.o.Dir, "keep-*.part")
	if err != nil {
		return 0, "", fmt.Errorf("keep media: %w", err)
	}
	defer func() { _ = part.Close(); _ = os.Remove(part.Name()) }()
	if _, err := raw.Seek(0, io.SeekStart); err != nil {
		return 0, "", err
	}
	sum := sha256.New()
	n, err := found.clean(io.MultiWriter(part, sum), raw)
	if err != nil {
		return 0, "", err
	}
	if err := part.Sync(); err != nil {
		return 0, "", fmt.Errorf("keep media: %w", err)
	}
	if err := s.storage.Put(context.Background(), name, part.Name(), found.mime); err != nil {
		return 0, "", fmt.Errorf("keep media: %w", err)
	}
	return n, hex.EncodeToString(sum.Sum(nil)), nil
}

// Find gives the row of a file. ErrNotFound for anything that is not one of our names.
func (s *Service) Find(ctx context.Context, name string) (model.Media, error) {
	var m model.Media
	if !model.GoodMediaName(name) {
		return m, missing()
	}
	err := s.db.WithContext(ctx).Where("name = ? AND appid = ?", name, s.o.AppID).Take(&m).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return m, missing()
	}
	return m, err
}

// File opens the stored file of m.
func (s *Service) File(m model.Media) (io.ReadSeekCloser, error) {
	if !model.GoodMediaName(m.Name) {
		return nil, missing()
	}
	f, err := s.storage.Open(context.Background(), m.Name)
	if errors.Is(err, model.ErrNotFound) {
		return nil, fmt.Errorf("media %s has a row and no file: %w", m.Name, model.ErrNotFound)
	}
	return f, err
}

// Filter says which files, the newest first: of a kind ("" all), only public ones, before an id (0: from the newest).
type Filter struct {
	Kind   model.MediaKind
	Public bool
	Before int64
	Limit  int
}

// List gives the newest files, and the id to go on from (0: no more).
func (s *Service) List(ctx context.Context, f Filter) ([]model.Media, int64, error) {
	q := s.db.WithContext(ctx).Where("appid = ? AND learner = ?", s.o.AppID, false)
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.Public {
		q = q.Where("public = ?", true)
	}
	if f.Before > 0 {
		q = q.Where("id < ?", f.Before)
	}
	ms := []model.Media{}
	if err := q.Order("id DESC").Limit(f.Limit + 1).Find(&ms).Error; err != nil {
		return nil, 0, fmt.Errorf("list media: %w", err)
	}
	if len(ms) > f.Limit {
		return ms[:f.Limit], ms[f.Limit-1].ID, nil
	}
	return ms, 0, nil
}

// Sweep removes what broken uploads left behind more than a day ago.
func (s *Service) Sweep(ctx context.Context) error {
	parts, err := filepath.Glob(filepath.Join(s.o.Dir, "*.part"))
	if err != nil {
		return err
	}
	for _, p := range parts {
		if info, err := os.Stat(p); err == nil && s.clock().Sub(info.ModTime()) > 24*time.Hour {
			_ = os.Remove(p)
		}
	}
	return s.SweepUploads(ctx)
}

func missing() error {
	return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个文件")
}

func refuse(text string) error {
	return model.Refuse(model.ErrInvalid, model.CodeInvalid, "文件不能使用").Field("file", text)
}

// newName is 128 random bits; it cannot be guessed and cannot be a path.
func newName(ext string) string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b) + "." + ext
}

// displayName keeps what a person reads of a file's name, without its folders and unseen characters.
func displayName(s string) string {
	s = strings.ToValidUTF8(s, "")
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	for utf8.RuneCountInString(s) > 100 {
		r := []rune(s)
		s = string(r[:100])
	}
	return s
}
