package model

import "time"

// JobState is where a job stands.
type JobState string

// A job waits, runs under a lease, and ends done (its row is removed) or dead (a person must look).
const (
	JobWaiting JobState = "waiting"
	JobRunning JobState = "running"
	JobDead    JobState = "dead"
)

// JobGivenUp is told of what stood still because its job was given up: follower's and material's walks, batches of codes.
const JobGivenUp = "后台任务反复出错，已放弃；可以再试"

// Job is work to do after a commit. Kind and JobKey together are unique while the job is not done, so
// that adding it twice is adding it once. Attempts counts starts; LeaseUntil and Fence guard a running
// one: a worker whose fence is no longer the row's may not finish it.
type Job struct {
	ID         int64 `gorm:"primaryKey"`
	Kind       string
	JobKey     string
	Payload    string // JSON
	State      JobState
	RunAt      time.Time
	Attempts   int
	Fence      int64
	LeaseUntil *time.Time
	LastError  string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (Job) TableName() string { return "jobs" }
