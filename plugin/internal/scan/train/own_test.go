package train

import (
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
