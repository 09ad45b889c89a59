package media

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif" // registers the reader of GIF headers
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"
	"strconv"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"

	"loudou/model"
)

// kind is what the bytes of an upload turned out to be, and how they are written clean.
type kind struct {
	kind          model.MediaKind
	ext, mime     string
	width, height int
	material      bool // only WeChat's material takes it: phones in the Mini Program may not
	clean         func(w io.Writer, r io.Reader) (int64, error)
}

// look judges an upload by its bytes alone; its name and what the sender calls it do not matter. Pictures
// are measured by their header before any pixel is touched, and none ever is.
func look(f *os.File, size int64, material bool) (kind, error) {
	head := make([]byte, 64)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return kind{}, fmt.Errorf("upload: %w", err)
	}
	head = head[:n]
	k, ok := sniff(head)
	if !ok || k.material && !material {
		return kind{}, refuse("只接受 jpg、png、webp、gif、mp3、mp4 和 pdf，以文件内容为准")
	}
	if size > limits[k.kind] {
		return kind{}, refuse("文件过大，这一类最多 " + strconv.FormatInt(limits[k.kind]>>20, 10) + " MB")
	}
	switch k.kind {
	case model.MediaImage:
		return lookImage(f, size, k)
	case model.MediaVideo:
		err = checkMP4(f, size)
	case model.MediaAudio:
		if k.ext == "mp3" {
			err = checkMP3(f, size)
		}
	case model.MediaPDF:
		err = checkPDF(f, size)
	}
	k.clean = io.Copy
	return k, err
}

// sniff knows the kinds by their first bytes.
func sniff(b []byte) (kind, bool) {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return kind{kind: model.MediaImage, ext: "jpg", mime: "image/jpeg", clean: cleaner(cleanJPEG)}, true
	case bytes.HasPrefix(b, []byte(pngHead)):
		return kind{kind: model.MediaImage, ext: "png", mime: "image/png", clean: cleaner(cleanPNG)}, true
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return kind{kind: model.MediaImage, ext: "gif", mime: "image/gif", clean: cleaner(cleanGIF)}, true
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return kind{kind: model.MediaImage, ext: "webp", mime: "image/webp", clean: cleaner(cleanWebP)}, true
	case bytes.HasPrefix(b, []byte("BM")) && len(b) >= 26:
		return kind{kind: model.MediaImage, ext: "bmp", mime: "image/bmp", material: true, clean: io.Copy}, true
	case model.SoundFormat(b) == "amr":
		return kind{kind: model.MediaAudio, ext: "amr", mime: "audio/amr", material: true}, true
	case model.SoundFormat(b) == "wav":
		return kind{kind: model.MediaAudio, ext: "wav", mime: "audio/wav", material: true}, true
	case model.SoundFormat(b) == "wma":
		return kind{kind: model.MediaAudio, ext: "wma", mime: "audio/x-ms-wma", material: true}, true
	case bytes.HasPrefix(b, []byte("ID3")), mp3Frame(b):
		return kind{kind: model.MediaAudio, ext: "mp3", mime: "audio/mpeg"}, true
	case len(b) >= 12 && string(b[4:8]) == "ftyp":
		return kind{kind: model.MediaVideo, ext: "mp4", mime: "video/mp4"}, true
	case bytes.HasPrefix(b, []byte("%PDF-1.")), bytes.HasPrefix(b, []byte("%PDF-2.")):
		return kind{kind: model.MediaPDF, ext: "pdf", mime: "application/pdf"}, true
	}
	return kind{}, false
}

func lookImage(f *os.File, size int64, k kind) (kind, error) {
	c, _, err := image.DecodeConfig(io.NewSectionReader(f, 0, size))
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return k, refuse("图片已损坏")
	}
	if int64(c.Width)*int64(c.Height) > model.MaxPixels {
		return k, refuse("图片过大，最多 4000 万像素")
	}
	k.width, k.height = c.Width, c.Height
	return k, nil
}

// cleaner reads a picture whole (10 MB at most) and writes what clean keeps of it.
func cleaner(clean func([]byte) ([]byte, error)) func(io.Writer, io.Reader) (int64, error) {
	return func(w io.Writer, r io.Reader) (int64, error) {
		b, err := io.ReadAll(io.LimitReader(r, limits[model.MediaImage]+1))
		if err != nil {
			return 0, fmt.Errorf("upload: %w", err)
		}
		if b, err = clean(b); err != nil {
			return 0, err
		}
		n, err := w.Write(b)
		return int64(n), err
	}
}

// mp3Frame tells the header of an MPEG audio frame of layer III from chance.
func mp3Frame(b []byte) bool {
	return len(b) >= 4 && b[0] == 0xff && b[1]&0xe0 == 0xe0 && // sync
		b[1]&0x18 != 0x08 && b[1]&0x06 == 0x02 && // version, layer III
		b[2]&0xf0 != 0xf0 && b[2]&0xf0 != 0 && b[2]&0x0c != 0x0c // bit rate, sample rate
}

// checkMP3 wants a frame of sound behind the tag.
func checkMP3(f *os.File, size int64) error {
	at := int64(0)
	head := make([]byte, 10)
	if _, err := f.ReadAt(head, 0); err != nil {
		return refuse("音频已损坏")
	}
	if string(head[:3]) == "ID3" {
		if (head[6]|head[7]|head[8]|head[9])&0x80 != 0 {
			return refuse("音频已损坏")
		}
		at = 10 + (int64(head[6])<<21 | int64(head[7])<<14 | int64(head[8])<<7 | int64(head[9]))
		if head[5]&0x10 != 0 {
			at += 10
		}
	}
	window := make([]byte, 4096) // some writers leave padding behind the tag
	n, _ := f.ReadAt(window, at)
	if at >= size {
		return refuse("音频已损坏")
	}
	for i := range n {
		if mp3Frame(window[i:n]) {
			return nil
		}
	}
	return refuse("音频已损坏")
}

// checkMP4 walks the outer boxes: they must fill the file and hold the film's index.
func checkMP4(f *os.File, size int64) error {
	head := make([]byte, 16)
	moov := false
	for at, boxes := int64(0), 0; at < size; boxes++ {
		n, _ := f.ReadAt(head, at)
		if n < 8 || boxes > 10_000 {
			return refuse("视频已损坏")
		}
		length := int64(be32(head))
		switch length {
		case 0: // to the end
			length = size - at
		case 1:
			if n < 16 || be32(head[8:]) > 1<<20 {
				return refuse("视频已损坏")
			}
			length = int64(be32(head[8:]))<<32 | int64(be32(head[12:]))
		}
		if length < 8 || length > size-at {
			return refuse("视频不完整")
		}
		moov = moov || string(head[4:8]) == "moov"
		at += length
	}
	if !moov {
		return refuse("视频不完整")
	}
	return nil
}

// checkPDF wants the end mark near the end.
func checkPDF(f *os.File, size int64) error {
	tail := make([]byte, min(size, 2048))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return fmt.Errorf("upload: %w", err)
	}
	if !bytes.Contains(tail, []byte("%%EOF")) {
		return refuse("PDF 不完整")
	}
	return nil
}
