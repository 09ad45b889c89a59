package media

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A picture is rebuilt from the parts that make the picture: no place, camera, name or thumbnail survives
// (EXIF, XMP, IPTC, comments), and nothing behind its end, where a second file could hide. Pixels are not
// decoded, so quality and animation stay and memory is bounded by the file.

const pngHead = "\x89PNG\r\n\x1a\n"

// maxFrames bounds an animation.
const maxFrames = 1000

var errCut = refuse("图片不完整或已损坏")

func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

func cleanJPEG(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, errCut
	}
	out := make([]byte, 0, len(b))
	turn := byte(1)
	for at := 2; ; {
		for at < len(b) && b[at] == 0xff && at+1 < len(b) && b[at+1] == 0xff {
			at++ // fill bytes
		}
		if at+2 > len(b) || b[at] != 0xff {
			return nil, errCut
		}
		m := b[at+1]
		if m == 0xd9 { // the end
			out = append(out, 0xff, 0xd9)
			return append(jpegHead(turn), out...), nil
		}
		if m >= 0xd0 && m <= 0xd7 || m == 0x01 {
			out, at = append(out, 0xff, m), at+2
			continue
		}
		if at+4 > len(b) {
			return nil, errCut
		}
		end := at + 2 + int(binary.BigEndian.Uint16(b[at+2:]))
		if end < at+4 || end > len(b) {
			return nil, errCut
		}
		body := b[at+4 : end]
		switch {
		case m == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			turn = orientation(body[6:])
		case m == 0xe2 && !bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")), m == 0xe1, m >= 0xe3 && m <= 0xed, m == 0xef, m == 0xfe:
		default: // tables, frames, JFIF, colour profile, Adobe's colour mark
			out = append(out, b[at:end]...)
		}
		at = end
		if m == 0xda { // the scan's own bytes run up to the next mark
			from := at
			for at+1 < len(b) && (b[at] != 0xff || b[at+1] == 0 || b[at+1] >= 0xd0 && b[at+1] <= 0xd7) {
				at++
			}
			out = append(out, b[from:at]...)
		}
	}
}

// jpegHead begins a JPEG; a picture taken with the phone on its side keeps just the word for that.
func jpegHead(turn byte) []byte {
	if turn < 2 || turn > 8 {
		return []byte{0xff, 0xd8}
	}
	return []byte{0xff, 0xd8, 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
		0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, turn, 0, 0, 0, 0, 0, 0}
}

// orientation finds tag 0x0112 in the first directory of a TIFF block; 1 (upright) where there is none.
func orientation(t []byte) byte {
	if len(t) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if t[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(t[4:]))
	if at+2 > int64(len(t)) {
		return 1
	}
	n := int(order.Uint16(t[at:]))
	for i := range n {
		e := at + 2 + int64(i)*12
		if e+12 > int64(len(t)) {
			return 1
		}
		if order.Uint16(t[e:]) == 0x0112 {
			return byte(order.Uint16(t[e+8:])) //nolint:gosec // judged by jpegHead
		}
	}
	return 1
}

// pngKeep are the chunks, beside the critical ones, that change how the picture looks or moves.
var pngKeep = map[string]bool{"tRNS": true, "gAMA": true, "cHRM": true, "sRGB": true, "iCCP": true, "sBIT": true, "bKGD": true, "pHYs": true,
	"acTL": true, "fcTL": true, "fdAT": true}

func cleanPNG(b []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(b)), pngHead...)
	frames := 0
	for at := len(pngHead); ; {
		if at+12 > len(b) {
			return nil, errCut
		}
		n := int64(be32(b[at:]))
		if n > int64(len(b)-at-12) {
			return nil, errCut
		}
		end := at + 12 + int(n)
		name := string(b[at+4 : at+8])
		if crc32.ChecksumIEEE(b[at+4:end-4]) != be32(b[end-4:]) {
			return nil, errCut
		}
		if name == "fcTL" {
			if frames++; frames > maxFrames {
				return nil, refuse("动图最多 1000 帧")
			}
		}
		if name[0]&0x20 == 0 || pngKeep[name] {
			out = append(out, b[at:end]...)
		}
		if name == "IEND" {
			return out, nil
		}
		at = end
	}
}

func cleanGIF(b []byte) ([]byte, error) {
	if len(b) < 13 {
		return nil, errCut
	}
	at := 13 + table(b[10])
	if at > len(b) {
		return nil, errCut
	}
	out := append(make([]byte, 0, len(b)), b[:at]...)
	for frames := 0; at < len(b); {
		switch b[at] {
		case 0x3b:
			return append(out, 0x3b), nil
		case 0x2c:
			if frames++; frames > maxFrames {
				return nil, refuse("动图最多 1000 帧")
			}
			if at+10 > len(b) {
				return nil, errCut
			}
			end, ok := blocks(b, at+10+table(b[at+9])+1)
			if !ok {
				return nil, errCut
			}
			out, at = append(out, b[at:end]...), end
		case 0x21:
			if at+2 > len(b) {
				return nil, errCut
			}
			end, ok := blocks(b, at+2)
			if !ok {
				return nil, errCut
			}
			body := b[at+2 : end]
			if b[at+1] == 0xf9 || b[at+1] == 0xff && (bytes.HasPrefix(body, []byte("\x0bNETSCAPE2.0")) || bytes.HasPrefix(body, []byte("\x0bANIMEXTS1.0"))) {
				out = append(out, b[at:end]...)
			}
			at = end
		default:
			return nil, errCut
		}
	}
	return nil, errCut
}

// table is the length of the colour table that flags announce.
func table(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// blocks walks GIF sub-blocks from at to behind their end.
func blocks(b []byte, at int) (int, bool) {
	for at < len(b) {
		n := int(b[at])
		at += 1 + n
		if n == 0 {
			return at, true
		}
	}
	return 0, false
}

var webpKeep = map[string]bool{"VP8 ": true, "VP8L": true, "VP8X": true, "ALPH": true, "ANIM": true, "ANMF": true, "ICCP": true}

func cleanWebP(b []byte) ([]byte, error) {
	if len(b) < 12 {
		return nil, errCut
	}
	whole := int64(binary.LittleEndian.Uint32(b[4:])) + 8
	if whole > int64(len(b)) || whole < 12 {
		return nil, errCut
	}
	b = b[:whole]
	out := append(make([]byte, 0, len(b)), b[:12]...)
	frames, picture := 0, false
	for at := 12; at < len(b); {
		if at+8 > len(b) {
			return nil, errCut
		}
		n := int64(binary.LittleEndian.Uint32(b[at+4:]))
		n += n & 1
		if n > int64(len(b)-at-8) {
			return nil, errCut
		}
		end, name := at+8+int(n), string(b[at:at+4])
		if name == "ANMF" {
			if frames++; frames > maxFrames {
				return nil, refuse("动图最多 1000 帧")
			}
		}
		picture = picture || name == "VP8 " || name == "VP8L" || name == "ANMF"
		if webpKeep[name] {
			from := len(out)
			out = append(out, b[at:end]...)
			if name == "VP8X" && n > 0 {
				out[from+8] &^= 0x08 | 0x04 // no EXIF, no XMP follows any more
			}
		}
		at = end
	}
	if !picture {
		return nil, errCut
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8)) //nolint:gosec // bounded by the upload's limit
	return out, nil
}
