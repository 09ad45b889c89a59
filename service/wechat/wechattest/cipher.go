package wechattest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"sort"
	"strings"
)

// Sign is WeChat's signature of a callback: hex(sha1(join(sort(parts)))). Three parts (token, timestamp, nonce)
// give signature, four (and Encrypt) give msg_signature.
func Sign(parts ...string) string {
	s := append([]string(nil), parts...)
	sort.Strings(s)
	sum := sha1.Sum([]byte(strings.Join(s, "")))
	return hex.EncodeToString(sum[:])
}

// HMAC is hex(hmac_sha256(key, data)), key as text: paySig, pay_sig, signature of a session.
func HMAC(key, data string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(data))
	return hex.EncodeToString(m.Sum(nil))
}

// aesKey turns the 43 characters of an EncodingAESKey into 32 bytes. The last character may carry spare bits, so
// the decoding is lenient.
func aesKey(encodingAESKey string) ([]byte, error) {
	k, err := base64.StdEncoding.DecodeString(encodingAESKey + "=")
	if err != nil || len(k) != 32 {
		return nil, fmt.Errorf("EncodingAESKey of %d characters is no key", len(encodingAESKey))
	}
	return k, nil
}

// Encrypt wraps msg for receiveID: 16 random bytes, length, msg, receiveID, PKCS#7 to 32, AES-256-CBC, base64.
func Encrypt(encodingAESKey, receiveID string, msg []byte) (string, error) {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	return encrypt(encodingAESKey, receiveID, msg, random)
}

func encrypt(encodingAESKey, receiveID string, msg, random []byte) (string, error) {
	key, err := aesKey(encodingAESKey)
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	plain := append([]byte(nil), random...)
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(msg)))
	plain = append(append(plain, msg...), receiveID...)
	pad := 32 - len(plain)%32
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	out := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(out, plain)
	return base64.StdEncoding.EncodeToString(out), nil
}

// Decrypt is the reverse of Encrypt; it gives the message and the id it was meant for.
func Decrypt(encodingAESKey, text string) (msg []byte, receiveID string, err error) {
	key, err := aesKey(encodingAESKey)
	if err != nil {
		return nil, "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, "", err
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, "", fmt.Errorf("Encrypt is no base64: %w", err)
	}
	if len(data) == 0 || len(data)%16 != 0 {
		return nil, "", errors.New("cipher text is no whole number of blocks")
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > 32 || pad > len(plain)-20 || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, "", errors.New("padding is wrong")
	}
	plain = plain[:len(plain)-pad]
	n := int(binary.BigEndian.Uint32(plain[16:20]))
	if n < 0 || n > len(plain)-20 {
		return nil, "", errors.New("length is wrong")
	}
	return plain[20 : 20+n], string(plain[20+n:]), nil
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// random gives n letters and digits.
func random(n int) string {
	b := make([]byte, n)
	for i := range b {
		k, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			panic(err) // the system has no randomness: nothing here can work
		}
		b[i] = letters[k.Int64()]
	}
	return string(b)
}
