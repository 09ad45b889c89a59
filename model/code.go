package model

import (
	"crypto/rand"
	"strings"
)

// CodeLetters are what codes of ours are made of: none that look alike.
const CodeLetters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewCode makes a code of n letters, each as likely as the others: log2(30) bits a letter.
func NewCode(n int) string {
	out := make([]byte, 0, n)
	raw := make([]byte, n)
	for len(out) < n {
		_, _ = rand.Read(raw)
		for _, b := range raw {
			if int(b) < 256-256%len(CodeLetters) && len(out) < n {
				out = append(out, CodeLetters[int(b)%len(CodeLetters)])
			}
		}
	}
	return string(out)
}

// TypedCode is the one form of a code, however it was typed: capitals, full-width letters folded, no blanks,
// no dashes. "" for what can be no code.
func TypedCode(typed string) string {
	code := strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～': // full width
			r -= 0xfee0
		case r == '　':
			return -1
		}
		if r == ' ' || r == '-' || r == '\t' {
			return -1
		}
		return r
	}, typed)
	code = strings.ToUpper(code)
	if len(code) < 2 || len(code) > 32 {
		return ""
	}
	for _, c := range []byte(code) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	return code
}
