package hostsim_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/e2e/script"
)

func compare(t *testing.T, who, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	t.Errorf("%s does something else (- want, + got):\n%s", who, script.Diff(want, got))
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
