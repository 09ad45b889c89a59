package model

import (
	"regexp"
	"time"
)

// MediaKind is what a stored file is, judged by its bytes.
type MediaKind string

// The files the house takes.
const (
	MediaImage MediaKind = "image"
	MediaAudio MediaKind = "audio"
	MediaVideo MediaKind = "video"
	MediaPDF   MediaKind = "pdf"
)

// Media is one uploaded file. Name is generated, is the file's name on the disk and in its address, and
// says nothing about what the operator called it. Public ones (covers, pictures of articles) are served to
// anybody; the others only at a signed address that expires.
type Media struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	Name       string
	Kind       MediaKind
	MIME       string `gorm:"column:mime"`
	Bytes      int64
	Width      int // pixels; 0 unless an image
	Height     int
	SHA256     string `gorm:"column:sha256"` // of what is stored, after cleaning
	Title      string // the operator's own name for it, for display only
	Public     bool
	OperatorID int64
	Learner    bool // a learner sent it: it is not in the list of files
	CreatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (Media) TableName() string { return "media" }

// MaxPixels bounds an image, width × height.
const MaxPixels = 40_000_000

var mediaPath = regexp.MustCompile(`^/media/([0-9a-f]{32}\.[a-z0-9]{3,4})$`)

// MediaName gives the file's name in an address of ours, "" where it is not one.
func MediaName(address string) string {
	if m := mediaPath.FindStringSubmatch(address); m != nil {
		return m[1]
	}
	return ""
}

// GoodMediaName tells whether name could be one we generated; nothing else ever reaches the disk.
func GoodMediaName(name string) bool { return MediaName("/media/"+name) == name && name != "" }
