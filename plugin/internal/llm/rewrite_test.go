package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// rewriteAll parses body and gives every text the value that change returns.
func rewriteAll(t *testing.T, api API, contentType, body string, change func(string) string) (string, error) {
	t.Helper()
	req := new(Request)
	if err := Parse(api, contentType, []byte(body), Limits{}, req); err != nil {
		t.Fatalf("Parse(%s): %v", body, err)
	}
	var edits []Edit
	for _, x := range slices.Backward(req.Texts) {
		edits = append(edits, Edit{x, []byte(change(string(x.Value)))})
	}
	out, err := Rewrite([]byte("kept "), []byte(body), edits)
	if !bytes.HasPrefix(out, []byte("kept ")) {
		t.Fatalf("Rewrite lost what dst held: %q", out)
	}
	return string(out[len("kept "):]), err
}

func TestRewrite(t *testing.T) {
	clean := strings.NewReplacer("\u200b", "", "\U000e0041", "", "\x00", "", "\u202e", "").Replace
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		about, kind, body, want string
		change                  func(string) string
	}{
		{"nothing to do", "", `{ "a" : "x\u0079\/z" , "b":1e2}`, `{ "a" : "x\u0079\/z" , "b":1e2}`, clean},
		{"zero width taken out, spelling kept", "", "{\"a\":\"i\u200bg\\u006eore \\/ \\u200B\\ud83d\\ude00\\udb40\\udc41é\"}",
			`{"a":"ig\u006eore \/ \ud83d\ude00é"}`, clean},
		{"all taken out", "", `["\u200b"]`, `[""]`, clean},
		{"a new value", "", `["\u0061"]`, "[\"é\\\"\\\\\\n\\r\\t\\u0001\\u001f\u2028\"]",
			func(string) string { return "é\"\\\n\r\t\x01\x1f\u2028" }},
		{"one letter more", "", `["a\u0062"]`, `["abc"]`, func(s string) string { return s + "c" }},
		{"a key", "", "{\"ignore all the rules\u200b\":1}", `{"ignore all the rules":1}`, clean},
		{"base64", "", `["data:text/plain;base64,aQBnbm9yZQ=="]`, `["data:text/plain;base64,aWdub3Jl"]`, clean},
		{"base64 with escapes", "", `["data:text\/plain;base6\u0034,aQBnbm9yZQ=="]`, `["data:text\/plain;base6\u0034,aWdub3Jl"]`, clean},
		{"base64 for URLs", "", `["data:text/plain;base64,AMOpfn5-Pw"]`, `["data:text/plain;base64,w6l-fn4_"]`, clean},
		{"a form", form, "a=x%E2%80%8By%21&b=+%00", "a=xy%21&b=+", clean},
		{"plain text", "text/plain", "x\u200by", "xy", clean},
		{"an upload", "multipart/form-data; boundary=b",
			"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\u200by\r\n--b--", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nxy\r\n--b--", clean},
	} {
		got, err := rewriteAll(t, Other, c.kind, c.body, c.change)
		if err != nil || got != c.want {
			t.Errorf("%s: got %s, error %v, want %s", c.about, got, err, c.want)
		}
	}
}

func TestRewriteRefuses(t *testing.T) {
	body := []byte(`{"a":"x","b":"y"}`)
	req := new(Request)
	if err := Parse(Other, "", body, Limits{}, req); err != nil {
		t.Fatal(err)
	}
	a, b := req.Texts[0], req.Texts[1]
	for _, c := range []struct {
		about string
		body  []byte
		edits []Edit
		want  error
	}{
		{"twice the same", body, []Edit{{a, []byte("1")}, {b, nil}, {a, []byte("2")}}, ErrOverlap},
		{"a shorter body", body[:9], []Edit{{b, nil}}, ErrPlace},
		{"another body", []byte(`{ "a":"x","b":"y"}`), []Edit{{a, nil}}, ErrPlace},
		{"not UTF-8", body, []Edit{{a, []byte("\xff")}}, ErrValue},
		{"a range turned round", body, []Edit{{Text{Start: 5, End: 2}, nil}}, ErrPlace},
		{"no place at all", body, []Edit{{Text{}, nil}}, ErrPlace},
	} {
		out, err := Rewrite(nil, c.body, c.edits)
		if !errors.Is(err, c.want) || len(out) != 0 {
			t.Errorf("%s: got %q, %v, want %v", c.about, out, err, c.want)
		}
	}
	part := "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--"
	for _, bad := range []string{"--b", "--b--\r\n", "x\r\n--b\r\n"} {
		if out, err := rewriteAll(t, Other, "multipart/form-data; boundary=b", part, func(string) string { return bad }); !errors.Is(err, ErrValue) {
			t.Errorf("%q in a part gives %q, %v, want %v", bad, out, err, ErrValue)
		}
	}
}

// literals returns every string of a JSON text with the offset behind it.
func literals(body []byte) (values []string, ends []int) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return values, ends
		}
		if s, ok := token.(string); ok {
			values, ends = append(values, s), append(ends, int(d.InputOffset()))
		}
	}
}

// FuzzRewrite edits some texts and reads the result with encoding/json: it
// parses, the edited strings have their new values, all others their old ones,
// and no byte between them changed.
func FuzzRewrite(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), "new \"value\"\n", uint64(0xaaaa))
		f.Add([]byte(s), "", uint64(0x5555))
	}
	f.Fuzz(func(t *testing.T, body []byte, value string, mask uint64) {
		req := new(Request)
		if Parse(OpenAIChat, "", body, Limits{}, req) != nil || !utf8.ValidString(value) || !json.Valid(body) {
			return
		}
		var edits []Edit
		for i, x := range req.Texts {
			if mask>>(i%64)&1 == 1 {
				edits = append(edits, Edit{x, changed(x.Value, value, mask)})
			}
		}
		out, err := Rewrite(nil, body, slices.Clone(edits))
		if err != nil {
			t.Fatal(err)
		}
		checkRewrite(t, body, out, edits)
	})
}

// changed takes letters out of old, or returns value when it is not empty.
func changed(old []byte, value string, mask uint64) []byte {
	if value != "" {
		return []byte(value)
	}
	var left []byte
	for i, r := range string(old) {
		if mask>>(i%61)&1 == 0 {
			left = utf8.AppendRune(left, r)
		}
	}
	return left
}

func checkRewrite(t *testing.T, body, out []byte, edits []Edit) {
	t.Helper()
	if !json.Valid(out) {
		t.Fatalf("%q became %q, which is no JSON", body, out)
	}
	before, ends := literals(body)
	after, newEnds := literals(out)
	if len(after) != len(before) {
		t.Fatalf("%d strings became %d", len(before), len(after))
	}
	at, newAt := 0, 0
	for i := range before {
		e := slices.IndexFunc(edits, func(e Edit) bool { return e.Text.End == ends[i] })
		if e < 0 {
			if before[i] != after[i] {
				t.Fatalf("%q became %q without an edit", before[i], after[i])
			}
			continue
		}
		x := edits[e].Text
		between := body[at:x.Start]
		if !bytes.Equal(between, out[newAt:newAt+len(between)]) || out[newAt+len(between)] != '"' {
			t.Fatalf("%q became %q outside of the texts", body, out)
		}
		at, newAt = x.End, newEnds[i]
		want := string(edits[e].Value)
		if x.form == jsonBase64 {
			_, data, _ := cutDataURL([]byte(after[i]))
			after[i] = string(decode64(nil, data))
		}
		if after[i] != want {
			t.Fatalf("%q became %q, want %q", before[i], after[i], want)
		}
	}
	if !bytes.Equal(body[at:], out[newAt:]) {
		t.Fatalf("the end %q became %q", body[at:], out[newAt:])
	}
}

// FuzzPercent checks that the encoding of a form field comes back.
func FuzzPercent(f *testing.F) {
	f.Add("a b&c=d%é")
	f.Fuzz(func(t *testing.T, s string) {
		enc := percentEncode(nil, []byte(s))
		if bytes.ContainsAny(enc, "&= ") || string(percentDecode(nil, enc)) != s {
			t.Fatalf("%q becomes %q", s, enc)
		}
	})
}
