package train

import (
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/scan/grammar"
)

// Prompts are short, but people also paste pages, and tools answer with them.
// What is odd in a sentence is met by chance in a page: so training reads honest
// texts in a row as well.

// joinedSize is the least length of texts in a row, in bytes: some pages.
const joinedSize = 8000

// joiner joins texts until they are long enough.
type joiner struct {
	text strings.Builder
	done []string
}

func (j *joiner) add(text string) {
	j.text.WriteString(text)
	j.text.WriteString("\n\n")
	if j.text.Len() >= joinedSize {
		j.done = append(j.done, j.text.String())
		j.text.Reset()
	}
}

// joinExamples puts the honest texts of each source in rows.
func joinExamples(examples []Example) (joined []Example) {
	joiners := map[string]*joiner{}
	for i := range examples {
		e := &examples[i]
		if e.Attack() {
			continue
		}
		j := joiners[e.Source]
		if j == nil {
			j = &joiner{}
			joiners[e.Source] = j
		}
		j.add(e.Text)
		for _, text := range j.done {
			joined = append(joined, Example{Source: e.Source, Label: e.Label, Category: "joined", Lang: e.Lang, Text: text})
		}
		j.done = j.done[:0]
	}
	return joined
}

// joinWritten puts the honest texts of the grammar in rows, a language and kind
// each.
func joinWritten(texts []grammar.Text) (joined []grammar.Text) {
	var j joiner
	for i := range texts {
		t := &texts[i]
		if t.Attack() {
			continue
		}
		if i > 0 && (texts[i-1].Kind != t.Kind || texts[i-1].Lang != t.Lang) {
			j = joiner{}
		}
		j.add(t.Text)
		for _, text := range j.done {
			joined = append(joined, grammar.Text{Kind: t.Kind, Lang: t.Lang, Text: text})
		}
		j.done = j.done[:0]
	}
	return joined
}
