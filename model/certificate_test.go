package model

import (
	"errors"
	"testing"
)

func TestCertificateName(t *testing.T) {
	for typed, want := range map[string]string{
		" 王小明 ": "王小明", "Ana  María": "Ana María", "阿卜杜拉·买买提": "阿卜杜拉·买买提", "O’Neil": "O’Neil", "李白": "李白",
		"": "", "王": "", "13800138000": "", "加微信 abc123": "", "<b>王小明</b>": "", "王小明😀": "", "王\u202e小明": "", "··": "", "一二三四五六七八九十一二三四五六七八九十一": "",
	} {
		got, err := CertificateName(typed)
		if got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %q, %v; want %q", typed, got, err, want)
		}
	}
}

func TestStandingEarned(t *testing.T) {
	for s, want := range map[Standing]bool{
		{Issued: true, Owned: true, Lessons: 2, Finished: 2}: true, {Issued: true, Owned: true, Lessons: 2, Finished: 1}: false, {Issued: true, Owned: true}: false,
		{Owned: true, Lessons: 2, Finished: 2}: false, {Issued: true, Lessons: 2, Finished: 2}: false,
	} {
		if err := s.Earned(); (err == nil) != want {
			t.Errorf("%+v: %v", s, err)
		}
	}
}
