package llm

import "testing"

// read parses body and returns its texts as "role path value" lines.
func read(t *testing.T, api API, body string) (*Request, []string) {
	t.Helper()
	req := new(Request)
	if err := Parse(api, "application/json", []byte(body), Limits{}, req); err != nil {
		t.Fatalf("Parse(%s): %v", body, err)
	}
	var lines []string
	for _, x := range req.Texts {
		lines = append(lines, x.Role.String()+" "+x.Path.String()+" "+string(x.Value))
	}
	return req, lines
}

func TestParseReadsAChat(t *testing.T) {
	req, got := read(t, OpenAIChat, `{"model":"gpt-4o","stream":true,"max_tokens":100,"n":2,"messages":[
		{"content":"be kind","role":"system"},
		{"role":"user","content":[{"type":"text","text":"h\u00e9llo \ud83d\ude00"},{"type":"image_url","image_url":{"url":"https://x/y.png"}}]},
		{"role":"tool","tool_call_id":"c1","content":"sunny"}]}`)
	want := []string{"system messages[0].content be kind", "user messages[1].content[0].text héllo 😀",
		"tool messages[2].content sunny"}
	if len(got) < 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("texts %q, want %q", got, want)
	}
	if req.Model != "gpt-4o" || !req.Stream || req.MaxTokens != 200 {
		t.Errorf("got model %q, stream %v, max tokens %d", req.Model, req.Stream, req.MaxTokens)
	}
}
