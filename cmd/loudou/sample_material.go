package main

import "bytes"

// sampleMaterial is what lies in the sample account's library.
var sampleMaterial = []struct {
	name, query string
	file        func() []byte
}{
	{"课程海报.png", "kind=image", func() []byte { return cover(200) }},
	{"加群二维码底图.png", "kind=image", func() []byte { return cover(140) }},
	{"开学季主图.png", "kind=image", func() []byte { return cover(20) }},
	{"本周直播预告.png", "kind=image&permanent=false", func() []byte { return cover(280) }},
	{"欢迎语音.amr", "kind=voice", func() []byte { return silence(8) }},
}

// silence is a recording of so many seconds in which nothing is heard.
func silence(seconds int) []byte {
	frame := append([]byte{0x3c}, make([]byte, 31)...) // 20 ms at 12.2 kbit/s
	return append([]byte("#!AMR\n"), bytes.Repeat(frame, seconds*50)...)
}

// stockLibrary puts the sample material into the library, as an operator would.
func (s *history) stockLibrary() error {
	for _, m := range sampleMaterial {
		if err := s.desk.file(s.ctx, "/console/v1/materials?"+m.query, m.name, m.file(), nil); err != nil {
			return err
		}
	}
	return nil
}
