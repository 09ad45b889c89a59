package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" // #nosec G505 -- the protocol's own hash, not ours to choose
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// errCipher is the one answer to every envelope that does not open: a caller who could tell
// bad padding from a bad length would have an oracle.
var errCipher = errors.New("envelope does not open")

// errOtherApp is an errCipher whose message was whole and meant for another account. Only our own page tells
// them apart: the sender hears the same word.
var errOtherApp = fmt.Errorf("%w: of another app", errCipher)

const (
	padBlock   = 32 // PKCS#7 to 32 bytes, although AES works on 16
	headLength = 20 // 16 random bytes and the message's length
)

// msgCipher opens and seals the envelopes of one EncodingAESKey for one app.
// AES-256-CBC over random16 | uint32 big-endian length | message | AppID, IV = first half of the key.
// Source: 消息加解密说明; vectors in testdata/vectors.json.
type msgCipher struct {
	block cipher.Block
	iv    []byte
	appID []byte
}

func newMsgCipher(encodingAESKey, appID string) (*msgCipher, error) {
	if len(encodingAESKey) != 43 {
		return nil, fmt.Errorf("EncodingAESKey has %d characters, want 43", len(encodingAESKey))
	}
	// Not Strict: the last character of a genuine key may carry spare bits.
	key, err := base64.StdEncoding.DecodeString(encodingAESKey + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("EncodingAESKey is not base64")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &msgCipher{block: block, iv: key[:16], appID: []byte(appID)}, nil
}

// open returns the message inside encrypt (base64 as it stood in the body). Every fault is an errCipher.
func (c *msgCipher) open(encrypt string) ([]byte, error) {
	plain := make([]byte, base64.StdEncoding.DecodedLen(len(encrypt)))
	n, err := base64.StdEncoding.Decode(plain, []byte(encrypt))
	if err != nil || n < padBlock || n%aes.BlockSize != 0 {
		return nil, errCipher
	}
	plain = plain[:n]
	cipher.NewCBCDecrypter(c.block, c.iv).CryptBlocks(plain, plain)
	pad := int(plain[n-1])
	if pad < 1 || pad > padBlock || pad > n-headLength {
		return nil, errCipher
	}
	for _, b := range plain[n-pad:] {
		if int(b) != pad {
			return nil, errCipher
		}
	}
	plain = plain[:n-pad]
	length := uint64(binary.BigEndian.Uint32(plain[16:headLength]))
	if length == 0 || length > uint64(len(plain)-headLength) {
		return nil, errCipher
	}
	end := headLength + int(length)
	if subtle.ConstantTimeCompare(plain[end:], c.appID) != 1 {
		if strings.HasPrefix(string(plain[end:]), "wx") { // an AppID, not what a wrong key makes
			return nil, errOtherApp
		}
		return nil, errCipher
	}
	return plain[headLength:end:end], nil
}

// seal returns message as base64, ready for an answer's Encrypt.
func (c *msgCipher) seal(random [16]byte, message []byte) string {
	n := headLength + len(message) + len(c.appID)
	pad := padBlock - n%padBlock
	buf := make([]byte, n+pad)
	copy(buf, random[:])
	binary.BigEndian.PutUint32(buf[16:], uint32(len(message)))
	copy(buf[headLength:], message)
	copy(buf[headLength+len(message):], c.appID)
	for i := n; i < len(buf); i++ {
		buf[i] = byte(pad)
	}
	cipher.NewCBCEncrypter(c.block, c.iv).CryptBlocks(buf, buf)
	return base64.StdEncoding.EncodeToString(buf)
}

// signature is hex(sha1(parts sorted by bytes and joined)): three parts for signature, four with
// Encrypt for msg_signature. It sorts the slice it is given.
func signature(parts []string) [40]byte {
	slices.Sort(parts)
	h := sha1.New() // #nosec G401
	var room [512]byte
	for _, p := range parts {
		for len(p) > 0 { // copied through a fixed buffer, so that a long Encrypt is not allocated twice
			n := copy(room[:], p)
			_, _ = h.Write(room[:n])
			p = p[n:]
		}
	}
	var out [40]byte
	hex.Encode(out[:], h.Sum(room[:0]))
	return out
}

// signed compares in constant time; a value of another length or in upper case is no signature.
func signed(given string, parts []string) bool {
	want := signature(parts)
	var got [40]byte
	copy(got[:], given)
	return subtle.ConstantTimeCompare(got[:], want[:])&subtle.ConstantTimeEq(int32(len(given)), 40) == 1
}
