package localreply

import (
	"strings"
	"testing"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// What rewriting does is held against Envoy by testdata/diff/local_reply_*.txt. Here
// is what is refused, so that nothing is played in another way than Envoy would.

const anyStatus = `{"status_code_filter": {"comparison": {"op": "GE", "value": {"default_value": 0, "runtime_key": "none"}}}}`

func TestParseRefuses(t *testing.T) {
	mapper := func(rest string) string { return `{"mappers": [{"filter": ` + anyStatus + `, ` + rest + `}]}` }
	filter := func(f string) string { return `{"mappers": [{"filter": ` + f + `}]}` }
	for text, want := range map[string]string{
		`{`:                                  "local_reply_config: unexpected EOF",
		`{"mapper": []}`:                     `unknown field "mapper"`,
		`{"mappers": [{}]}`:                  "mappers[0]: a filter is missing",
		filter(`{}`):                         "filter: its kind is missing",
		filter(`{"not_a": {}}`):              `unknown field "not_a"`,
		`{"body_format": {}}`:                "body_format: a text_format, text_format_source or json_format is missing",
		mapper(`"status": 1`):                `unknown field "status"`,
		mapper(`"body": {"filename": "/x"}`): `unknown field "filename"`,
		mapper(`"headers_to_add": [{"header": {"key": "a", "value": "%HOSTNAME%"}}]`):                  "headers_to_add: a: %HOSTNAME%: hostsim does not know this operator",
		mapper(`"headers_to_add": [{"header": {"key": "a"}, "append_action": "SOMETIMES"}]`):           `append_action "SOMETIMES" is not known`,
		mapper(`"body_format_override": {"text_format": "a%REQ(B)"}`):                                  "%REQ(B)%: hostsim does not know",
		mapper(`"body_format_override": {"text_format": "%REQ%"}`):                                     "%REQ%: hostsim does not know",
		mapper(`"body_format_override": {"text_format": "%PROTOCOL(A)%"}`):                             "%PROTOCOL(A)%: hostsim does not know",
		mapper(`"body_format_override": {"json_format": {"a": {"b": ["%REQ(A?B)%"]}}}`):                "body_format_override: a: b: %REQ(A?B)%: hostsim does not know",
		filter(`{"and_filter": {"filters": [` + anyStatus + `, {}]}}`):                                 "filter: its kind is missing",
		filter(`{"status_code_filter": {"comparison": {"op": "GT"}}}`):                                 `the comparison "GT" is not known`,
		filter(`{"extension_filter": {"typed_config": {"expression": "request.path == '/'"}}}`):        `"request.path == '/'": hostsim has no CEL`,
		filter(`{"extension_filter": {"typed_config": {"expression": "response.code_details == 1"}}}`): "hostsim has no CEL",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestRewriteKeeps: rules that fit nothing leave an answer as it is, and what a
// caller handed in is not changed behind its back.
func TestRewriteKeeps(t *testing.T) {
	rules, err := Parse([]byte(`{"mappers": [{"filter": {"header_filter": {"header": {"name": "a", "present_match": true}}}, "status_code": 599}]}`))
	if err != nil {
		t.Fatal(err)
	}
	reply := Reply{Status: 404, Body: "no", Headers: []header.Field{{Name: "x", Value: "y"}}}
	rules.Rewrite(&reply, View{Flags: "-"})
	if reply.Status != 404 || reply.Body != "no" || len(reply.Headers) != 1 {
		t.Errorf("%+v", reply)
	}
}

// FuzzRewrite: any configuration is refused or works, whatever it is asked about.
func FuzzRewrite(f *testing.F) {
	f.Add([]byte(`{"mappers": [{"filter": `+anyStatus+`, "body_format_override": {"json_format": {"a": "%REQ(A)% %%"}}}]}`), "a", "b", 404)
	f.Add([]byte(`{"body_format": {"text_format": "%LOCAL_REPLY_BODY%"}}`), "\xff", "", 0)
	f.Fuzz(func(t *testing.T, config []byte, name, value string, status int) {
		rules, err := Parse(config)
		if err != nil {
			return
		}
		request := header.New(header.Request)
		request.Add(strings.ToLower(name), value)
		for _, v := range []View{{Flags: "-"}, {Flags: "UF,NR", Details: value, HasDetails: true, Request: request}} {
			reply := Reply{Status: status, Body: value, Headers: []header.Field{{Name: name, Value: value}}}
			rules.Rewrite(&reply, v)
		}
	})
}
