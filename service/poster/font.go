package poster

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"

	"loudou/model"
)

// wanted are files of fonts with Chinese, the best first; a heavy one is for titles.
var wanted = []struct {
	file  string
	heavy bool
}{
	{"NotoSansCJK-Bold.ttc", true}, {"NotoSansCJKsc-Bold.otf", true}, {"SourceHanSansCN-Bold.otf", true}, {"SourceHanSansSC-Bold.otf", true}, {"msyhbd.ttc", true},
	{"NotoSansCJK-Regular.ttc", false}, {"NotoSansCJKsc-Regular.otf", false}, {"NotoSansSC-Regular.otf", false}, {"SourceHanSansCN-Regular.otf", false}, {"SourceHanSansSC-Regular.otf", false},
	{"wqy-microhei.ttc", false}, {"wqy-zenhei.ttc", false}, {"msyh.ttc", false}, {"PingFang.ttc", false}, {"Hiragino Sans GB.ttc", false}, {"DroidSansFallbackFull.ttf", false}, {"DroidSansFallback.ttf", false}, {"simhei.ttf", false},
}

// folders are where systems keep fonts.
func folders() []string {
	home, _ := os.UserHomeDir()
	switch runtime.GOOS {
	case "darwin":
		return []string{"/System/Library/Fonts", "/Library/Fonts", filepath.Join(home, "Library/Fonts")}
	case "windows":
		return []string{filepath.Join(os.Getenv("WINDIR"), "Fonts")}
	}
	return []string{"/usr/share/fonts", "/usr/local/share/fonts", filepath.Join(home, ".fonts"), filepath.Join(home, ".local/share/fonts")}
}

// fonts are what a poster is written with. The files stay open: a font with Chinese is large, and is read by parts.
type fonts struct{ title, text *sfnt.Font }

// library finds the fonts once; until there are some, it looks again each time, since one can be installed meanwhile.
type library struct {
	path    string // LOUDOU_POSTER_FONT
	folders []string
	mu      sync.Mutex
	found   *fonts
}

// get gives the fonts. ErrConflict says in words which are missing.
func (l *library) get() (*fonts, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.found != nil {
		return l.found, nil
	}
	if l.path != "" {
		f, err := openFont(l.path)
		if err != nil {
			return nil, model.Refuse(model.ErrConflict, model.CodeConflict, "LOUDOU_POSTER_FONT 指定的字体文件打不开，或不是带中文的 ttf、otf、ttc 字体："+l.path)
		}
		l.found = &fonts{f, f}
		return l.found, nil
	}
	files := map[string]string{}
	for _, dir := range l.folders {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && files[d.Name()] == "" {
				files[d.Name()] = path
			}
			return nil // a folder that cannot be read has no font for us
		})
	}
	var heavy, plain *sfnt.Font
	for _, w := range wanted {
		if files[w.file] == "" || w.heavy && heavy != nil || !w.heavy && plain != nil {
			continue
		}
		f, err := openFont(files[w.file])
		switch {
		case err != nil:
		case w.heavy:
			heavy = f
		default:
			plain = f
		}
	}
	if heavy == nil {
		heavy = plain
	}
	if plain == nil {
		plain = heavy
	}
	if plain == nil {
		return nil, model.Refuse(model.ErrConflict, model.CodeConflict, "这台服务器上没有中文字体，海报上的字画不出来。装一个（如 fonts-noto-cjk 或文泉驿），或用 LOUDOU_POSTER_FONT 指定字体文件")
	}
	l.found = &fonts{heavy, plain}
	return l.found, nil
}

// openFont opens a font, of a collection the one for simplified Chinese. One without Chinese is none.
func openFont(path string) (*sfnt.Font, error) {
	file, err := os.Open(path) //nolint:gosec // a font of the system, or the one the operator named
	if err != nil {
		return nil, err
	}
	f, err := choose(file)
	if err == nil {
		var index sfnt.GlyphIndex
		if index, err = f.GlyphIndex(nil, '报'); err == nil && index == 0 {
			err = fmt.Errorf("%s has no Chinese", path)
		}
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return f, nil
}

func choose(file *os.File) (*sfnt.Font, error) {
	c, err := opentype.ParseCollectionReaderAt(file)
	if err != nil {
		return nil, err
	}
	all := make([]*sfnt.Font, 0, c.NumFonts())
	for i := range c.NumFonts() {
		f, err := c.Font(i)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	if i := slices.IndexFunc(all, func(f *sfnt.Font) bool {
		name, err := f.Name(nil, sfnt.NameIDFull)
		return err == nil && (strings.Contains(name, " SC") || strings.Contains(name, "GB"))
	}); i >= 0 {
		return all[i], nil
	}
	return all[0], nil
}

// lacks gives the letters of a text that a font does not have, each once: they would be drawn as boxes.
func lacks(f *sfnt.Font, text string) string {
	var b sfnt.Buffer
	var out []rune
	for _, r := range text {
		if r == '\n' || slices.Contains(out, r) {
			continue
		}
		if i, err := f.GlyphIndex(&b, r); err != nil || i == 0 {
			out = append(out, r)
		}
	}
	return string(out)
}
