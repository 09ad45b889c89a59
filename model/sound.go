package model

import (
	"bytes"
	"encoding/binary"
	"math"
)

// SoundFormat tells what kind of sound b is by its bytes: mp3, wav, amr, wma, or "" for none of these.
func SoundFormat(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("#!AMR\n")):
		return "amr"
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WAVE":
		return "wav"
	case bytes.HasPrefix(b, asfHead):
		return "wma"
	case bytes.HasPrefix(b, []byte("ID3")), mp3Length(b) > 0:
		return "mp3"
	}
	return ""
}

// SoundSeconds is how long the sound b lasts; 0 when that cannot be read.
func SoundSeconds(b []byte) float64 {
	switch SoundFormat(b) {
	case "amr":
		return amrSeconds(b)
	case "wav":
		return wavSeconds(b)
	case "wma":
		return wmaSeconds(b)
	case "mp3":
		return mp3Seconds(b)
	}
	return 0
}

// amrSizes are the bytes behind the header of a narrow-band frame of 20 ms, by its mode. Source: RFC 4867, 3GPP TS 26.101.
var amrSizes = [16]int{12, 13, 15, 17, 19, 20, 26, 31, 5, 0, 0, 0, 0, 0, 0, 0}

func amrSeconds(b []byte) float64 {
	frames := 0
	for at := len("#!AMR\n"); at < len(b); frames++ {
		at += 1 + amrSizes[b[at]>>3&15]
	}
	return float64(frames) * 0.02
}

func wavSeconds(b []byte) float64 {
	var rate, data uint32
	for at := 12; at+8 <= len(b); {
		size := binary.LittleEndian.Uint32(b[at+4:])
		switch string(b[at : at+4]) {
		case "fmt ":
			if at+20 <= len(b) {
				rate = binary.LittleEndian.Uint32(b[at+16:])
			}
		case "data":
			data = min(size, uint32(len(b)-at-8)) //nolint:gosec // at+8 is within b, and b within 2 MB
		}
		next := int64(at) + 8 + int64(size) + int64(size&1)
		if next > int64(len(b)) {
			break
		}
		at = int(next)
	}
	if rate == 0 {
		return 0
	}
	return float64(data) / float64(rate)
}

var (
	asfHead = []byte{0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, 0xa6, 0xd9, 0x00, 0xaa, 0x00, 0x62, 0xce, 0x6c}
	asfFile = []byte{0xa1, 0xdc, 0xab, 0x8c, 0x47, 0xa9, 0xcf, 0x11, 0x8e, 0xe4, 0x00, 0xc0, 0x0c, 0x20, 0x53, 0x65}
)

// wmaSeconds reads the file properties: play duration in 100 ns, preroll in ms. Source: ASF specification, 3.2.
func wmaSeconds(b []byte) float64 {
	at := bytes.Index(b[:min(len(b), 64<<10)], asfFile)
	if at < 0 || at+88 > len(b) {
		return 0
	}
	play := float64(binary.LittleEndian.Uint64(b[at+64:])) / 1e7
	preroll := float64(binary.LittleEndian.Uint64(b[at+80:])) / 1e3
	return math.Max(0, play-preroll)
}

var (
	mp3Rates1 = [16]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0} // MPEG 1, layer III, kbit/s
	mp3Rates2 = [16]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}
	mp3Hertz  = [4]int{44100, 48000, 32000, 0} // MPEG 1; half for 2, a quarter for 2.5
)

// mp3Frame reads the header of a layer III frame: its bytes, header included, and how long it sounds; 0 when it is none.
func mp3Frame(b []byte) (size int, seconds float64) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 || b[1]&0x06 != 0x02 {
		return 0, 0
	}
	version := b[1] >> 3 & 3 // 3: MPEG 1, 2: 2, 0: 2.5
	hertz, rates, samples := mp3Hertz[b[2]>>2&3], &mp3Rates1, 1152
	switch version {
	case 1:
		return 0, 0
	case 2:
		hertz, rates, samples = hertz/2, &mp3Rates2, 576
	case 0:
		hertz, rates, samples = hertz/4, &mp3Rates2, 576
	}
	rate := rates[b[2]>>4] * 1000
	if hertz == 0 || rate == 0 {
		return 0, 0
	}
	return samples/8*rate/hertz + int(b[2]>>1&1), float64(samples) / float64(hertz)
}

func mp3Length(b []byte) int { n, _ := mp3Frame(b); return n }

// mp3Seconds walks the frames behind the tag; what is no frame is passed over.
func mp3Seconds(b []byte) float64 {
	at := 0
	if bytes.HasPrefix(b, []byte("ID3")) && len(b) >= 10 {
		at = 10 + (int(b[6])<<21 | int(b[7])<<14 | int(b[8])<<7 | int(b[9]))
	}
	total := 0.0
	for at >= 0 && at+4 <= len(b) {
		size, seconds := mp3Frame(b[at:])
		if size == 0 {
			at++
			continue
		}
		total += seconds
		at += size
	}
	return total
}
