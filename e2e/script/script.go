// Package script reads and writes scenario files: steps and the transcript that
// each is expected to give, interleaved in one text.
//
//	# A comment: any line that starts with "#", kept as it is.
//	verb words of the step
//	  an indented block that belongs to the step
//
//	  which may hold empty lines
//	< what the step is expected to print, line by line
//
// The package knows the shape alone; what a verb means is the runner's matter.
package script

import (
	"fmt"
	"strings"
)

// indent is what a block's lines are indented by, at least.
const indent = "  "

// Step is one verb with its block and the expected output.
type Step struct {
	Line  int      // where the verb stands, counted from 1
	Verb  string   // the first word
	Words []string // the words after it
	Block []string // without the indent, without trailing empty lines
	Want  []string // without the "< "
}

// File is a parsed scenario file.
type File struct {
	Title string // the first comment line
	Steps []Step
	parts []part
}

// part is a stretch of the file that is written back as it was; step is the
// index of the step whose output follows it, or -1.
type part struct {
	lines []string
	step  int
}

// Parse reads a scenario file. The error names the line, and what is wrong.
func Parse(text string) (*File, error) {
	f := &File{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); {
		var err error
		if i, err = f.take(lines, i); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if len(f.Steps) == 0 {
		return nil, fmt.Errorf("no steps: a scenario must do something")
	}
	if f.Title == "" {
		return nil, fmt.Errorf("no title: begin with a line \"# what this scenario shows\"")
	}
	return f, nil
}

// take consumes the comment, empty line or step at line i and returns the line
// after it; on an error, the line that is wrong.
func (f *File) take(lines []string, i int) (int, error) {
	line := lines[i]
	switch {
	case strings.HasSuffix(line, " ") || strings.Contains(line, "\t") || strings.Contains(line, "\r"):
		return i, fmt.Errorf("trailing space, tab or carriage return")
	case line == "" || line[0] == '#':
		if f.Title == "" && line != "" {
			f.Title = strings.TrimSpace(line[1:])
		}
		f.parts = append(f.parts, part{lines[i : i+1], -1})
		return i + 1, nil
	case isOutput(line):
		return i, fmt.Errorf("output that belongs to no step")
	case line[0] == ' ':
		return i, fmt.Errorf("indented line that belongs to no step")
	case line[0] < 'a' || line[0] > 'z':
		return i, fmt.Errorf("a step begins with a lower-case word, a comment with #, output with \"< \"")
	}
	words := strings.Fields(line)
	s := Step{Line: i + 1, Verb: words[0], Words: words[1:]}
	end := blockEnd(lines, i+1)
	for j, l := range lines[i+1 : end] {
		if l != "" && !strings.HasPrefix(l, indent) {
			return i + 1 + j, fmt.Errorf("indent a block by two spaces")
		}
		if strings.HasSuffix(l, "\t") || strings.HasSuffix(l, "\r") {
			return i + 1 + j, fmt.Errorf("trailing tab or carriage return")
		}
		s.Block = append(s.Block, strings.TrimPrefix(l, indent))
	}
	f.parts = append(f.parts, part{lines[i:end], len(f.Steps)})
	for ; end < len(lines) && isOutput(lines[end]); end++ {
		s.Want = append(s.Want, strings.TrimPrefix(lines[end][1:], " "))
	}
	f.Steps = append(f.Steps, s)
	return end, nil
}

// blockEnd returns the line after the block that starts at line i; empty lines
// belong to it when an indented one follows.
func blockEnd(lines []string, i int) int {
	end := i
	for ; i < len(lines) && (lines[i] == "" || lines[i][0] == ' '); i++ {
		if lines[i] != "" {
			end = i + 1
		}
	}
	return end
}

// isOutput tells output lines; an empty one has no space after its "<".
func isOutput(line string) bool {
	return line == "<" || strings.HasPrefix(line, "< ") && len(line) > 2
}

// Render writes the file with other outputs, one list of lines per step. With
// each step's Want it gives the file back.
func (f *File) Render(outputs [][]string) string {
	var b strings.Builder
	for _, p := range f.parts {
		for _, l := range p.lines {
			b.WriteString(l + "\n")
		}
		if p.step < 0 || p.step >= len(outputs) {
			continue
		}
		for _, l := range outputs[p.step] {
			if l != "" {
				l = " " + l
			}
			b.WriteString("<" + l + "\n")
		}
	}
	return b.String()
}
