package model

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func signupForm() SignupForm {
	return SignupForm{Open: true, Title: "线下读书会", Fields: []SignupField{
		{Key: 1, Kind: SignupText, Label: "姓名", Required: true}, {Key: 2, Kind: SignupPhone, Label: "手机号"},
		{Key: 3, Kind: SignupSingle, Label: "场次", Required: true, Options: []string{"上午", "下午"}}, {Key: 4, Kind: SignupMultiple, Label: "想听", Options: []string{"写作", "阅读"}}, {Key: 5, Kind: SignupLines, Label: "想说的"},
	}}
}

// signupFaults lists the fields a refusal names.
func signupFaults(err error) string {
	var r *Refusal
	if !errors.As(err, &r) {
		return ""
	}
	var out []string
	for _, f := range r.Fields {
		out = append(out, f.Field)
	}
	return strings.Join(out, " ")
}

func TestSignupFormCheck(t *testing.T) {
	none, many := int64(0), int64(10)
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		change func(f *SignupForm)
		want   string
	}{
		"good":            {func(f *SignupForm) { f.Places = &many }, ""},
		"no title":        {func(f *SignupForm) { f.Title = " " }, "title"},
		"no place":        {func(f *SignupForm) { f.Places = &none }, "places"},
		"backwards":       {func(f *SignupForm) { f.StartsAt, f.EndsAt = &at, &at }, "ends_at"},
		"no question":     {func(f *SignupForm) { f.Fields = nil }, "fields"},
		"nine questions":  {func(f *SignupForm) { f.Fields = append(f.Fields, f.Fields[:4]...) }, "fields"},
		"no label":        {func(f *SignupForm) { f.Fields[0].Label = "" }, "fields.0.label"},
		"the same twice":  {func(f *SignupForm) { f.Fields[4].Label = "姓名" }, "fields.4.label"},
		"two phones":      {func(f *SignupForm) { f.Fields[0].Kind = SignupPhone }, "fields.1.kind"},
		"one option":      {func(f *SignupForm) { f.Fields[2].Options = []string{"上午"} }, "fields.2.options"},
		"options twice":   {func(f *SignupForm) { f.Fields[2].Options = []string{"上午", "上午 "} }, "fields.2.options"},
		"no such kind":    {func(f *SignupForm) { f.Fields[0].Kind = "date" }, "fields.0.kind"},
		"a text of words": {func(f *SignupForm) { f.AfterText = strings.Repeat("长", 301) }, "after_text"},
	} {
		f := signupForm()
		c.change(&f)
		if got := signupFaults(f.Check()); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A question keeps its key through every change; one of another kind, or a new one, never gets an old one's.
func TestSignupKeys(t *testing.T) {
	was := signupForm()
	was.LastKey = 7 // two were taken out before
	f := signupForm()
	f.Fields = append(f.Fields, SignupField{Kind: SignupText, Label: "公司"}, SignupField{Key: 3, Kind: SignupSingle, Label: "又一个", Options: []string{"a", "b"}}, SignupField{Key: 6, Kind: SignupText, Label: "冒充"})
	f.Fields[4].Kind = SignupText
	f.Keep(was)
	var keys []int
	for _, x := range f.Fields {
		keys = append(keys, x.Key)
	}
	if want := []int{1, 2, 3, 4, 8, 9, 10, 11}; !reflect.DeepEqual(keys, want) || f.LastKey != 11 {
		t.Errorf("%v %d, want %v", keys, f.LastKey, want)
	}
}

func TestSignupAnswer(t *testing.T) {
	f := signupForm()
	good := map[int][]string{1: {" 小红 "}, 2: {SignupGiven}, 3: {"下午"}, 4: {"阅读", "写作"}, 5: {""}}
	got, err := f.Answer(good, true)
	if err != nil || len(got) != 4 || got[0].Values[0] != "小红" || got[0].Label != "姓名" || got[3].Values[0] != "阅读" {
		t.Errorf("%v %v", got, err)
	}
	var g Signup
	if g.Hand(got); g.Words != "小红\n下午\n阅读\n写作" || !g.Phoned() {
		t.Errorf("%q", g.Words)
	}
	for name, c := range map[string]struct {
		given map[int][]string
		phone bool
		want  string
	}{
		"nothing":           {nil, true, "field_1 field_3"},
		"no number":         {map[int][]string{1: {"a"}, 3: {"上午"}, 2: {SignupGiven}}, false, "field_2"},
		"a number typed in": {map[int][]string{1: {"a"}, 3: {"上午"}, 2: {"13800000000"}}, true, "field_2"},
		"no such option":    {map[int][]string{1: {"a"}, 3: {"晚上"}}, true, "field_3"},
		"two of one":        {map[int][]string{1: {"a"}, 3: {"上午", "下午"}}, true, "field_3"},
		"one twice":         {map[int][]string{1: {"a"}, 3: {"上午"}, 4: {"写作", "写作"}}, true, "field_4"},
		"too long":          {map[int][]string{1: {strings.Repeat("长", 101)}, 3: {"上午"}}, true, "field_1"},
		"two lines":         {map[int][]string{1: {"a\nb"}, 3: {"上午"}}, true, "field_1"},
	} {
		if _, err := f.Answer(c.given, c.phone); signupFaults(err) != c.want {
			t.Errorf("%s: %q, want %q", name, signupFaults(err), c.want)
		}
	}
	if _, err := f.Answer(map[int][]string{1: {"a"}, 3: {"上午"}, 9: {"x"}}, true); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
}

// The campaign's days where the form has no times of its own; a stopped campaign takes nobody.
func TestSignupPhase(t *testing.T) {
	c := Campaign{FirstDay: 20260306, LastDay: 20260308}
	day := func(d, h int) time.Time { return time.Date(2026, 3, d, h, 0, 0, 0, Shanghai) }
	early, late, stop := day(1, 8), day(5, 20), day(7, 12)
	own := SignupForm{Open: true, StartsAt: &early, EndsAt: &late}
	stopped := c
	stopped.StoppedAt = &stop
	for name, x := range map[string]struct {
		f    SignupForm
		c    Campaign
		now  time.Time
		want SignupPhase
	}{
		"off": {SignupForm{}, c, day(7, 0), SignupOff}, "the eve": {SignupForm{Open: true}, c, day(5, 23), SignupBefore}, "first": {SignupForm{Open: true}, c, day(6, 0), SignupOpen},
		"last": {SignupForm{Open: true}, c, day(8, 23), SignupOpen}, "after": {SignupForm{Open: true}, c, day(9, 0), SignupOver},
		"before the campaign": {own, c, day(2, 0), SignupOpen}, "own end": {own, c, late, SignupOver}, "stopped": {SignupForm{Open: true}, stopped, stop, SignupOver},
	} {
		if got := x.f.Phase(x.c, x.now); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}
