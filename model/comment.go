package model

import "time"

// CommentAt names an article: the number of the send or publication that carried it, and its place in it from 0.
type CommentAt struct {
	MsgDataID string
	Index     int
}

// Comment is a reader's word under an article of the Official Account, as WeChat keeps it.
type Comment struct {
	ID        int64
	OpenID    OpenID
	Content   string
	Elected   bool // picked: shown first
	Reply     string
	RepliedAt *time.Time
	CreatedAt time.Time
}

// CommentReplyMost is how long an answer to a comment may be, in characters.
const CommentReplyMost = 140
