package config

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

// Error is one thing that is wrong with a policy. Its text is one line and
// never holds a secret: the value of a key field is described, not quoted.
type Error struct {
	Path string // where, such as limits[1].requests; "line 3 column 7" for broken JSON
	Got  string // what stands there; empty if the message is about presence alone
	Want string // what to write instead
}

// Error returns "path: got X, want Y", or "path: Y" if Got is empty.
func (e *Error) Error() string {
	if e.Got == "" {
		return e.Path + ": " + e.Want
	}
	return e.Path + ": got " + e.Got + ", want " + e.Want
}

// maxErrors bounds what one Parse reports. A person mends a screenful at a time.
const maxErrors = 20

// maxQuoted bounds how much of a value an error repeats, in bytes.
const maxQuoted = 48

// report collects errors, at most maxErrors of them.
type report struct{ errs []error }

//go:noinline
func (r *report) add(path, got, want string) {
	if !r.full() {
		r.errs = append(r.errs, &Error{Path: path, Got: got, Want: want})
	}
}

func (r *report) full() bool { return len(r.errs) >= maxErrors }

func (r *report) err() error { return errors.Join(r.errs...) }

// quote returns s as a Go string literal, cut to maxQuoted bytes at a rune's edge.
func quote(s string) string {
	if len(s) <= maxQuoted {
		return strconv.Quote(s)
	}
	cut := maxQuoted
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "..."
}
