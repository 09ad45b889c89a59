package reply

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"loudou/model"
)

// Warning is what is allowed but hardly meant, at the field it is about.
type Warning struct {
	Field string `json:"field"`
	Text  string `json:"message"`
}

// Things know what rules point at. Each may be nil; what is not known is not warned of.
type Things struct {
	// Codes gives of scenes that have a code of ours its end, nil for a permanent one: service/scene.
	Codes func(ctx context.Context, scenes []string) (map[string]*time.Time, error)
	// OnSale says of courses whether they can be opened in the Mini Program: service/course.
	OnSale func(ctx context.Context, courses []int64) (map[int64]bool, error)
	// Material gives what is known of media_ids: service/material.
	Material func(ctx context.Context, ids []string) (map[string]model.MaterialFact, error)
	// Dead gives of article_ids and addresses those of articles that are taken away, and their titles: service/draft.
	Dead func(ctx context.Context, articles []string) (map[string]string, error)
	// Menu gives the live menu, nil when there is none of ours: service/menu.
	Menu func(ctx context.Context) (*model.Menu, error)
	// MiniAppID is our own Mini Program: pages of others are not known.
	MiniAppID string
}

// Looks says who knows what rules point at.
func (s *Service) Looks(t Things) { s.things = t }

// lint looks at all rules at once, in the order they came: the order of numbers. It costs one walk over the
// rules, not one for each pair.
func (s *Service) lint(ctx context.Context, rules []model.Rule) [][]Warning {
	l := newLinter(rules)
	known := s.known(ctx, rules)
	out := make([][]Warning, len(rules))
	for i := range rules {
		if !rules[i].Enabled {
			continue
		}
		out[i] = append(l.hidden(&rules[i]), known.dead(&rules[i], s.now())...)
	}
	return out
}

// linter knows which enabled rules are never closed and hold nothing back: only these hide others.
type linter struct {
	rules   []model.Rule // in the order of winning
	words   *automaton
	holders [][]ranked               // by word: the rules that always answer to it
	exact   map[string][]*model.Rule // all enabled, by folded word
	events  map[string]*model.Rule   // the first that always answers, by kind and what it is for
}

func newLinter(all []model.Rule) *linter {
	l := &linter{exact: map[string][]*model.Rule{}, events: map[string]*model.Rule{}}
	l.rules = winning(all)
	place := map[string]int{}
	var words []string
	for i := range l.rules {
		r := &l.rules[i]
		for _, k := range r.Keywords {
			folded := model.Fold(k.Text)
			if k.Match == model.MatchExact {
				l.exact[folded] = append(l.exact[folded], r)
			}
			if k.Match != model.MatchContains || !steady(r) {
				continue
			}
			at, ok := place[folded]
			if !ok {
				at = len(words)
				place[folded] = at
				words = append(words, folded)
				l.holders = append(l.holders, nil)
			}
			l.holders[at] = append(l.holders[at], ranked{i, k.Text})
		}
		for _, key := range purposes(r) {
			if steady(r) && l.events[key] == nil {
				l.events[key] = r
			}
		}
	}
	l.words = newAutomaton(words)
	return l
}

// steady tells a rule that answers whenever it is met.
func steady(r *model.Rule) bool { return r.Active.Always() && r.Interval == 0 }

// purposes name what a rule without keywords is for, of a batch's rule each code; two with the same one stand in each
// other's way.
func purposes(r *model.Rule) []string {
	name := func(key string) string {
		return fmt.Sprintf("%s\n%s\n%s\n%s", r.Kind, key, strings.Join(r.Sources, ","), strings.Join(r.MessageTypes, ","))
	}
	switch r.Kind {
	case model.RuleKeyword:
		return nil
	case model.RuleFollow:
		if r.Sourced() && len(r.Sources) != 1 {
			return nil
		}
	case model.RuleDefault:
		if len(r.MessageTypes) > 1 {
			return nil
		}
	case model.RuleScene:
		var out []string
		for _, key := range r.SceneKeys() {
			out = append(out, name(key))
		}
		return out
	}
	return []string{name(r.EventKey)}
}

func (l *linter) hidden(r *model.Rule) []Warning {
	var out []Warning
	mine := purposes(r)
	behind, ahead := 0, ""
	for _, key := range mine {
		if o := l.events[key]; o != nil && o.ID != r.ID && before(*o, *r) < 0 {
			if behind++; behind == 1 {
				ahead = o.Name
			}
		}
	}
	switch {
	case behind > 0 && behind == len(mine):
		out = append(out, Warning{"kind", fmt.Sprintf("规则「%s」总是先回答，这条不会生效", ahead)})
	case behind > 0:
		out = append(out, Warning{"scenes", fmt.Sprintf("%d 个场景值里有 %d 个由规则「%s」等先回答", len(mine), behind, ahead)})
	}
	for i, k := range r.Keywords {
		field := fmt.Sprintf("keywords[%d]", i)
		folded := model.Fold(k.Text)
		switch k.Match {
		case model.MatchExact:
			for _, o := range l.exact[folded] {
				if o.ID != r.ID && o.Active.Overlaps(&r.Active) {
					out = append(out, Warning{field, fmt.Sprintf("规则「%s」（%s）也有「%s」，同时生效时%s先回答", o.Name, o.Active.Words(), k.Text, first(o, r))})
				}
			}
		case model.MatchContains:
			if len([]rune(folded)) == 1 {
				out = append(out, Warning{field, fmt.Sprintf("「%s」只有一个字，很多句子都会命中", k.Text)})
			}
			if o, word := l.inWay(folded, r, true); o != nil {
				out = append(out, Warning{field, fmt.Sprintf("「%s」总会先命中规则「%s」的「%s」，不会生效", k.Text, o.Name, word)})
			}
		case model.MatchRegex:
			need := requirement(k.Text)
			if len(need) == 0 {
				out = append(out, Warning{field, fmt.Sprintf("「%s」没有一定会出现的文字，每句话都要试一遍，也容易误中", k.Text)})
			}
			if o, word := l.regexHidden(need, r); o != nil {
				out = append(out, Warning{field, fmt.Sprintf("能命中「%s」的句子总会先命中规则「%s」的「%s」（包含先于正则），不会生效", k.Text, o.Name, word)})
			}
		}
	}
	return out
}

// inWay finds a steady rule that "contains" a word standing inside text; it must also rank before r unless
// contains wins anyway.
func (l *linter) inWay(text string, r *model.Rule, rank bool) (*model.Rule, string) {
	var found *model.Rule
	var word string
	l.words.find(text, func(w int) {
		for _, h := range l.holders[w] {
			if o := &l.rules[h.rule]; found == nil && o.ID != r.ID && (!rank || before(*o, *r) < 0) {
				found, word = o, h.keyword
			}
		}
	})
	return found, word
}

// regexHidden: every text of one clause holds a word that contains finds first.
func (l *linter) regexHidden(need [][]string, r *model.Rule) (*model.Rule, string) {
	for _, clause := range need {
		var o *model.Rule
		var word string
		for _, text := range clause {
			if o, word = l.inWay(text, r, false); o == nil {
				break
			}
		}
		if o != nil {
			return o, word
		}
	}
	return nil, ""
}

func first(o, r *model.Rule) string {
	if before(*o, *r) < 0 {
		return "它"
	}
	return "这条"
}

// facts are what is known of the things some rules point at.
type facts struct {
	codes  map[string]*time.Time
	onSale map[int64]bool
	media  map[string]model.MaterialFact
	gone   map[string]string // titles of articles that are taken away
	mini   string
}

func (s *Service) known(ctx context.Context, rules []model.Rule) facts {
	k := facts{mini: s.things.MiniAppID}
	var scenes, media, articles []string
	var courses []int64
	for i := range rules {
		if r := &rules[i]; r.Kind == model.RuleScene && r.EventKey != "" {
			scenes = append(scenes, r.EventKey)
		}
		scenes = append(scenes, rules[i].Scenes...)
		each(&rules[i], func(_ string, m *model.Message) {
			if id, ok := k.course(m); ok {
				courses = append(courses, id)
			}
			for _, id := range []string{m.MediaID, m.ThumbMediaID} {
				if id != "" {
					media = append(media, id)
				}
			}
			articles = append(articles, articlesOf(m)...)
		})
	}
	var err error
	told := func() {
		if err != nil {
			slog.Warn("rules are checked without what they point at", "err", err)
		}
	}
	if len(scenes) > 0 && s.things.Codes != nil {
		k.codes, err = s.things.Codes(ctx, scenes)
		told()
	}
	if len(courses) > 0 && s.things.OnSale != nil {
		k.onSale, err = s.things.OnSale(ctx, courses)
		told()
	}
	if len(media) > 0 && s.things.Material != nil {
		slices.Sort(media)
		k.media, err = s.things.Material(ctx, slices.Compact(media))
		told()
	}
	if len(articles) > 0 && s.things.Dead != nil {
		slices.Sort(articles)
		k.gone, err = s.things.Dead(ctx, slices.Compact(articles))
		told()
	}
	return k
}

// each walks over all messages of a rule, those of its dialog too.
func each(r *model.Rule, do func(field string, m *model.Message)) {
	for i := range r.Messages {
		do(fmt.Sprintf("messages[%d]", i), &r.Messages[i])
	}
	if r.Dialog == nil {
		return
	}
	for i := range r.Dialog.Answers {
		a := &r.Dialog.Answers[i]
		for j := range a.Messages {
			do(fmt.Sprintf("dialog.answers[%d].messages[%d]", i, j), &a.Messages[j])
		}
	}
}

// course is the course that a card of our own Mini Program opens.
func (k *facts) course(m *model.Message) (int64, bool) {
	if m.Type != "miniprogrampage" || m.AppID != k.mini || k.mini == "" {
		return 0, false
	}
	return model.CourseOfPage(m.PagePath)
}

func (k *facts) dead(r *model.Rule, now time.Time) []Warning {
	var out []Warning
	if r.Kind == model.RuleScene && r.EventKey != "" && k.codes != nil {
		ends, ok := k.codes[r.EventKey]
		switch {
		case !ok:
			out = append(out, Warning{"event_key", fmt.Sprintf("没有场景值为「%s」的二维码", r.EventKey)})
		case ends != nil && ends.Before(now):
			out = append(out, Warning{"event_key", fmt.Sprintf("场景值「%s」的二维码已在 %s 过期", r.EventKey, shanghai(*ends))})
		}
	}
	if len(r.Scenes) > 0 && k.codes != nil {
		gone := 0
		for _, x := range r.Scenes {
			if ends, ok := k.codes[x]; !ok || ends != nil && ends.Before(now) {
				gone++
			}
		}
		if gone > 0 {
			out = append(out, Warning{"scenes", fmt.Sprintf("%d 个场景值里有 %d 个没有二维码，或已过期", len(r.Scenes), gone)})
		}
	}
	if r.Active.EndsAt != nil && !r.Active.EndsAt.After(now) {
		out = append(out, Warning{"active.ends_at", "已经过了结束日期，不会再回答"})
	}
	each(r, func(field string, m *model.Message) {
		if id, ok := k.course(m); ok && k.onSale != nil && !k.onSale[id] {
			out = append(out, Warning{field, fmt.Sprintf("小程序页面 %s 里的课程 %d 没有上架，粉丝打不开", m.PagePath, id)})
		}
		for _, id := range []string{m.MediaID, m.ThumbMediaID} {
			if fact, ok := k.media[id]; ok {
				if text := fact.Warning(id, false); text != "" {
					out = append(out, Warning{field, text})
				}
			}
		}
		for _, id := range articlesOf(m) {
			if title, dead := k.gone[id]; dead {
				out = append(out, Warning{field, fmt.Sprintf("文章「%s」已经删除，粉丝打不开", title)})
			}
		}
	})
	return out
}

// articlesOf are the articles that a message opens, by article_id or address.
func articlesOf(m *model.Message) []string {
	var out []string
	if m.ArticleID != "" {
		out = append(out, m.ArticleID)
	}
	for _, a := range m.Articles {
		if a.URL != "" {
			out = append(out, a.URL)
		}
	}
	return out
}

func shanghai(t time.Time) string { return t.In(model.Shanghai).Format("2006-01-02 15:04") }
