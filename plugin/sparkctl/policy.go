package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/config"
)

// policy is a policy file that was checked.
type policy struct {
	file   string
	json   []byte // what the filter reads
	config *config.Config
}

// readPolicy reads and checks the policy in file, YAML or JSON; "-" is
// standard input. Each line of the error begins with the file and, where it is
// known, the line in it.
func readPolicy(file string, in io.Reader) (*policy, error) {
	text, err := readFile(file, in)
	if err != nil {
		return nil, err
	}
	doc, err := fromYAML(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	c, err := config.Parse(doc.json)
	if err != nil {
		return nil, locate(file, doc, err)
	}
	return &policy{file, doc.json, c}, nil
}

func readFile(file string, in io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(in)
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such file: give the path of a policy, or - for standard input", file)
	}
	return text, err
}

// locate puts file and line before each of the joined errors.
func locate(file string, doc *document, err error) error {
	var lines []string
	for _, e := range unjoin(err) {
		var bad *config.Error
		if errors.As(e, &bad) {
			lines = append(lines, fmt.Sprintf("%s:%d: %v", file, doc.line(bad.Path), bad))
		} else {
			lines = append(lines, file+": "+e.Error())
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

func unjoin(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
