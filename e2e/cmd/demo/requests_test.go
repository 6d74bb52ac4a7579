package main

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// suggestion is a curl command that the banner or the README shows.
type suggestion struct {
	comment, url, body string
	headers            [][2]string
	status             int
}

var (
	curlLine   = regexp.MustCompile(`^(?:  |\$ )curl (?:-\w+ )?(http://\S+)(.*)$`)
	curlOption = regexp.MustCompile(`-([Hd]) '([^']*)'`)
	inBrackets = regexp.MustCompile(`\((\d\d\d)\)$`)
)

// parseCurl reads a command as curl would.
func parseCurl(line string) (s suggestion, ok bool) {
	m := curlLine.FindStringSubmatch(line)
	if m == nil {
		return s, false
	}
	s = suggestion{url: m[1], status: http.StatusOK}
	for _, option := range curlOption.FindAllStringSubmatch(m[2], -1) {
		if name, value, ok := strings.Cut(option[2], ": "); option[1] == "H" && ok {
			s.headers = append(s.headers, [2]string{name, value})
		} else {
			s.body = option[2]
		}
	}
	return s, true
}

// suggestions returns the banner's curl commands, each with the status that the
// comment above it announces, or 200.
func suggestions(banner string) (found []suggestion) {
	comment := ""
	for line := range strings.Lines(banner) {
		line = strings.TrimRight(line, "\n")
		if text, ok := strings.CutPrefix(line, "  # "); ok {
			comment = text
		}
		s, ok := parseCurl(line)
		if !ok {
			continue
		}
		s.comment = comment
		if m := inBrackets.FindStringSubmatch(comment); m != nil {
			s.status, _ = strconv.Atoi(m[1])
		}
		found = append(found, s)
	}
	return found
}

// trySuggestions sends every request that the banner suggests.
func trySuggestions(t *testing.T, banner string) {
	list := suggestions(banner)
	if len(list) < 7 {
		t.Fatalf("the banner suggests %d requests, want at least 7", len(list))
	}
	for _, s := range list {
		if status, body := s.try(t); status != s.status || body == "" {
			t.Errorf("%s: got status %d, want %d: %s", s.comment, status, s.status, body)
		}
	}
}

// tryReadme sends the README's requests to this proxy and compares the answers
// with what the README shows, in which an ellipsis stands for anything.
func tryReadme(t *testing.T, proxy int) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	lines := strings.Split(strings.ReplaceAll(string(text), "\\\n", ""), "\n")
	for i, line := range lines {
		s, ok := parseCurl(line)
		if !ok {
			continue
		}
		tried++
		s.url = strings.Replace(s.url, "127.0.0.1:10000", port{number: proxy}.address(), 1)
		want := lines[i+1]
		shown := "^" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*") + "$"
		if _, got := s.try(t); !regexp.MustCompile(shown).MatchString(strings.TrimSpace(got)) {
			t.Errorf("README.md shows\n%s\nbut the answer is\n%s", want, got)
		}
	}
	if tried < 2 {
		t.Errorf("README.md shows %d requests, want at least 2", tried)
	}
}

// tryNoRoute holds the host's own errors to the shipped form.
func tryNoRoute(t *testing.T, proxy int) {
	s := suggestion{url: "http://" + port{number: proxy}.address() + "/nothing", headers: [][2]string{{"authorization", "Bearer sk-demo-alice"}}}
	if status, body := s.try(t); status != http.StatusNotFound || !strings.Contains(body, `"code":"no_route"`) {
		t.Errorf("no route: %d %s", status, body)
	}
}

// try sends a suggestion and returns the answer's status and body.
func (s suggestion) try(t *testing.T) (int, string) {
	t.Helper()
	method := http.MethodGet
	if s.body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.url, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range s.headers {
		request.Header.Add(h[0], h[1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
