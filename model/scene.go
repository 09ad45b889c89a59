package model

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of scene codes: WeChat's for permanent ones, and ours for what is made at once.
const (
	ScenePermanentMost = 100_000
	SceneBatchMost     = 1000
)

// SceneCode is a QR code with a scene: who scans it is counted under Scene.
type SceneCode struct {
	ID         int64
	AppID      string
	Scene      string
	Permanent  bool
	Channel    string
	CampaignID int64
	TagID      int64  // put on whoever scans; 0: none
	BatchID    int64  // 0: made alone
	Ticket     string // empty until WeChat made the code
	URL        string
	ExpiresAt  *time.Time
	DisabledAt *time.Time // puts no tag on anybody and is not renewed; scans count on
	Revision   int64
	By         string
	CreatedAt  time.Time
	Scans      int64
	NewFans    int64
}

// SceneFault says what is wrong with a scene; "" when nothing is.
func SceneFault(scene string) string {
	switch {
	case strings.HasPrefix(scene, InviteScene):
		return "「" + InviteScene + "」开头的场景值留给裂变任务用"
	case scene == "" || len(scene) > 64:
		return "场景值应为 1 到 64 个字节，一个汉字 3 个字节"
	case !utf8.ValidString(scene) || strings.TrimSpace(scene) != scene || strings.ContainsFunc(scene, unicode.IsControl):
		return "场景值首尾不能有空格，也不能有换行"
	}
	return ""
}

// SceneBatchState is how far a batch got.
type SceneBatchState string

// The states of a batch.
const (
	SceneBatchRunning SceneBatchState = "running"
	SceneBatchDone    SceneBatchState = "done"
	SceneBatchFailed  SceneBatchState = "failed" // WeChat refused; it goes on when told to
)

// SceneBatch is scene codes made at once.
type SceneBatch struct {
	ID        int64
	Name      string
	Size      int64
	Made      int64 // those WeChat has answered for
	State     SceneBatchState
	ResumeAt  *time.Time // it waits for WeChat
	LastError string
	By        string
	CreatedAt time.Time
}

// SceneNameFaults says of a list of scenes, by line, what is wrong: the scene itself, or that it stands there twice.
func SceneNameFaults(names []string) []string {
	var out []string
	line := map[string]int{}
	for i, n := range names {
		if f := SceneFault(n); f != "" {
			out = append(out, fmt.Sprintf("第 %d 行：%s", i+1, f))
		} else if before, twice := line[n]; twice {
			out = append(out, fmt.Sprintf("第 %d 行和第 %d 行都是「%s」", before, i+1, n))
		} else {
			line[n] = i + 1
		}
	}
	return out
}
