package respond

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"loudou/model"
)

// PageToken names the place a list goes on from: after id, in the list that scope names (its door and its
// filters). It is opaque and self-checking. It holds nothing secret and opens nothing: whoever made one up
// would only get a page of a list they may read anyway. "" when there is no further page (id 0).
func PageToken(scope string, id int64) string {
	if id == 0 {
		return ""
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(id)) //nolint:gosec // ids are positive
	return base64.RawURLEncoding.EncodeToString(append(b, pageMark(scope, b)...))
}

// FromPageToken reads a token of the same scope; an altered one, or one of another list, is ErrInvalid.
// The empty token is the first page, 0.
func FromPageToken(scope, token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "翻页位置无效，请从第一页开始").Field("page_token", "无效")
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != 16 || !hmac.Equal(b[8:], pageMark(scope, b[:8])) {
		return 0, bad
	}
	id := int64(binary.BigEndian.Uint64(b)) //nolint:gosec // checked below
	if id <= 0 {
		return 0, bad
	}
	return id, nil
}

func pageMark(scope string, b []byte) []byte {
	h := hmac.New(sha256.New, []byte("loudou page token v1"))
	h.Write([]byte(scope))
	h.Write([]byte{0})
	h.Write(b)
	return h.Sum(nil)[:8]
}
