// Package rulefile reads the rule set that people write: word lists, one file
// a language, and rules, one file a category. It is used before the build
// only.
package rulefile

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

// Set is what the files of a folder say.
type Set struct {
	Source   rules.Source
	Examples []Example
	// Languages holds for each class the languages that have words for it, in
	// order of the files.
	Languages map[string][]string
	mix       []string // classes
}

// Example is a sentence that a rule must match, or with No, must not.
type Example struct {
	Rule, Language, Text string
	No                   bool
}

// Error is a line that could not be understood.
type Error struct {
	File    string
	Line    int
	Problem string
}

func (e *Error) Error() string {
	return e.File + ":" + strconv.Itoa(e.Line) + ": " + e.Problem
}

// Load reads words/*.words and *.rules of fsys.
func Load(fsys fs.FS) (*Set, error) {
	s := &Set{Languages: map[string][]string{}}
	words, err := fs.Glob(fsys, "words/*.words")
	if err != nil {
		return nil, err
	}
	defs, err := fs.Glob(fsys, "*.rules")
	if err != nil {
		return nil, err
	}
	for _, name := range append(words, defs...) {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if path.Ext(name) == ".words" {
			err = s.words(name, string(data))
		} else {
			err = s.rules(name, string(data))
		}
		if err != nil {
			return nil, err
		}
	}
	for i := range s.Source.Lists {
		l := &s.Source.Lists[i]
		l.Mix = l.Mix && slices.Contains(s.mix, l.Class)
	}
	s.addSignals()
	return s, nil
}

// Table compiles the set.
func (s *Set) Table() (*rules.Table, error) { return rules.Build(s.Source) }

// words reads a file of word lists:
//
//	drop: ignore disregard "pay no attention to"
//	      forget*
func (s *Set) words(file, data string) error {
	language := strings.TrimSuffix(path.Base(file), ".words")
	var list *rules.List
	for i, line := range strings.Split(data, "\n") {
		if line = uncomment(line); strings.TrimSpace(line) == "" {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, rest, ok := strings.Cut(line, ":")
			if !ok {
				return &Error{file, i + 1, "want a class, a colon and words"}
			}
			s.Source.Lists = append(s.Source.Lists, rules.List{Class: name, Mix: language == "en"})
			list = &s.Source.Lists[len(s.Source.Lists)-1]
			s.Languages[name] = append(s.Languages[name], language)
			line = rest
		}
		if list == nil {
			return &Error{file, i + 1, "words before the name of their class"}
		}
		found, err := fields(line)
		if err != "" {
			return &Error{file, i + 1, err}
		}
		for _, w := range found {
			list.Words = append(list.Words, strings.Trim(w, `"`))
		}
	}
	return nil
}

// uncomment cuts a line that begins with # and a space, or is just #.
func uncomment(line string) string {
	if t := strings.TrimSpace(line); t == "#" || strings.HasPrefix(t, "# ") {
		return ""
	}
	return line
}

// fields splits a line at spaces outside double quotes and keeps the quotes.
func fields(line string) (out []string, problem string) {
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" {
			return out, ""
		}
		end := 0
		for quoted := false; end < len(line) && (quoted || line[end] != ' ' && line[end] != '\t'); end++ {
			if line[end] == '"' {
				quoted = !quoted
			}
		}
		if strings.Count(line[:end], `"`)%2 != 0 {
			return nil, "a quote is not closed"
		}
		out = append(out, line[:end])
		line = line[end:]
	}
}
