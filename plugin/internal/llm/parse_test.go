package llm

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// TestParseGolden runs the cases of testdata/parse: each is a line "=== api type",
// a body, and what comes out after "-- want --".
func TestParseGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/parse/*.txt")
	if err != nil || len(files) < 7 {
		t.Fatalf("got %d golden files, error %v", len(files), err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) { golden(t, name) })
	}
}

func golden(t *testing.T, name string) {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for i, c := range strings.Split("\n"+string(data), "\n=== ")[1:] {
		head, rest, _ := strings.Cut(c, "\n")
		body, want, ok := strings.Cut(rest, "\n-- want --\n")
		if !ok {
			body = strings.TrimRight(rest, "\n")
		}
		apiName, contentType, _ := strings.Cut(head, " ")
		api, known := APIByName(apiName)
		if !known {
			t.Fatalf("case %d: no such API %q", i, apiName)
		}
		got := describe(api, contentType, body)
		if got != strings.TrimRight(want, "\n") && !*update {
			t.Errorf("case %d, %s\n%s\ngot\n%s\nwant\n%s", i, head, body, got, want)
		}
		out.WriteString("=== " + head + "\n" + body + "\n-- want --\n" + got + "\n\n")
	}
	if *update {
		if err := os.WriteFile(name, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// describe parses body and writes down the request or the error.
func describe(api API, contentType, body string) string {
	req := new(Request)
	if err := Parse(api, contentType, []byte(body), Limits{}, req); err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return "not an *Error: " + err.Error()
		}
		return "refused, " + e.Kind.String() + ": " + e.Error()
	}
	var lines []string
	if req.Model != "" || req.Stream || req.MaxTokens != 0 || req.Media != 0 {
		lines = append(lines, "model "+strconv.Quote(req.Model)+", stream "+strconv.FormatBool(req.Stream)+
			", max tokens "+strconv.FormatInt(req.MaxTokens, 10)+", media "+strconv.Itoa(req.Media))
	}
	for _, x := range req.Texts {
		lines = append(lines, x.Role.String()+" "+x.Path.String()+" "+strconv.Quote(string(x.Value)))
	}
	return strings.Join(lines, "\n")
}
