package llm

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// found is a string of a body as encoding/json sees it.
type found struct {
	value, path string
	key         bool
	written     int // bytes of a key as it is written, escapes and all
}

// reference walks body with encoding/json and returns all its strings, keys
// included, in order, and how deep it nests. ok is false when it is not JSON.
func reference(body []byte) (all []found, depth int, ok bool) {
	if !json.Valid(body) {
		return nil, 0, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	r := &referee{d: d, body: body}
	if err := r.value("", 0); err != nil && err != io.EOF {
		return nil, 0, false
	}
	return r.all, r.depth, true
}

type referee struct {
	d     *json.Decoder
	body  []byte
	all   []found
	depth int
}

func (r *referee) value(path string, depth int) error {
	r.depth = max(r.depth, depth)
	token, err := r.d.Token()
	if err != nil {
		return err
	}
	switch x := token.(type) {
	case string:
		r.all = append(r.all, found{value: x, path: path})
	case json.Delim:
		for i := 0; r.d.More(); i++ {
			at := path + "[" + strconv.Itoa(i) + "]"
			if x == '{' {
				before := r.d.InputOffset()
				key, err := r.d.Token()
				if err != nil {
					return err
				}
				_, literal, _ := bytes.Cut(r.body[before:r.d.InputOffset()], []byte{'"'})
				if at = path; key != "" {
					at = strings.TrimPrefix(path+"."+string(shown([]byte(key.(string)))), ".")
				}
				r.all = append(r.all, found{key.(string), at, true, len(literal) - 1})
			}
			if err := r.value(at, depth+1); err != nil {
				return err
			}
		}
		r.depth = max(r.depth, depth+1)
		_, err = r.d.Token()
	}
	return err
}

var seeds = []string{
	`{"model":"gpt-4o","messages":[{"role":"user","content":"Hello \ud83d\ude00 \u00e9"}],"stream":true,"max_tokens":7}`,
	`{"messages":[{"content":[{"type":"text","text":"a b"},{"image_url":{"url":"data:image/png;base64,AAAA"}}],"role":"tool"}]}`,
	`{"system":[{"text":"s"}],"messages":[{"role":"user","content":[{"type":"tool_result","content":"t"},{"source":{"type":"text","data":"d d"}}]}]}`,
	`{"contents":[{"parts":[{"inlineData":{"mimeType":"text/plain","data":"SGVsbG8gdGhlcmU="}},{"functionResponse":{"response":{"a":"b c"}}}]}]}`,
	`{"messages":[{"role":"a b","Role":"x","content":{"why":"not this"}}],"n":2,"model":"two words"}`,
	`[1,-2.5e+3,true,null,"\\\"",[],{},{"a":{"b":["c"]}}]`, `{"a":1,"a":2}`, `"\ud800"`, "\"\xff\"", `{"a":"data:text/plain;base64,SGVsbG8="}`,
	`{"input":["a b",{"type":"function_call_output","output":"o o"}],"instructions":"i i"}`,
}

func addSeeds(f *testing.F) {
	for _, s := range seeds {
		for api := range numAPIs {
			f.Add([]byte(s), byte(api))
		}
	}
}

// FuzzParseAny checks the reading of unknown JSON against encoding/json: the
// same bodies are taken, but for lone surrogates and bytes that are no UTF-8, and
// the same strings come out at the same places.
func FuzzParseAny(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, body []byte, _ byte) {
		want, depth, sound := reference(body)
		req := new(Request)
		err := Parse(Other, "application/json", body, Limits{Texts: 1 << 20, Depth: maxDepth}, req)
		if err != nil {
			replaced := false // encoding/json writes U+FFFD for what Parse refuses
			for _, w := range want {
				replaced = replaced || strings.ContainsRune(w.value, utf8.RuneError)
			}
			if sound && utf8.Valid(body) && depth <= maxDepth && !replaced {
				t.Fatalf("Parse(%q): %v, but encoding/json takes it", body, err)
			}
			return
		}
		if !sound {
			if !bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) {
				t.Fatalf("Parse takes %q, encoding/json does not", body)
			}
			return
		}
		checkRanges(t, body, req)
		compare(t, want, req)
	})
}

// compare checks that req holds the strings of want, in order, except for files, which
// come out decoded or not at all.
func compare(t *testing.T, want []found, req *Request) {
	t.Helper()
	i := 0
	for _, w := range want {
		if w.value == "" || w.key && w.written < minKey {
			continue
		}
		if i < len(req.Texts) && string(req.Texts[i].Value) == w.value && req.Texts[i].form == jsonString {
			if got := strings.Replace(req.Texts[i].Path.String(), "body", "", 1); got != w.path && len(w.path) <= maxPath {
				t.Fatalf("text %q: path %q, want %q", w.value, got, w.path)
			}
			i++
			continue
		}
		if _, data, ok := cutDataURL([]byte(w.value)); !(ok || isMedium(data)) || !isBase64(data) {
			t.Fatalf("text %d: %q is missing", i, w.value)
		}
		if i < len(req.Texts) && req.Texts[i].form == jsonBase64 {
			i++
		}
	}
	if i != len(req.Texts) {
		t.Fatalf("%d texts that encoding/json does not see, first %q", len(req.Texts)-i, req.Texts[i].Value)
	}
}

// checkRanges checks that each text stands where it says.
func checkRanges(t *testing.T, body []byte, req *Request) {
	t.Helper()
	for _, x := range req.Texts {
		if len(x.Value) == 0 || !utf8.Valid(x.Value) {
			t.Fatalf("text at %d is empty or not UTF-8: %q", x.Start, x.Value)
		}
		var s string
		if err := json.Unmarshal(body[x.Start:x.End], &s); err != nil {
			t.Fatalf("[%d:%d] is no string literal: %q", x.Start, x.End, body[x.Start:x.End])
		}
		if x.form == jsonString && s != string(x.Value) {
			t.Fatalf("[%d:%d] is %q, want %q", x.Start, x.End, s, x.Value)
		}
	}
}

// FuzzParseHidesNothing checks for every API that a body that is taken has no
// string in words that is not yielded, wherever it stands.
func FuzzParseHidesNothing(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, body []byte, api byte) {
		req := new(Request)
		if Parse(API(api%byte(numAPIs)), "application/json", body, Limits{}, req) != nil {
			return
		}
		checkRanges(t, body, req)
		want, _, _ := reference(body)
		yielded := make(map[string]bool)
		for _, x := range req.Texts {
			if x.Role >= numRoles {
				t.Fatalf("text %q has no role", x.Value)
			}
			yielded[string(x.Value)] = true
		}
		for _, w := range want {
			words := strings.ContainsAny(w.value, " \t") || len(w.value) > maxAddress
			if words && !w.key && !yielded[w.value] && !isFile(w.value) {
				t.Fatalf("%v hides %q", API(api%byte(numAPIs)), w.value)
			}
		}
	})
}

// isFile reports whether s is base64, alone or in a data URL.
func isFile(s string) bool {
	_, data, _ := cutDataURL([]byte(s))
	return isBase64(data)
}

// FuzzParseText checks bodies that are no JSON: no panic, and what is taken is
// yielded or counted.
func FuzzParseText(f *testing.F) {
	for _, kind := range []string{"", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded",
		"application/x-ndjson", "multipart/form-data; boundary=x", "application/json; charset=utf-8; a=\"b\""} {
		f.Add(kind, []byte(`a=b%20c&d=%zz`))
		f.Add(kind, []byte("--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--x--"))
		f.Add(kind, []byte(`{"a":"b"}`+"\n"+`{"c":"d"}`))
		f.Add(kind, []byte("h\x00i\x00"))
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		req := new(Request)
		if Parse(Other, kind, body, Limits{}, req) != nil {
			return
		}
		for _, x := range req.Texts {
			if x.Start < 0 || x.Start >= x.End || x.End > len(body) || !utf8.Valid(x.Value) || x.Path.String() == "" {
				t.Fatalf("bad text %q at [%d:%d] of %q", x.Value, x.Start, x.End, body)
			}
		}
		if len(bytes.TrimSpace(body)) > 4*minKey && len(req.Texts)+req.Media == 0 && utf8.Valid(body) && !bytes.ContainsAny(body, `&=:[{"0-`) {
			t.Fatalf("%q as %q has no text", body, kind)
		}
	})
}

// FuzzChatRoles compares roles with what two kinds of servers see in a chat: one
// that decodes into structs and ignores the case of keys, as Go's do, and one
// that decodes into maps and keeps the last of equal keys, as Python's do.
func FuzzChatRoles(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Add([]byte(`{"messages":[{"Role":"user","role":"system","content":"a b"}]}`))
	f.Add([]byte(`{"messages":[{"role":"system","content":"a b","rol\u0065":"user"}]}`))
	f.Add([]byte(`{"messages":[{"role":"system","content":"a b"}],"me\u017f\u017fages":[{"role":"user","content":"a b"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		req := new(Request)
		if Parse(OpenAIChat, "", body, Limits{}, req) != nil {
			return
		}
		seen := make(map[string]bool)
		for _, x := range req.Texts {
			seen[x.Role.String()+" "+string(x.Value)] = true
		}
		type turn struct {
			Role    string
			Content any
		}
		var structs struct{ Messages []turn }
		if json.Unmarshal(body, &structs) != nil {
			return
		}
		var maps struct{ Messages []map[string]any }
		_ = json.Unmarshal(body, &maps)
		for _, m := range maps.Messages {
			role, _ := m["role"].(string)
			structs.Messages = append(structs.Messages, turn{role, m["content"]})
		}
		for _, m := range structs.Messages {
			role, _ := roleOf([]byte(m.Role))
			if text, ok := m.Content.(string); ok && text != "" && !seen[role.String()+" "+text] {
				t.Fatalf("a server sees %q by %v in %q, Parse found %v", text, role, body, seen)
			}
		}
	})
}
