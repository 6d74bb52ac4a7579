// Package train fits and measures the linear model of package model. It is
// linked into sparkctl alone, never into the filter.
package train

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// An Example is one labelled text.
type Example struct {
	ID       string `json:"id"`
	Source   string `json:"source"`
	Label    string `json:"label"` // "injection" or "benign"
	Category string `json:"category"`
	Lang     string `json:"lang"`
	Text     string `json:"text"`
}

// Attack says whether the example is labelled an injection.
func (e *Example) Attack() bool { return e.Label == "injection" }

// Persona says whether the example is an attack for the persona head.
func (e *Example) Persona() bool {
	return e.Attack() && strings.Contains(strings.ToLower(e.Category), "jailbreak")
}

// maxLine bounds one line of a data file, in bytes: 20,000 characters of text,
// escaped, stay far below it.
const maxLine = 1 << 20

// Load reads the examples of the JSON lines files named.
func Load(names ...string) ([]Example, error) {
	var all []Example
	for _, name := range names {
		part, err := loadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	return all, nil
}

func loadFile(name string) ([]Example, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Example
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		var e Example
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", filepath.Base(name), n, err)
		}
		if e.Label != "injection" && e.Label != "benign" {
			return nil, fmt.Errorf(`%s:%d: label: got %q, want "injection" or "benign"`, filepath.Base(name), n, e.Label)
		}
		if e.Source == "" {
			e.Source = "unnamed" // "" stands for no source elsewhere
		}
		all = append(all, e)
	}
	return all, lines.Err()
}
