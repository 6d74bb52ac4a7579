package llm

import (
	"errors"
	"strings"
	"testing"
)

func kindOfError(t *testing.T, err error) Kind {
	t.Helper()
	if err == nil {
		return 0
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %T, want *Error", err)
	}
	return e.Kind
}

func TestLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + `"x"` + strings.Repeat("]", n) }
	list := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`"x",`, n), ",") + "]" }
	for _, c := range []struct {
		name string
		body string
		lim  Limits
		want Kind
	}{
		{"default depth", nested(64), Limits{}, 0},
		{"past the default depth", nested(65), Limits{}, TooDeep},
		{"own depth", nested(3), Limits{Depth: 3}, 0},
		{"past own depth", nested(4), Limits{Depth: 3}, TooDeep},
		{"objects nest too", `{"a":{"b":[{"c":1}]}}`, Limits{Depth: 3}, TooDeep},
		{"depth is capped", nested(513), Limits{Depth: 1 << 30}, TooDeep},
		{"at the cap", nested(512), Limits{Depth: 1 << 30}, 0},
		{"default texts", list(4096), Limits{}, 0},
		{"past the default texts", list(4097), Limits{}, TooMany},
		{"own texts", list(2), Limits{Texts: 2}, 0},
		{"past own texts", list(3), Limits{Texts: 2}, TooMany},
		{"negative means default", list(3), Limits{Texts: -1, Depth: -1}, 0},
		{"empty texts are free", `["","","",""]`, Limits{Texts: 1}, 0},
	} {
		err := Parse(Other, "application/json", []byte(c.body), c.lim, new(Request))
		if got := kindOfError(t, err); got != c.want {
			t.Errorf("%s: got %v (%v), want %v", c.name, got, err, c.want)
		}
	}
}

// TestHostileBodies checks that no body makes Parse use memory out of
// proportion: each is 1 MiB of the worst of its kind.
func TestHostileBodies(t *testing.T) {
	const size = 1 << 20
	fill := func(prefix, unit, suffix string) string {
		return prefix + strings.Repeat(unit, (size-len(prefix)-len(suffix))/len(unit)) + suffix
	}
	for name, body := range map[string]string{
		"brackets":       fill("", "[", ""),
		"braces":         fill("", `{"a":`, ""),
		"escaped keys":   fill("{", `"\u0061":1,`, `"b":1}`),
		"escaped texts":  fill("[", `"\u0061\n",`, `"b"]`),
		"surrogates":     fill(`"`, `\ud83d\ude00`, `"`),
		"backslashes":    fill(`"`, `\\`, `"`),
		"no end":         fill(`"`, "a", ""),
		"commas":         fill("[", ",", "]"),
		"numbers":        fill("[", "1,", "1]"),
		"one number":     fill("", "1", ""),
		"white space":    fill("", " ", ""),
		"base64":         fill(`"data:image/png;base64,`, "AAAA", `"`),
		"text in base64": fill(`{"messages":[{"content":{"file_data":"data:text/plain;base64,`, "SGVs", `"}}]}`),
		"files":          fill(`{"messages":[{"content":[`, `{"url":"data:text/plain;base64,SGVs"},`, `{}]}]}`),
	} {
		for _, api := range []API{OpenAIChat, Other} {
			req := new(Request)
			err := Parse(api, "application/json", []byte(body), Limits{}, req)
			total := 0
			for _, x := range req.Texts {
				total += len(x.Value)
			}
			if total > len(body) || cap(req.arena) > 3*len(body) || len(req.Texts) > defaultTexts {
				t.Errorf("%s as %v: %d bytes of text in %d texts, arena %d (error %v)",
					name, api, total, len(req.Texts), cap(req.arena), err)
			}
		}
	}
}

// TestParseReusesMemory checks that a second body costs no allocation and that
// texts without escapes are slices of the body.
func TestParseReusesMemory(t *testing.T) {
	body := []byte(`{"model":"gpt-4o","messages":[{"role":"system","content":"Be kind."},
		{"role":"user","content":[{"type":"text","text":"plain"},{"type":"text","text":"esc\u0061ped\n"},
		{"type":"image_url","image_url":{"url":"https://example.com/x.png"}}]}],"tools":[{"description":"one two"}]}`)
	req := new(Request)
	allocs := testing.AllocsPerRun(20, func() {
		if err := Parse(OpenAIChat, "application/json", body, Limits{}, req); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations for a repeated body, want 0", allocs)
	}
	for _, x := range req.Texts {
		alias := &x.Value[0] == &body[x.Start+1]
		if escaped := strings.Contains(string(body[x.Start:x.End]), `\`); alias == escaped {
			t.Errorf("%s: slice of the body %v, escaped %v", x.Path, alias, escaped)
		}
	}
}

// TestParseForgets checks that nothing of one body is left for the next.
func TestParseForgets(t *testing.T) {
	req := new(Request)
	full := `{"model":"m","stream":true,"max_tokens":5,"n":3,"messages":[{"content":"a\n"},{"content":{"image_url":"https://x"}}]}`
	for _, body := range []string{full, `{"messages":[`} {
		_ = Parse(OpenAIChat, "", []byte(body), Limits{}, req)
		if err := Parse(OpenAIChat, "", []byte(`{}`), Limits{}, req); err != nil {
			t.Fatal(err)
		}
		if req.Model != "" || req.Stream || req.MaxTokens != 0 || req.Media != 0 || len(req.Texts) != 0 {
			t.Errorf("after %s: got %+v, want an empty request", body, req)
		}
	}
}
