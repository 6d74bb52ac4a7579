package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestLint(t *testing.T) {
	const hash = "6ca13d52ca70c883e0f0bb101e425a89e8624de51db2d2392593af6a84118090"
	for _, c := range []struct {
		name, yaml string
		want       result // out as printed without -json; FILE stands for the file
	}{
		{"fine", "auth: {default: public}\n", result{"FILE: ok: 0 keys, 0 limits, 0 breakers, policy f012d79e5021\n", "", 0}},
		{"empty", "", result{"FILE: ok: 0 keys, 0 limits, 0 breakers, policy ca3d163bab05\n",
			"FILE: warning: auth.keys: no keys, so every request that needs one is refused: add keys (\"sparkctl key new\" makes one), or set auth.default: public to let anyone call\n", 0}},
		{"comments only", "# nothing yet\n", result{"FILE: ok: 0 keys, 0 limits, 0 breakers, policy ca3d163bab05\n", "FILE: warning: auth.keys: no keys...", 0}},
		{"wrong value", "limits:\n  - name: a\n    requests: 60/1m\n  - name: b\n    requests: fast\n", result{"",
			"FILE:5: limits[1].requests: got \"fast\", want \"<count>/<period>\", for example \"60/1m\"\n", 1}},
		{"several", "mode: on\nauth:\n  kyes: []\n  headers:\n  - X-Key\nbreakers:\n- {}\n", result{"",
			"FILE:1: mode: got \"on\", want enforce, shadow or off\n" +
				"FILE:3: auth.kyes: unknown field, did you mean \"keys\"?\n" +
				"FILE:5: auth.headers[0]: got \"X-Key\", want lower case: \"x-key\"\n" +
				"FILE:7: breakers[0].cluster: missing: add it, for example cluster: \"openai\"\n", 1}},
		{"given twice", "mode: off\nsize:\n  max_depth: 32\nmode: enforce\n", result{"", "FILE:4: mode: given twice: remove one of the two\n", 1}},
		{"strange names", "size:\n  a b: 1\n  \"\\u0001\": 2\n", result{"",
			"FILE:2: size[\"a b\"]: unknown field: remove it...", 1}},
		{"unquoted number", "auth:\n  keys:\n  - user: 007\n    sha256: " + hash + "\n", result{"", "FILE:3: auth.keys[0].user: got 7, want a name in quotes\n", 1}},
		{"unquoted yes", "auth:\n  keys:\n  - user: yes\n    sha256: " + hash + "\n", result{"FILE: ok: 1 keys...", "", 0}},
		{"unquoted time", "auth:\n  keys:\n  - user: a\n    sha256: " + hash + "\n    not_after: 2027-01-01T00:00:00Z\n", result{"FILE: ok: 1 keys...", "", 0}},
		{"other numbers", "size: {max_body_bytes: 0x10_0000, max_depth: 0o40, max_texts: 1e3}\nauth: {default: public}\n", result{"FILE: ok...", "", 0}},
		{"same key twice", "auth:\n  keys:\n  - {user: a, sha256: " + hash + "}\n  - {user: b, sha256: " + hash + "}\n", result{"",
			"FILE:4: auth.keys[1].sha256: the same key as auth.keys[0]: remove one of the two\n", 1}},
		{"alias", "limits:\n- &a {name: a, requests: 1/1s}\n- *a\n", result{"", "FILE:2: limits[1].name: got \"a\", want a name that limits[0] does not have\n", 1}},
		{"merge", "a: &a {mode: off}\n<<: *a\n", result{"", "FILE:2: merge keys (<<) are not supported: write the fields out\n", 1}},
		{"two documents", "mode: off\n---\nmode: enforce\n", result{"", "FILE:2: a second document begins here: keep one policy in a file\n", 1}},
		{"list", "- a\n", result{"", "FILE:1: policy: got a list, want an object\n", 1}},
		{"text", "hello\n", result{"", "FILE:1: policy: got a text, want an object\n", 1}},
		{"name is a list", "[a]: b\n", result{"", "FILE:1: a field's name must be a plain word\n", 1}},
		{"tag", "mode: !secret off\n", result{"", "FILE:1: the tag !secret is not supported: remove it\n", 1}},
		{"binary", "mode: !!binary b2Zm\n", result{"", "FILE:1: the tag !!binary is not supported: remove it\n", 1}},
		{"infinity", "size: {max_depth: .inf}\n", result{"", "FILE:1: .inf is not a number that JSON has\n", 1}},
		{"huge number", "size: {max_depth: 99999999999999999999}\n", result{"", "FILE:1: size.max_depth: got 1e+20, want a whole number from 8 to 256\n", 1}},
		{"broken", "mode: off\n  size: 1\n", result{"", "FILE:2: broken YAML: mapping values are not allowed in this context\n", 1}},
		{"tab", "size:\n\tmax_depth: 9\n", result{"", "FILE:2: broken YAML: found character that cannot start any token\n", 1}},
		{"unclosed", "auth: {default: [\n", result{"", "FILE:1: broken YAML: did not find expected node content\n", 1}},
		{"unknown alias", "mode: *gone\n", result{"", "FILE:1: broken YAML: unknown anchor 'gone' referenced\n", 1}},
		{"json", `{"auth": {"default": "public"}}`, result{"FILE: ok: 0 keys, 0 limits, 0 breakers, policy f012d79e5021\n", "", 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := file(t, "policy.yaml", c.yaml)
			got := sparkctl("", "lint", path)
			if got.status != c.want.status || !same(got.out, c.want.out, path) || !same(got.err, c.want.err, path) {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// same compares a text with what is wanted, in which FILE stands for path and
// "..." at the end for anything.
func same(got, want, path string) bool {
	want = strings.ReplaceAll(want, "FILE", path)
	if begin, ok := strings.CutSuffix(want, "..."); ok {
		return strings.HasPrefix(got, begin)
	}
	return got == want
}

func TestLintStandardInput(t *testing.T) {
	got := sparkctl("mode: of\n", "lint", "-")
	if got.status != 1 || got.err != "-:1: mode: got \"of\", want enforce, shadow or off\n" {
		t.Errorf("%+v", got)
	}
}

// TestLintJSON: what is printed is JSON with the policy's fields in their order,
// and lint says of it what it says of the policy, its name included.
func TestLintJSON(t *testing.T) {
	shipped := "../../envoy/policy.yaml"
	got := sparkctl("", "lint", "-json", shipped)
	if got.status != 0 || got.err != "" || !json.Valid([]byte(got.out)) {
		t.Fatalf("%+v", got)
	}
	if auth, limits := strings.Index(got.out, `"auth"`), strings.Index(got.out, `"limits"`); auth < 0 || limits < auth {
		t.Errorf("the order is not the file's: %s", got.out)
	}
	again := sparkctl(got.out, "lint", "-json", "-")
	if again.out != got.out {
		t.Errorf("linted again it is another:\n%s", again.out)
	}
	words := func(r result) string { _, after, _ := strings.Cut(r.out, ": "); return after }
	if a, b := sparkctl("", "lint", shipped), sparkctl(got.out, "lint", "-"); words(a) != words(b) || a.status != 0 {
		t.Errorf("%+v\n%+v", a, b)
	}
}

// TestAliasBomb: aliases of aliases do not make much out of little.
func TestAliasBomb(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for name := 'b'; name < 'i'; name++ {
		item := "*" + string(name-1) + ", "
		bomb += string(name) + ": &" + string(name) + " [" + strings.Repeat(item, 9) + item[:2] + "]\n"
	}
	got := sparkctl(bomb, "lint", "-")
	if got.status != 1 || got.err != "-:1: aliases stand for more than 100000 values: write them out\n" {
		t.Errorf("%.300s", got.err)
	}
}

func TestDeepYAML(t *testing.T) {
	got := sparkctl(strings.Repeat("[", 300)+strings.Repeat("]", 300), "lint", "-")
	if got.status != 1 || got.err != "-:1: nested more than 100 deep\n" {
		t.Errorf("%+v", got)
	}
}

// FuzzYAML: any bytes give JSON or an error with a line, never a panic, and JSON
// that is JSON already keeps its meaning.
func FuzzYAML(f *testing.F) {
	for _, s := range []string{"a: 1\n", "- [x, {y: ~}]\n", "a: &x [1]\nb: *x\n", "? a\n: b\n", "a: |\n  text\n", "!!map {a: b}", "\xff", "a: 2001-01-01", `{"a": [1e3, "\u00e9", null]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		doc, err := fromYAML(in)
		if err != nil {
			if line, _, ok := strings.Cut(err.Error(), ": "); !ok || strings.Trim(line, "0123456789") != "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: the error does not begin with a line: %v", in, err)
			}
			return
		}
		if !json.Valid(doc.json) {
			t.Errorf("%q gave %q, which is not JSON", in, doc.json)
		}
		for path, n := range doc.lines {
			if n < 1 {
				t.Errorf("%q: %s is on line %d", in, path, n)
			}
		}
	})
}

// TestShippedExamplesLint: every policy in envoy/ is one.
func TestShippedExamplesLint(t *testing.T) {
	files, err := filepath.Glob("../../envoy/*policy*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no policy in envoy/")
	}
	for _, f := range files {
		if got := sparkctl("", "lint", f); got.status != 0 || got.err != "" {
			t.Errorf("%+v", got)
		}
	}
}
