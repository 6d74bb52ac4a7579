package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/e2e/wire"
)

// parseRequest reads a request block: the request line, headers, an empty line,
// the body.
func parseRequest(block []string) (wire.Request, error) {
	var r wire.Request
	if len(block) == 0 {
		return r, errors.New("want a block with the request")
	}
	words := strings.Fields(block[0])
	if len(words) != 2 {
		return r, fmt.Errorf("request line %q, want a method and a path", block[0])
	}
	r.Method, r.Target = words[0], words[1]
	return r, edit(&r, block[1:])
}

// edit changes a request as a block says: "name: value" sets a header (or adds
// it, when the request is new), "+ name: value" adds one more, "- name" removes
// it; what follows an empty line replaces the body.
func edit(r *wire.Request, block []string) error {
	for i, line := range block {
		if line == "" {
			body, err := expand(strings.Join(block[i+1:], "\n"))
			r.Body = body
			return err
		}
		if err := editHeader(r, line); err != nil {
			return err
		}
	}
	return nil
}

func editHeader(r *wire.Request, line string) error {
	if name, ok := strings.CutPrefix(line, "- "); ok {
		if !r.Has(name) {
			return fmt.Errorf("%q: the request has no such header", line)
		}
		r.Remove(name)
		return nil
	}
	rest, more := strings.CutPrefix(line, "+ ")
	name, value, ok := strings.Cut(rest, ":")
	if !ok {
		return fmt.Errorf("header line %q, want \"name: value\", \"+ name: value\" or \"- name\"", line)
	}
	value, err := expand(strings.TrimPrefix(value, " "))
	if err != nil {
		return err
	}
	if more {
		r.Header = append(r.Header, [2]string{name, value})
	} else {
		r.Set(name, value)
	}
	return nil
}

// placeholder is %{...} in a policy, a header value or a body.
var placeholder = regexp.MustCompile(`%\{([^}]*)\}`)

// expand replaces %{sha256 TEXT} by a digest in hex, %{hex DIGITS} by bytes,
// and %{N * TEXT} by N times the text.
func expand(s string) (string, error) {
	var failed error
	out := placeholder.ReplaceAllStringFunc(s, func(m string) string {
		text, err := expandOne(m[2 : len(m)-1])
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", m, err)
		}
		return text
	})
	return out, failed
}

func expandOne(s string) (string, error) {
	word, rest, _ := strings.Cut(s, " ")
	switch {
	case word == "sha256":
		sum := sha256.Sum256([]byte(rest))
		return hex.EncodeToString(sum[:]), nil
	case word == "hex":
		b, err := hex.DecodeString(rest)
		return string(b), err
	}
	n, err := strconv.Atoi(word)
	text, ok := strings.CutPrefix(rest, "* ")
	if err != nil || !ok || n < 0 || n*len(text) > 64<<20 {
		return "", errors.New("want sha256 TEXT, hex DIGITS, or N * TEXT of up to 64 MiB")
	}
	return strings.Repeat(text, n), nil
}
