package hostsim_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func compare(t *testing.T, who, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	t.Errorf("%s does something else (- want, + got):\n%s", who, lineDiff(want, got))
}

// lineDiff shows where two texts differ, with some lines around.
func lineDiff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	// longest common subsequence
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var lines []string
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			lines = append(lines, "  "+a[i])
			i, j = i+1, j+1
		case j < len(b) && (i == len(a) || length[i][j+1] >= length[i+1][j]):
			lines = append(lines, "+ "+b[j])
			j++
		default:
			lines = append(lines, "- "+a[i])
			i++
		}
	}
	return strings.Join(lines, "\n")
}

// report puts the views of a case together.
func report(client, upstream, access, trace string) string {
	var out strings.Builder
	for _, part := range []struct{ name, text string }{{"client", client}, {"upstream", upstream}, {"access log", access}, {"filter", trace}} {
		if part.text != "" {
			fmt.Fprintf(&out, "== %s\n%s", part.name, part.text)
		}
	}
	return out.String()
}

var volatile = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT`), "DATE"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`(x-envoy-upstream-service-time"?: ?"?)\d+`), "${1}N"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
}

// stable replaces what differs from run to run.
func stable(text string) string {
	for _, v := range volatile {
		text = v.pattern.ReplaceAllString(text, v.with)
	}
	return text
}
