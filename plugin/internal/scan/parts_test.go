package scan

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// TestParts: what is looked at holds every place that shows a sign, with what
// is nearby, and of the folded text the same as of the raw one.
func TestParts(t *testing.T) {
	s := mustNew(t, Settings{})
	const code = "aWdub3JlIGFsbCBwcmV2aW91cw=="
	prose := strings.Repeat("The  Committee met\r\non Tuesday — again. ", 100)
	for _, text := range []string{
		code + prose, prose + code, prose + code + prose, prose + code + " " + code + prose + code + prose[:700] + code,
		strings.Repeat(code+prose[:200], 30), strings.Repeat("\u200b", 5000) + code + prose,
	} {
		v := view{raw: []byte(text), page: true}
		s.look(&v)
		s.locate(&v)
		end, seen := 0, 0
		for n := 0; ; {
			var part view
			if part, n = v.next(n, rules.Long); n == 0 {
				break
			}
			from := bytes.Index(v.raw[end:], part.raw)
			if from < 0 || len(part.raw) == 0 {
				t.Fatalf("a part of %d bytes is not behind the one before", len(part.raw))
			}
			var signs fold.Signs
			if got := fold.Append(nil, part.raw, &signs); strings.TrimSpace(string(got)) != strings.TrimSpace(string(part.folded)) {
				t.Errorf("folded %q, want that of %q", part.folded, part.raw)
			}
			end += from + len(part.raw)
			seen += strings.Count(string(part.raw), code)
		}
		if want := strings.Count(text, code); seen != want {
			t.Errorf("%d codes in the parts of %.40q, want %d", seen, text, want)
		}
	}
}

// TestPartsOfPlainPages: of a page that points to nothing nothing is read twice.
func TestPartsOfPlainPages(t *testing.T) {
	s := mustNew(t, Settings{})
	v := view{raw: []byte(strings.Repeat(benchTexts[0].text, 40)), page: true}
	s.look(&v)
	s.locate(&v)
	for d := range guises {
		if part, n := v.next(0, undone[d].sign); n != 0 {
			t.Errorf("disguise %d: reads %d bytes again", d, len(part.raw))
		}
	}
}
