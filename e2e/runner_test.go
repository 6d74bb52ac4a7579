package e2e

import (
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/e2e/provider"
	"github.com/sparkward/sparkward/e2e/script"
	"github.com/sparkward/sparkward/e2e/wire"
)

func TestParseRequest(t *testing.T) {
	r, err := parseRequest([]string{"POST /a?b", "x: 1", "+ x: 2", "empty:", "h: %{2 * ab}", "", "one", "", "%{hex 00ff}"})
	if err != nil {
		t.Fatal(err)
	}
	want := wire.Request{Method: "POST", Target: "/a?b", Body: "one\n\n\x00\xff",
		Header: [][2]string{{"x", "1"}, {"x", "2"}, {"empty", ""}, {"h", "abab"}}}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("\n got %+v\nwant %+v", r, want)
	}
	for _, bad := range []struct{ block, want string }{
		{"", "want a block"},
		{"POST", "want a method and a path"},
		{"POST /a\nno colon here", "header line"},
		{"POST /a\n- x", "has no such header"},
		{"POST /a\nx: %{x}", "want sha256"},
		{"POST /a\n\n%{hex zz}", "%{hex zz}"},
		{"POST /a\n\n%{99999999999 * x}", "up to 64 MiB"},
		{"POST /a\n\n%{-1 * x}", "up to 64 MiB"},
	} {
		var block []string
		if bad.block != "" {
			block = strings.Split(bad.block, "\n")
		}
		if _, err := parseRequest(block); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q: got %v, want %q", bad.block, err, bad.want)
		}
	}
}

func TestDelivery(t *testing.T) {
	s := &scenario{requests: map[string]wire.Request{"a": {Method: "GET", Target: "/", Header: [][2]string{{"x", "1"}}}}}
	d, err := s.delivery(script.Step{Words: strings.Fields("a h2 times=5 connections=2 pieces=3 trailer=t:v hangup=body brief show=z"),
		Block: []string{"- x", "y: 2", "", "body"}})
	if err != nil {
		t.Fatal(err)
	}
	want := delivery{http2: true, times: 5, connections: 2, brief: true, show: "z", Request: wire.Request{
		Method: "GET", Target: "/", Header: [][2]string{{"y", "2"}}, Body: "body", Pieces: 3,
		Trailer: [][2]string{{"t", "v"}}, HangUp: wire.InBody}}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("\n got %+v\nwant %+v", d, want)
	}
	if kept := s.requests["a"]; len(kept.Header) != 1 || kept.Body != "" {
		t.Errorf("the named request changed: %+v", kept)
	}
	for _, bad := range []struct{ words, want string }{
		{"b", `no request is called "b"`},
		{"a nonsense", "no option"},
		{"a times=0", "above 0"},
		{"a hangup=now", "want headers or body or waiting"},
		{"a await=me", "want upstream"},
	} {
		if _, err := s.delivery(script.Step{Words: strings.Fields(bad.words)}); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s: got %v, want %q", bad.words, err, bad.want)
		}
	}
}

func TestAnswerShow(t *testing.T) {
	const id = "11111111-2222-3333-4444-555555555555"
	secured := http.Header{"Date": {"now"}, "B": {"2", "1"}, "X-Request-Id": {id}}
	for name, value := range securityHeaders {
		secured.Set(name, value)
	}
	insecure := secured.Clone()
	insecure.Set("X-Frame-Options", "ALLOW")
	tests := []struct {
		name string
		a    answer
		d    delivery
		want []string
	}{
		{"collapsed", answer{status: 200, header: secured, body: `{"id":"` + id + `"}`}, delivery{},
			[]string{"200", "(security headers)", "b: 2", "b: 1", "x-request-id: <id>", "", `{"id":"<id>"}`}},
		{"no body", answer{status: 204, header: http.Header{}}, delivery{}, []string{"204"}},
		{"host's text", answer{status: 503, header: http.Header{"Content-Type": {"text/plain"}}, body: "reset"}, delivery{},
			[]string{"503", "content-type: text/plain", "", "(the host's own text)"}},
		{"cut", answer{status: 200, header: http.Header{}, body: "half", cut: true}, delivery{}, []string{"200", "", "(cut)"}},
		{"chosen lines", answer{status: 200, header: http.Header{}, body: "one\ntwo\n"}, delivery{show: "w"}, []string{"200", "", "two"}},
		{"volatile", answer{status: 200, header: http.Header{}, body: `{"uptime_seconds":17,"version":"1.2","keys":3}`}, delivery{},
			[]string{"200", "", `{"uptime_seconds":<n>,"version":<n>,"keys":3}`}},
		{"brief", answer{status: 429, body: `{"error":{"type":"t","code":"c"}}`}, delivery{brief: true}, []string{"429 c"}},
		{"brief without code", answer{status: 429, body: `{"error":{"type":"t","code":null}}`}, delivery{brief: true}, []string{"429 t"}},
		{"brief Gemini", answer{status: 429, body: `{"error":{"code":429,"status":"S"}}`}, delivery{brief: true}, []string{"429 S"}},
		{"brief cut", answer{status: 200, cut: true}, delivery{brief: true}, []string{"200 (cut)"}},
		{"closed", answer{}, delivery{}, []string{"(closed without an answer)"}},
		{"hung up", answer{hungUp: true}, delivery{}, []string{"(hung up)"}},
	}
	for _, tt := range tests {
		if got := tt.a.show(tt.d); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
	if got := (answer{status: 200, header: insecure}).show(delivery{}); strings.Contains(strings.Join(got, "\n"), "(security headers)") ||
		!strings.Contains(strings.Join(got, "\n"), "x-frame-options: ALLOW") {
		t.Errorf("a wrong security header is hidden: %q", got)
	}
}

func TestForgive(t *testing.T) {
	tests := []struct {
		want, got string
		ok        bool
	}{
		{"retry-after: 10", "retry-after: 10", true},
		{"retry-after: 10", "retry-after: 8", true},
		{"retry-after: 10", "retry-after: 6", false},
		{"retry-after: 10", "retry-after: 11", false},
		{"retry-after: 2", "retry-after: 0", false},
		{"x-ratelimit-reset: 60", "x-ratelimit-reset: 59", true},
		{"x-ratelimit-limit: 60", "x-ratelimit-limit: 59", false},
		{`ratelimit: "a";r=3;t=60`, `ratelimit: "a";r=3;t=58`, true},
		{`ratelimit: "a";r=3;t=60`, `ratelimit: "a";r=2;t=58`, false},
		{`{"message":"try again in 30 s"}`, `{"message":"try again in 29 s"}`, true},
		{`{"message":"wait 30 s"}`, `{"message":"wait 29 s"}`, false},
		{"200", "503", false},
	}
	for _, tt := range tests {
		got := forgive([]string{tt.want}, []string{tt.got})[0]
		if (got == tt.want) != tt.ok && tt.want != tt.got {
			t.Errorf("want %q, got %q: became %q", tt.want, tt.got, got)
		}
	}
	if got := forgive([]string{"a"}, []string{"a", "b"}); len(got) != 2 {
		t.Errorf("another number of lines became %q", got)
	}
}

func TestCounted(t *testing.T) {
	if got := counted([]string{"a", "a", "b", "a"}); !reflect.DeepEqual(got, []string{"2 × a", "b", "a"}) {
		t.Errorf("%q", got)
	}
	if got := counted(nil); !reflect.DeepEqual(got, []string{"(nothing)"}) {
		t.Errorf("%q", got)
	}
}

func TestShorten(t *testing.T) {
	if got := shorten(strings.Repeat("x", longest)); len(got) != longest {
		t.Errorf("a line of %d bytes became %d", longest, len(got))
	}
	long := strings.Repeat("ä", longest)
	got := shorten(long)
	if !strings.Contains(got, "(2400 bytes)") || len(got) > 300 || strings.Contains(got, "\uFFFD") {
		t.Errorf("%q", got)
	}
}

func TestSeenLines(t *testing.T) {
	got := seenLines(provider.Seen{Method: "POST", Path: "/a", Body: "x\ny",
		Header: http.Header{"B": {"1", "2"}, "A": {"3"}, "X-Request-Id": {"r"}, "Content-Length": {"3"}}})
	if want := []string{"POST /a", "a: 3", "b: 1", "b: 2", "", "x", "y"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReadEvent(t *testing.T) {
	r := strings.NewReader("data: 1\n\nevent: x\ndata: 2\n\nrest")
	for _, want := range []string{"data: 1\n\n", "event: x\ndata: 2\n\n"} {
		if got, err := readEvent(r); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if got, err := readEvent(r); got != "rest" || err == nil {
		t.Errorf("an event without an end: %q, %v", got, err)
	}
}

func TestCutLogPrefix(t *testing.T) {
	tests := []struct {
		line, text string
		found      bool
	}{
		{"[x] wasm log sparkward sparkward vm1: a: b", "a: b", true},
		{"[x] wasm log sparkward sparkward vm2: a", "a", false},
		{"[x] something else vm1: a", "a", false},
	}
	for _, tt := range tests {
		if text, found := cutLogPrefix(tt.line, "vm1"); found != tt.found || found && text != tt.text {
			t.Errorf("%q: got %q, %v", tt.line, text, found)
		}
	}
}

// TestBadFiles shows that a scenario which proves nothing is an error.
func TestBadFiles(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "no steps"},
		{"comment alone", "# title\n", "no steps"},
		{"never started", "# t\npolicy\n  mode: shadow\n", "nothing was started"},
		{"unknown step", "# t\nfrobnicate\n", "line 2: frobnicate: no such step"},
		{"block where none belongs", "# t\nadvance 1s\n  x: y\n", "takes no block"},
		{"unknown option", "# t\nenvoy nonsense\n", "line 2: envoy: want request_body_buffer_limit"},
		{"bad number", "# t\nworkers many\n", "whole number above 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target, err := newSimTarget()
			if err != nil {
				t.Fatal(err)
			}
			defer target.close()
			if _, _, err := play(t.Context(), target, "bad", tt.text, 1); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestDifferencesAreSeen plays a scenario whose transcript is wrong in each of
// its lines, and wants each of them told.
func TestDifferencesAreSeen(t *testing.T) {
	target, err := newSimTarget()
	if err != nil {
		t.Fatal(err)
	}
	defer target.close()
	const wrong = "# t\nsend brief\n  GET /v1/models\n< 200\nupstream arrivals\n< 1\naudit\n< {}\n"
	got, _, err := play(t.Context(), target, "wrong", wrong, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("< 200", "< 401 missing_api_key", "< 1\n", "< 0\n",
		"< {}", `< {"decision":"refused","reason":"missing_api_key","address":"127.0.0.1","api":"none"}`).Replace(wrong)
	if got != want {
		t.Error(script.Diff(want, got))
	}
}

func TestMissingEnvoyIsAnError(t *testing.T) {
	t.Setenv("ENVOY", "/nowhere/envoy")
	if _, err := newEnvoyTarget(); err == nil || !strings.Contains(err.Error(), "run make tools") {
		t.Errorf("got %v", err)
	}
}

func TestMissingArtefactIsAnError(t *testing.T) {
	for name, want := range map[string]string{"nothing": "run make build", "nothing-test.wasm": "run make build/nothing-test.wasm"} {
		if _, err := artefact(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestBootstrapOfShippedConfiguration(t *testing.T) {
	text, err := os.ReadFile("../envoy/envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b, err := parseBootstrap(text)
	if err != nil {
		t.Fatal(err)
	}
	b.name("me")
	b.configure(`{"mode":"off"}`)
	p, h, err := b.view()
	if err != nil {
		t.Fatal(err)
	}
	if p.VM.ID != "me" || p.Configuration.Value != `{"mode":"off"}` || !p.StopOnHeaders || p.FailurePolicy != "FAIL_RELOAD" ||
		h.BodyLimit <= 1<<20 || len(h.Routes) != 5 || len(b.capabilities()) < 30 {
		t.Errorf("read plugin %q with %s, body limit %d, %d routes, %d capabilities",
			p.VM.ID, p.Configuration.Value, h.BodyLimit, len(h.Routes), len(b.capabilities()))
	}
}

func TestParseBootstrapErrors(t *testing.T) {
	const filter = `{name: w, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm}}`
	for _, tt := range []struct{ text, want string }{
		{"a: [", "yaml"},
		{"{}", "no listener"},
		{"static_resources: {listeners: [{}, {}]}", "no listener"},
		{"static_resources: {listeners: [{address: {}}, {address: {}}]}", "two listeners"},
		{"static_resources: {listeners: [{address: {}, name: a}]}", "0 wasm filters"},
		{"static_resources: {listeners: [{address: {}, f: [" + filter + "]}]}", "no config"},
		{"static_resources: {listeners: [{address: {}, f: [" + filter + ", " + filter + "]}]}", "2 wasm filters"},
	} {
		if _, err := parseBootstrap([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.text, err, tt.want)
		}
	}
}
