// Package seal keeps short secrets in a table so that only this house, with its LOUDOU_SECRET, reads them: AES-256-GCM
// under a key of its own for each purpose, bound to the row a secret belongs to.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
)

// ErrOther is for what was sealed with another secret, for another row, or not at all.
var ErrOther = errors.New("not sealed for this row with this secret")

// Box seals and opens for one purpose. The zero Box does neither.
type Box struct{ aead cipher.AEAD }

// New makes the box of a purpose; purpose is part of the data and never changes.
func New(secret []byte, purpose string) (Box, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, 32)
	if err != nil {
		return Box{}, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return Box{}, err
	}
	aead, err := cipher.NewGCM(block)
	return Box{aead: aead}, err
}

// Seal gives version 1 · nonce 12 · cipher text; it opens for the same row only.
func (b Box) Seal(plain, row string) ([]byte, error) {
	if b.aead == nil {
		return nil, errors.New("no secret to seal with")
	}
	nonce := make([]byte, b.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return b.aead.Seal(append([]byte{1}, nonce...), nonce, []byte(plain), []byte(row)), nil
}

// Open gives what was sealed for row. ErrOther.
func (b Box) Open(sealed []byte, row string) (string, error) {
	if b.aead == nil {
		return "", ErrOther
	}
	n := b.aead.NonceSize()
	if len(sealed) < 1+n || sealed[0] != 1 {
		return "", ErrOther
	}
	plain, err := b.aead.Open(nil, sealed[1:1+n], sealed[1+n:], []byte(row))
	if err != nil {
		return "", ErrOther
	}
	return string(plain), nil
}
