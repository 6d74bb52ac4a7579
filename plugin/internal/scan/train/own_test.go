package train

import (
	"strings"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/scan"
)

// The project's own labelled texts: known were looked at while rules and grammar
// were written, unseen were written with them, put aside, and only counted. They
// must stay that way: who looks at what is wrong in unseen moves it to known.
// The rates are those of DETECTION.md with some slack.
func TestOwnTexts(t *testing.T) {
	for _, c := range []struct {
		file         string
		role         scan.Role
		found, wrong float64
	}{
		{"known", scan.User, 0.72, 0.05},
		{"unseen", scan.User, 0.62, 0.12},
		{"known", scan.Tool, 0.72, 0.05},
		{"unseen", scan.Tool, 0.62, 0.12},
	} {
		examples, err := Load("testdata/" + c.file + ".jsonl")
		if err != nil {
			t.Fatal(err)
		}
		hits, err := scanAll(examples, c.role, scan.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		var found, wrong rate
		for i := range examples {
			if examples[i].Attack() {
				found.add(hits[i])
			} else {
				wrong.add(hits[i])
			}
		}
		t.Logf("%s as %s: %s of %d attacks found, %s of %d honest texts refused", c.file, c.role,
			percent(found.value()), found.of, percent(wrong.value()), wrong.of)
		if found.value() < c.found || wrong.value() > c.wrong {
			t.Errorf("%s as %s: found %s of the attacks, want %s; refused %s of the honest texts, want at most %s", c.file, c.role,
				percent(found.value()), percent(c.found), percent(wrong.value()), percent(c.wrong))
		}
	}
}

// An attack that is found alone is put in the middle of a page of honest texts. Of a
// page the model must be surer, which costs some of them; rules see no difference.
func TestOwnTextsInPages(t *testing.T) {
	examples, err := Load("testdata/known.jsonl", "testdata/unseen.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	before, behind := page(t, examples)
	alone, err := scanAll(examples, scan.User, scan.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var hidden []Example
	for i, e := range examples {
		if e.Attack() && alone[i] {
			e.Text = before + e.Text + behind
			hidden = append(hidden, e)
		}
	}
	hits, err := scanAll(hidden, scan.User, scan.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var found rate
	for _, hit := range hits {
		found.add(hit)
	}
	t.Logf("%s of %d attacks found in %d characters of other text", percent(found.value()), found.of, len(before)+len(behind))
	if found.value() < 0.80 {
		t.Errorf("found %s, want 80 %%", percent(found.value()))
	}
}

// page returns two halves of a page of honest texts in English that passes by itself.
func page(t *testing.T, examples []Example) (before, behind string) {
	t.Helper()
	const half = 1500
	var lines []string
	for _, e := range examples {
		if !e.Attack() && e.Lang == "en" {
			lines = append(lines, e.Text)
		}
	}
	all := strings.Join(lines, "\n")
	for start := 0; start+2*half <= len(all); start += half {
		before, behind = all[start:start+half]+"\n\n", "\n\n"+all[start+half:start+2*half]
		hits, err := scanAll([]Example{{Text: before + behind}}, scan.User, scan.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		if !hits[0] {
			return before, behind
		}
	}
	t.Fatal("no page of honest texts passes")
	return "", ""
}

// Nothing in one file may stand in the other: what is known is not unseen.
func TestOwnTextsAreApart(t *testing.T) {
	seen := map[string]string{}
	for _, file := range []string{"known", "unseen"} {
		examples, err := Load("testdata/" + file + ".jsonl")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range examples {
			if other := seen[e.Text]; other != "" {
				t.Errorf("%s: the text of %s stands here too", e.ID, other)
			}
			seen[e.Text] = e.ID
		}
	}
}
