package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func amr(seconds float64) []byte {
	b := []byte("#!AMR\n")
	for range int(seconds * 50) {
		b = append(append(b, 0x3c), make([]byte, 31)...) // 12.2 kbit/s
	}
	return b
}

func wav(seconds float64) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	b = binary.LittleEndian.AppendUint32(b, 8000)
	b = binary.LittleEndian.AppendUint32(b, 8000) // bytes a second
	b = append(b, "\x01\x00\x08\x00LIST\x03\x00\x00\x00abc\x00data"...)
	n := int(seconds * 8000)
	return append(binary.LittleEndian.AppendUint32(b, uint32(n)), make([]byte, n)...)
}

func mp3(seconds float64) []byte {
	frame := append([]byte{0xff, 0xfb, 0x90, 0x00}, make([]byte, 413)...) // 128 kbit/s, 44.1 kHz: 417 bytes, 1152 samples
	return append([]byte("ID3\x04\x00\x00\x00\x00\x00\x05tag.."), bytes.Repeat(frame, int(math.Round(seconds*44100/1152)))...)
}

func wma(seconds float64) []byte {
	b := append(append([]byte{}, asfHead...), make([]byte, 14)...)
	b = append(append(b, asfFile...), make([]byte, 48)...)
	b = binary.LittleEndian.AppendUint64(b, uint64((seconds+3)*1e7))
	b = binary.LittleEndian.AppendUint64(b, 0)
	return append(binary.LittleEndian.AppendUint64(b, 3000), make([]byte, 200)...)
}

func TestSoundSeconds(t *testing.T) {
	for name, make := range map[string]func(float64) []byte{"amr": amr, "wav": wav, "mp3": mp3, "wma": wma} {
		for _, want := range []float64{1, 59, 61.5} {
			b := make(want)
			if got := SoundFormat(b); got != name {
				t.Errorf("format of %s = %q", name, got)
			}
			if got := SoundSeconds(b); math.Abs(got-want) > 0.05 {
				t.Errorf("%s of %v s = %v", name, want, got)
			}
		}
	}
	for _, b := range []string{"", "ID3", "#!AMR\n", "RIFF....WAVE", "RIFF....WAVEfmt \xff\xff\xff\xff", string(asfHead), "\xff\xd8\xff\xe0", "ID3\x04\x00\x00\x7f\x7f\x7f\x7f"} {
		if got := SoundSeconds([]byte(b)); got != 0 {
			t.Errorf("%q lasts %v", b, got)
		}
	}
}

func TestMaterialUploadIsCheckedBeforeAnyCall(t *testing.T) {
	for _, c := range []struct {
		name    string
		u       MaterialUpload
		format  string
		seconds float64
		want    string // part of a fault, "" for none
	}{
		{"a picture", MaterialUpload{Kind: MaterialImage, Data: make([]byte, 100)}, "png", 0, ""},
		{"a picture too large", MaterialUpload{Kind: MaterialImage, Data: make([]byte, 10<<20+1)}, "png", 0, "最大 10.0 MB"},
		{"webp", MaterialUpload{Kind: MaterialImage, Data: make([]byte, 100)}, "webp", 0, "只收 jpg、png、gif、bmp"},
		{"an empty file", MaterialUpload{Kind: MaterialImage}, "png", 0, "空的"},
		{"a voice", MaterialUpload{Kind: MaterialVoice, Data: make([]byte, 100)}, "amr", 60, ""},
		{"a voice too long", MaterialUpload{Kind: MaterialVoice, Data: make([]byte, 100)}, "mp3", 60.5, "最长 60 秒"},
		{"a voice too large", MaterialUpload{Kind: MaterialVoice, Data: make([]byte, 2<<20+1)}, "mp3", 10, "最大 2.0 MB"},
		{"a voice that cannot be read", MaterialUpload{Kind: MaterialVoice, Data: make([]byte, 100)}, "wma", 0, "读不出"},
		{"a permanent video", MaterialUpload{Kind: MaterialVideo, Permanent: true, Title: "试听", Data: make([]byte, 100)}, "mp4", 0, ""},
		{"a permanent video without title", MaterialUpload{Kind: MaterialVideo, Permanent: true, Title: " ", Data: make([]byte, 100)}, "mp4", 0, "要有标题"},
		{"a temporary video needs none", MaterialUpload{Kind: MaterialVideo, Data: make([]byte, 100)}, "mp4", 0, ""},
		{"a title too long", MaterialUpload{Kind: MaterialVideo, Title: strings.Repeat("长", 65), Data: make([]byte, 100)}, "mp4", 0, "最多 64 个"},
		{"a thumb", MaterialUpload{Kind: MaterialThumb, Data: make([]byte, 64<<10)}, "jpg", 0, ""},
		{"a thumb too large", MaterialUpload{Kind: MaterialThumb, Data: make([]byte, 64<<10+1)}, "jpg", 0, "最大 64 KB"},
		{"a thumb that is png", MaterialUpload{Kind: MaterialThumb, Data: make([]byte, 100)}, "png", 0, "只收 jpg"},
		{"news cannot be made", MaterialUpload{Kind: MaterialNews, Data: make([]byte, 100)}, "png", 0, "只能上传"},
	} {
		err := c.u.Check(c.format, c.seconds)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var bad *Refusal
		if !errors.As(err, &bad) || !errors.Is(err, ErrInvalid) || !strings.Contains(bad.Fields[0].Message, c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestMaterialWarns(t *testing.T) {
	now := time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)
	soon, past, file := now.Add(10*time.Hour), now.Add(-time.Hour), "x.png"
	for _, c := range []struct {
		name      string
		m         Material
		permanent bool
		want      string
	}{
		{"permanent", Material{Permanent: true}, true, ""},
		{"deleted", Material{Permanent: true, Title: "海报", GoneAt: &past}, false, "「海报」已经从公众号删除"},
		{"temporary with our copy renews by itself", Material{ExpiresAt: &soon, File: &file}, false, ""},
		{"temporary without", Material{Title: "海报", ExpiresAt: &soon}, false, "将在 07-01 22:00 失效，这里没有原文件"},
		{"its renewal failed", Material{ExpiresAt: &soon, File: &file, LastError: "文件太大"}, false, "没有成功：文件太大"},
		{"run out", Material{ExpiresAt: &past}, false, "已在 07-01 11:00 失效，请换一个"},
		{"a menu takes permanent ones only", Material{ExpiresAt: &soon, File: &file}, true, "菜单只能用永久素材"},
	} {
		got := c.m.Fact(now).Warning("id", c.permanent)
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	for state, want := range map[MaterialState]string{MaterialUnknown: "素材库里没有素材 abcdefghijkl…", MaterialUnlooked: "不是在这里选的"} {
		if got := (MaterialFact{State: state}).Warning("abcdefghijklmnop", false); !strings.Contains(got, want) {
			t.Errorf("%s: %q", state, got)
		}
	}
}
