package trie

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// hit is a pattern found by a walk: where it ended and its value.
type hit struct {
	end   int
	value uint16
	whole bool
}

// walk collects every pattern along text from its first byte.
func walk(t *Trie, text string) (hits []hit) {
	n := t.Root()
	for i := 0; i < len(text); i++ {
		if rest, ok := t.Rest(n); ok {
			return append(hits, walkRest(rest, text, i)...)
		}
		if n = t.Step(n, text[i]); n == 0 {
			return hits
		}
		if v, ok := t.Stem(n); ok {
			hits = append(hits, hit{i + 1, v, false})
		}
		if v, ok := t.Word(n); ok {
			hits = append(hits, hit{i + 1, v, true})
		}
	}
	if rest, ok := t.Rest(n); ok {
		hits = append(hits, walkRest(rest, text, len(text))...)
	}
	return hits
}

// walkRun is walk by Run.
func walkRun(t *Trie, text string) (hits []hit) {
	n := t.Root()
	for i := 0; ; {
		before := i
		n, i = t.Run(n, []byte(text), i)
		if rest, ok := t.Rest(n); ok {
			return append(hits, walkRest(rest, text, i)...)
		}
		if i == before || !n.Ends() {
			return hits
		}
		if v, ok := t.Stem(n); ok {
			hits = append(hits, hit{i, v, false})
		}
		if v, ok := t.Word(n); ok {
			hits = append(hits, hit{i, v, true})
		}
	}
}

// walkRest finds the single pattern that rest holds along text[i:].
func walkRest(rest, text string, i int) []hit {
	k := 0
	for ; !IsEnd(rest[k]); k++ {
		if i+k >= len(text) || text[i+k] != rest[k] {
			return nil
		}
	}
	v, whole := End(rest[k:])
	return []hit{{i + k, v, whole}}
}

// naive is walk by comparing every pattern.
func naive(patterns []Pattern, text string) (hits []hit) {
	for _, p := range patterns {
		if strings.HasPrefix(text, p.Bytes) {
			hits = append(hits, hit{len(p.Bytes), p.Value, p.Whole})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		if a.end != b.end {
			return a.end - b.end
		}
		if a.whole == b.whole {
			return 0
		}
		if b.whole {
			return -1
		}
		return 1
	})
	return hits
}

func mustBuild(t testing.TB, patterns []Pattern) *Trie {
	t.Helper()
	tr, err := Build(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return &tr
}

func TestWalk(t *testing.T) {
	patterns := []Pattern{
		{"ignor", false, 0}, {"ignore", true, 1}, {"ignore", false, 2}, {"ig", true, 65535 >> 1},
		{"忽略", false, 7}, {"<|im", false, 8}, {"do anything now", true, 9}, {"\xff\xfe", false, 10},
	}
	tr := mustBuild(t, patterns)
	for _, text := range []string{"", "i", "ig", "ignore", "ignores", "忽略之前", "<|im_start|>", "do anything now", "do anythin", "\xff\xfe", "zebra"} {
		got, want := walk(tr, text), naive(patterns, text)
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for _, p := range [][]Pattern{
		{{Bytes: ""}},
		{{Bytes: "a\x00b"}},
		{{Bytes: "a\x01"}},
		{{"a", false, 1}, {"a", false, 2}},
		{{"a", true, 1}, {"b", false, 2}, {"a", true, 1}},
	} {
		if _, err := Build(p); err == nil {
			t.Errorf("%v was accepted", p)
		}
	}
}

func TestBuildEmpty(t *testing.T) {
	tr := mustBuild(t, nil)
	if got := walk(tr, "anything"); got != nil {
		t.Errorf("found %v among no patterns", got)
	}
}

func TestBuildIgnoresOrder(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	patterns := randomPatterns(r, 300, "abcde")
	one := mustBuild(t, patterns)
	r.Shuffle(len(patterns), func(i, j int) { patterns[i], patterns[j] = patterns[j], patterns[i] })
	two := mustBuild(t, patterns)
	if !slices.Equal(one.Cells, two.Cells) || one.Tails != two.Tails {
		t.Error("the tables depend on the order of the patterns")
	}
}

func randomPatterns(r *rand.Rand, n int, letters string) []Pattern {
	seen := map[string]bool{}
	var patterns []Pattern
	for range n {
		b := make([]byte, 1+r.Intn(8))
		for i := range b {
			b[i] = letters[r.Intn(len(letters))]
		}
		p := Pattern{string(b), r.Intn(2) == 0, uint16(r.Intn(1 << 16))}
		if key := path(p.key()); !seen[key] {
			seen[key] = true
			patterns = append(patterns, p)
		}
	}
	return patterns
}

func TestRandomSets(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 60 {
		letters := "abcdefghijklmnopqrstuvwx\n\x1f\x02\x80\xff "[:2+r.Intn(28)]
		patterns := randomPatterns(r, 1+r.Intn(200), letters)
		tr := mustBuild(t, patterns)
		for range 300 {
			b := make([]byte, r.Intn(10))
			for i := range b {
				b[i] = letters[r.Intn(len(letters))]
			}
			got, want := walk(tr, string(b)), naive(patterns, string(b))
			if !slices.Equal(got, want) {
				t.Fatalf("%q in %v: got %v, want %v", b, patterns, got, want)
			}
			if got := walkRun(tr, string(b)); !slices.Equal(got, want) {
				t.Fatalf("Run: %q in %v: got %v, want %v", b, patterns, got, want)
			}
		}
	}
}

func FuzzWalk(f *testing.F) {
	f.Add("ignore\nignor\nig", "ignored")
	f.Add("\xff\xfe\n\xff", "\xff\xfe\xfd")
	f.Add("a\nab\nabc", "abcd")
	f.Fuzz(func(t *testing.T, words, text string) {
		var patterns []Pattern
		for i, w := range strings.Split(words, "\n") {
			patterns = append(patterns, Pattern{w, i%3 == 0, uint16(i)})
		}
		tr, err := Build(patterns)
		if err != nil {
			return
		}
		if got, want := walk(&tr, text), naive(patterns, text); !slices.Equal(got, want) {
			t.Errorf("%q in %q: got %v, want %v", text, words, got, want)
		}
		if got, want := walkRun(&tr, text), naive(patterns, text); !slices.Equal(got, want) {
			t.Errorf("Run: %q in %q: got %v, want %v", text, words, got, want)
		}
	})
}
