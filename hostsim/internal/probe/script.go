//go:build wasip1

// Command probe is a filter that does what its configuration says: a script of host
// calls for each callback. It logs what each call returned, so that two hosts can be
// compared line by line.
//
// A script is lines. "on NAME" begins the steps of a callback, for example "on
// request_headers"; "on NAME end" and "on NAME more" are for the end of the stream
// and for before it. Each further line is one step: a command and its arguments,
// divided by spaces, where "_" stands for an empty argument and "\s" for a space. What
// a callback returns is set by the step "return N"; see commands.
package main

import (
	"strconv"
	"strings"
)

var contexts = map[uint32]*context{}

var refuseMemory bool

// context is one context of the host, with the script of its plugin.
type context struct {
	id     uint32
	root   *context
	script script
	token  uint32            // of a queue or call
	ids    map[string]uint32 // of metrics and contexts, by the names that scripts give
	calls  map[string]int    // how often each callback ran
}

// script is the steps of each callback.
type script map[string][]step

type step []string

func parse(text string) script {
	s := script{}
	name := ""
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0][0] == '#':
		case words[0] == "name":
			say("case " + words[1])
		case words[0] == "on":
			name = strings.Join(words[1:], " ")
			s[name] = []step{}
		default:
			for i, word := range words {
				if words[i] = strings.ReplaceAll(word, `\s`, " "); word == "_" {
					words[i] = ""
				}
			}
			s[name] = append(s[name], words)
		}
	}
	return s
}

// run takes the steps of a callback. The result is what the callback returns.
func (c *context) run(name string, end bool) (result uint32) {
	suffix := " more"
	if end {
		suffix = " end"
	}
	if c.calls == nil {
		c.calls = map[string]int{}
	}
	c.calls[name]++
	count := " " + strconv.Itoa(c.calls[name])
	for _, key := range []string{name, name + suffix, name + count} {
		for _, s := range c.script[key] {
			if s[0] == "return" {
				result = s.num(1)
				continue
			}
			c.step(s)
		}
	}
	return result
}

// str is argument i, or "".
func (s step) str(i int) string {
	if i < len(s) {
		return s[i]
	}
	return ""
}

// num is argument i as a number, or 0. It may be negative.
func (s step) num(i int) uint32 {
	n, _ := strconv.ParseInt(s.str(i), 0, 64)
	return uint32(n)
}

func say(text string) {
	data, size := at(text)
	proxyLog(2, data, size)
}

// report logs a step with its status and results.
func report(s step, status uint32, results ...string) {
	text := strings.Join(s, " ") + " -> " + strconv.Itoa(int(status))
	if status == 0 {
		for _, r := range results {
			text += " " + strconv.Quote(r)
		}
	}
	say(text)
}
