package model

import "time"

// UploadStatus is where an upload in parts stands.
type UploadStatus string

// open → done | refused. refused: all of it is here, and it is no file the house takes.
const (
	UploadOpen    UploadStatus = "open"
	UploadDone    UploadStatus = "done"
	UploadRefused UploadStatus = "refused"
)

// Upload is a file on its way in, part after part. Got is the truth about how far it came: the next part begins
// there, on whatever instance it arrives.
type Upload struct {
	ID         int64   `gorm:"primaryKey"`
	AppID      string  `gorm:"column:appid"`
	UKey       string  `gorm:"column:ukey"` // its name outside, 128 random bits, and the stem of the file it becomes
	OpenKey    *string // of who sends what while open: the same file begun again is the same upload
	OperatorID int64
	Purpose    string
	Title      string
	Bytes      int64 // of the whole
	Got        int64
	Status     UploadStatus
	Why        string // of a refused one, in Chinese
	MediaID    int64  // of a done one
	ExpiresAt  time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (Upload) TableName() string { return "uploads" }

// UploadPart is a piece of an upload as it lies in the storage.
type UploadPart struct {
	ID       int64 `gorm:"primaryKey"`
	UploadID int64
	StartAt  int64 // unique in its upload
	Bytes    int64
	SHA256   string `gorm:"column:sha256"`
	Name     string // in the storage
}

// TableName keeps the table's name apart from the type's.
func (UploadPart) TableName() string { return "upload_parts" }
