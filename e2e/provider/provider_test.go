package provider

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// start serves a fresh provider on a free port.
func start(t *testing.T) (*Server, string) {
	t.Helper()
	s := New(func() time.Time { return time.Unix(1_700_000_000, 0) })
	h := httptest.NewUnstartedServer(nil)
	h.Config = NewHTTPServer(s)
	h.Start()
	t.Cleanup(h.Close)
	return s, h.URL
}

// post sends a body with x-demo headers given as pairs.
func post(t *testing.T, url, body string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const chatHello = `{"model":"gpt-4o","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"Hello there"}]}`

func TestJSONAnswers(t *testing.T) {
	_, url := start(t)
	tests := []struct{ path, body, want string }{
		{"/v1/chat/completions", chatHello,
			`"content":"You said: Hello there"`},
		{"/v1/chat/completions", chatHello,
			`"usage":{"completion_tokens":4,"prompt_tokens":4,"total_tokens":8}`},
		{"/v1/chat/completions", `{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url"},{"type":"text","text":"b"}]}]}`,
			`"content":"You said: a b"`},
		{"/v1/completions", `{"model":"m","prompt":["one","two"]}`,
			`"index":1,"logprobs":null,"text":"You said: two"`},
		{"/v1/embeddings", `{"model":"m","input":"abcd"}`,
			`"embedding":[0.25,0.25,0.25,0.25]`},
		{"/v1/embeddings", `{"model":"m","input":"abcd","encoding_format":"base64"}`,
			`"embedding":"AACAPgAAgD4AAIA+AACAPg=="`},
		{"/v1/responses", `{"model":"m","input":"Hi"}`,
			`"text":"You said: Hi","type":"output_text"`},
		{"/v1/responses", `{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"Ho"}]}]}`,
			`"text":"You said: Ho"`},
		{"/v1/messages", `{"model":"m","max_tokens":9,"system":"be kind","messages":[{"role":"user","content":"Hello there"}]}`,
			`"content":[{"text":"You said: Hello there","type":"text"}]`},
		{"/v1/messages/count_tokens", `{"system":"be kind","messages":[{"role":"user","content":"Hello there"}]}`,
			`{"input_tokens":4}`},
	}
	for _, tt := range tests {
		resp := post(t, url+tt.path, tt.body)
		got := readAll(t, resp)
		if resp.StatusCode != 200 || !strings.Contains(got, tt.want) || !json.Valid([]byte(got)) {
			t.Errorf("%s %s\n got %d %s\nwant %s", tt.path, tt.body, resp.StatusCode, got, tt.want)
		}
	}
}

// events splits an event stream into "name data" lines.
func events(t *testing.T, body string) []string {
	t.Helper()
	var out []string
	for _, block := range strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		name, data := "", ""
		for line := range strings.Lines(block) {
			line = strings.TrimSuffix(line, "\n")
			if v, ok := strings.CutPrefix(line, "event: "); ok {
				name = v
			} else if v, ok := strings.CutPrefix(line, "data: "); ok {
				data = v
			} else {
				t.Errorf("odd line in event stream: %q", line)
			}
		}
		out = append(out, name+" "+data)
	}
	return out
}

func TestChatStream(t *testing.T) {
	_, url := start(t)
	for _, withUsage := range []bool{false, true} {
		body := `{"model":"m","stream":true,"messages":[{"role":"user","content":"Hello there"}]`
		if withUsage {
			body += `,"stream_options":{"include_usage":true}`
		}
		got := events(t, readAll(t, post(t, url+"/v1/chat/completions", body+"}")))
		text, usages := "", 0
		for _, e := range got[:len(got)-1] {
			var chunk struct {
				Choices []struct {
					Delta struct{ Content string }
				}
				Usage *struct{ Total_tokens int }
			}
			if err := json.Unmarshal([]byte(strings.TrimSpace(e)), &chunk); err != nil {
				t.Fatalf("%v in %s", err, e)
			}
			for _, c := range chunk.Choices {
				text += c.Delta.Content
			}
			if chunk.Usage != nil {
				usages++
				if chunk.Usage.Total_tokens != 6 {
					t.Errorf("total_tokens %d, want 6", chunk.Usage.Total_tokens)
				}
			}
		}
		if last := got[len(got)-1]; last != " [DONE]" {
			t.Errorf("last event %q", last)
		}
		if text != "You said: Hello there" || (usages == 1) != withUsage {
			t.Errorf("include_usage %v: text %q, %d usages", withUsage, text, usages)
		}
	}
}

func TestStreamEventNames(t *testing.T) {
	_, url := start(t)
	tests := []struct{ path, body, want string }{
		{"/v1/messages", `{"max_tokens":5,"stream":true,"messages":[{"role":"user","content":"Hi"}]}`,
			"message_start content_block_start ping content_block_delta content_block_delta content_block_stop message_delta message_stop"},
		{"/v1/responses", `{"stream":true,"input":"Hi"}`,
			"response.created response.output_item.added response.output_text.delta response.output_text.delta response.output_text.done response.output_item.done response.completed"},
	}
	for _, tt := range tests {
		var names []string
		for _, e := range events(t, readAll(t, post(t, url+tt.path, tt.body, "x-demo-chunks", "2"))) {
			name, data, _ := strings.Cut(e, " ")
			names = append(names, name)
			var typed struct{ Type string }
			if json.Unmarshal([]byte(data), &typed); typed.Type != name {
				t.Errorf("event %s holds type %q", name, typed.Type)
			}
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.path, got, tt.want)
		}
	}
}

func TestErrorShapes(t *testing.T) {
	_, url := start(t)
	tests := []struct {
		path, body string
		headers    []string
		status     int
		want       string
	}{
		{"/v1/chat/completions", `{`, nil, 400, `"type":"invalid_request_error"`},
		{"/v1/chat/completions", `{}`, nil, 400, `want at least one`},
		{"/v1/nosuch", `{}`, nil, 404, `no such endpoint: POST /v1/nosuch`},
		{"/v1/chat/completions", chatHello, []string{"x-demo-status", "429", "x-demo-retry-after", "3"}, 429, `"type":"rate_limit_exceeded"`},
		{"/v1/chat/completions", chatHello, []string{"x-demo-status", "503"}, 503, `"type":"server_error"`},
		{"/v1/messages", chatHello, []string{"x-demo-status", "529"}, 529, `"type":"overloaded_error"`},
		{"/v1/messages", chatHello, []string{"x-demo-status", "500"}, 500, `"type":"api_error"`},
		{"/v1/messages", `{"messages":[]}`, nil, 400, `"type":"error"`},
	}
	for _, tt := range tests {
		resp := post(t, url+tt.path, tt.body, tt.headers...)
		got := readAll(t, resp)
		if resp.StatusCode != tt.status || !strings.Contains(got, tt.want) {
			t.Errorf("%s %v: got %d %s, want %d %s", tt.path, tt.headers, resp.StatusCode, got, tt.status, tt.want)
		}
		if tt.status == 429 && resp.Header.Get("Retry-After") != "3" {
			t.Errorf("no retry-after: %v", resp.Header)
		}
	}
}

func TestBadSwitchesAreNamed(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"x-demo-status", "42", "an integer from 200 to 599"},
		{"x-demo-status", "all", "an integer"},
		{"x-demo-delay", "2h", "from 0s to 1m0s"},
		{"x-demo-delay", "-1s", "from 0s to 1m0s"},
		{"x-demo-chunks", "0", "an integer from 1 to 10000"},
		{"x-demo-chunk-delay", "soon", "for example 200ms"},
		{"x-demo-reset", "now", "headers or stream"},
		{"x-demo-encoding", "br", "want gzip"},
		{"x-demo-pad", "-1", "an integer from 0"},
	}
	for _, tt := range tests {
		h := http.Header{}
		h.Set(tt.name, tt.value)
		_, err := parseSwitches(h)
		if err == nil || !strings.Contains(err.Error(), tt.name+`: got "`+tt.value+`"`) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %s: got error %v, want %s", tt.name, tt.value, err, tt.want)
		}
	}
}

func TestDelayComesBeforeTheHeaders(t *testing.T) {
	_, url := start(t)
	begin := time.Now()
	post(t, url+"/v1/chat/completions", chatHello, "x-demo-delay", "60ms")
	if d := time.Since(begin); d < 60*time.Millisecond {
		t.Errorf("headers after %v", d)
	}
}

func TestResets(t *testing.T) {
	_, url := start(t)
	r, _ := http.NewRequest("POST", url+"/v1/chat/completions", strings.NewReader(chatHello))
	r.Header.Set("x-demo-reset", "headers")
	if resp, err := http.DefaultClient.Do(r); err == nil {
		t.Errorf("reset before headers gave an answer: %v", resp.Status)
	}
	for _, streamed := range []string{"true", "false"} {
		body := strings.Replace(chatHello, `{`, `{"stream":`+streamed+`,`, 1)
		resp := post(t, url+"/v1/chat/completions", body, "x-demo-reset", "stream")
		got, err := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 || err == nil || len(got) == 0 {
			t.Errorf("stream %s: status %d, %d bytes, error %v; want 200, some, an error", streamed, resp.StatusCode, len(got), err)
		}
	}
}

// TestGateIsCausal reads event i before releasing event i+1; without the gate
// holding back, a later event could be read early.
func TestGateIsCausal(t *testing.T) {
	s, url := start(t)
	resp := post(t, url+"/v1/chat/completions", strings.Replace(chatHello, `{`, `{"stream":true,`, 1),
		"x-demo-gate", "g", "x-demo-chunks", "3")
	lines := make(chan string)
	go func() {
		defer close(lines)
		for sc := bufio.NewScanner(resp.Body); sc.Scan(); {
			if sc.Text() != "" {
				lines <- sc.Text()
			}
		}
	}()
	for i := range 5 { // three pieces, the finish, [DONE]
		if i > 0 {
			select {
			case early := <-lines:
				t.Fatalf("event %d came before its release: %s", i, early)
			case <-time.After(20 * time.Millisecond):
			}
			s.Release("g")
		}
		if _, ok := <-lines; !ok {
			t.Fatalf("stream ended before event %d", i)
		}
	}
	if extra, ok := <-lines; ok {
		t.Errorf("more than five events: %s", extra)
	}
}

func TestHoldComesBeforeTheHeaders(t *testing.T) {
	s, url := start(t)
	answered := make(chan *http.Response, 1)
	go func() {
		r, _ := http.NewRequest("POST", url+"/v1/chat/completions", strings.NewReader(chatHello))
		r.Header.Set("x-demo-hold", "h")
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		answered <- resp
	}()
	if err := s.WaitArrived(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	select {
	case <-answered:
		t.Fatal("answered before the release")
	case <-time.After(20 * time.Millisecond):
	}
	s.Release("h")
	if resp := <-answered; resp == nil || resp.StatusCode != 200 {
		t.Errorf("after the release: %v", resp)
	}
}

func TestGateLetsGoWhenTheClientLeaves(t *testing.T) {
	s, url := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "POST", url+"/v1/chat/completions",
		strings.NewReader(strings.Replace(chatHello, `{`, `{"stream":true,`, 1)))
	r.Header.Set("x-demo-gate", "never")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	resp.Body.Close()
	wait, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if err := s.WaitIdle(wait); err != nil {
		t.Fatalf("the handler still waits: %v", err)
	}
}

func TestJournal(t *testing.T) {
	s, url := start(t)
	r, _ := http.NewRequest("POST", url+"/v1/chat/completions?x=1", io.NopCloser(strings.NewReader(chatHello)))
	r.Header["X-Twice"] = []string{"a", "b"}
	r.Trailer = http.Header{"X-Last": {"t"}}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if err := s.WaitArrived(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	seen := s.Seen()
	if len(seen) != 1 {
		t.Fatalf("saw %d requests", len(seen))
	}
	e := seen[0]
	if e.Method != "POST" || e.Path != "/v1/chat/completions?x=1" || e.Body != chatHello || !e.Whole ||
		len(e.Header["X-Twice"]) != 2 || e.Trailer.Get("X-Last") != "t" {
		t.Errorf("recorded %+v", e)
	}

	got := readAll(t, get(t, url+"/demo/seen"))
	var decoded []Seen
	if err := json.Unmarshal([]byte(got), &decoded); err != nil || len(decoded) != 1 || decoded[0].Body != chatHello {
		t.Errorf("/demo/seen: %v %s", err, got)
	}
	s.Forget()
	if n := len(s.Seen()); n != 0 {
		t.Errorf("%d left after Forget", n)
	}
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestJournalTellsACutBody(t *testing.T) {
	s, url := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	r, _ := http.NewRequestWithContext(ctx, "POST", url+"/v1/chat/completions", pr)
	go http.DefaultClient.Do(r)
	pw.Write([]byte(`{"half`))
	if err := s.WaitArrived(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := s.Seen()[0]; e.Whole {
		t.Errorf("a cut body counts as whole: %+v", e)
	}
}

func TestJournalIsBounded(t *testing.T) {
	var j journal
	for range maxSeen + 5 {
		j.open(httptest.NewRequest("GET", "/", nil))
	}
	if len(j.entries) != maxSeen || j.arrived != maxSeen+5 {
		t.Errorf("%d entries, %d arrived", len(j.entries), j.arrived)
	}
}

func TestAnswersAreRepeatable(t *testing.T) {
	_, url := start(t)
	a := readAll(t, post(t, url+"/v1/chat/completions", chatHello))
	b := readAll(t, post(t, url+"/v1/chat/completions", chatHello))
	other := readAll(t, post(t, url+"/v1/chat/completions", strings.Replace(chatHello, "Hello", "Hullo", 1)))
	if a != b || a == other {
		t.Errorf("equal requests gave\n%s\n%s\nanother one\n%s", a, b, other)
	}
}

func TestCompressedBody(t *testing.T) {
	s, url := start(t)
	var b strings.Builder
	w := gzip.NewWriter(&b)
	io.WriteString(w, chatHello)
	w.Close()
	resp := post(t, url+"/v1/chat/completions", b.String(), "content-encoding", "gzip")
	if got := readAll(t, resp); resp.StatusCode != 200 || !strings.Contains(got, "Hello there") || s.Seen()[0].Body != chatHello {
		t.Errorf("got %d %s, recorded %+v", resp.StatusCode, got, s.Seen()[0])
	}
	resp = post(t, url+"/v1/chat/completions", chatHello, "content-encoding", "gzip")
	if got := readAll(t, resp); resp.StatusCode != 400 || !strings.Contains(got, "could not be read") {
		t.Errorf("what is no gzip: got %d %s", resp.StatusCode, got)
	}
}

func TestModels(t *testing.T) {
	_, url := start(t)
	if got := readAll(t, get(t, url+"/v1/models")); !strings.Contains(got, `"id":"gpt-4o"`) {
		t.Errorf("models: %s", got)
	}
}

// FuzzPieces checks that a streamed text is the text, in as many pieces as
// were asked for.
func FuzzPieces(f *testing.F) {
	f.Add("You said: Hello there", 3)
	f.Add("", 1)
	f.Add("naïve café", 40)
	f.Fuzz(func(t *testing.T, text string, n int) {
		n = max(0, n%100)
		got := pieces(text, n)
		if len(got) == 0 || n > 0 && len(got) != n {
			t.Errorf("%d pieces, want %d", len(got), n)
		}
		want := text
		if n > 0 {
			want = string([]rune(text)) // invalid bytes become U+FFFD, as in JSON
		}
		if joined := strings.Join(got, ""); joined != want {
			t.Errorf("%q in %d became %q", text, n, joined)
		}
	})
}
