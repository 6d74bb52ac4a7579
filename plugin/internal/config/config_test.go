package config

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
)

// TestEmptyPolicy says what a stranger gets who writes nothing.
func TestEmptyPolicy(t *testing.T) {
	for _, in := range []string{"", " \n", "{}", `{"auth": null, "limits": []}`} {
		c, err := Parse([]byte(in))
		if err != nil {
			t.Fatalf("Parse(%q): %v", in, err)
		}
		if c.Mode != Enforce || c.HeaderMode != Hold || c.OnError != Refuse || c.Auth.Default != Required {
			t.Errorf("Parse(%q) is not the safe policy: %+v", in, c)
		}
		if c.Auth.Ring.Len() != 0 || len(c.Auth.Locations) != 4 || len(c.Warnings) != 1 {
			t.Errorf("Parse(%q): keys %d, locations %v, warnings %q", in, c.Auth.Ring.Len(), c.Auth.Locations, c.Warnings)
		}
		if c.Size.MaxBodyBytes != 1<<20 || c.Size.MaxTextChars != 10_000 || len(c.ResponseHeaders) != len(defaultHeaders) {
			t.Errorf("Parse(%q): size %+v, headers %q", in, c.Size, c.ResponseHeaders)
		}
	}
}

func TestWarnings(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:                               "auth.keys: no keys",
		`{"auth": {"default": "public"}}`:  "",
		`{"auth": {"mtls": "uri_san"}}`:    "",
		`{"auth": {"user_header": "x-u"}}`: "",
		`{"auth": {"mode": "off"}}`:        "",
		`{"mode": "off"}`:                  "mode: off",
		`{"on_error": "allow", "auth": {"default": "optional"}}`: "on_error: allow",
	} {
		c, err := Parse([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(c.Warnings, "\n"); !strings.HasPrefix(got, want) || (got == "") != (want == "") || len(c.Warnings) > 1 {
			t.Errorf("Parse(%s): warnings %q, want one that begins with %q", in, got, want)
		}
	}
}

// TestClassWarnings: two spellings of one class are told, in either direction.
func TestClassWarnings(t *testing.T) {
	key := func(class, of string) string {
		return `{"user": "u", "class": "` + class + `", "sha256": "` + hashed(of) + `"}`
	}
	for _, c := range []struct{ keys, classes, want string }{
		{key("batch", "1"), `["batch"]`, ""},
		{key("batch", "1"), `[]`, ""},
		{key("bacth", "1"), `["batch"]`, "auth.keys[0].class: no limit names the class \"bacth\"\nlimits[0].classes[0]: no key has the class \"batch\""},
		{key("a", "1") + "," + key("b", "2") + "," + key("a", "3"), `["a"]`, "auth.keys[1].class: no limit names the class \"b\""},
		{key("a", "1"), `["a", "b"]`, "limits[0].classes[1]: no key has the class \"b\""},
	} {
		got, err := Parse([]byte(`{"auth": {"keys": [` + c.keys + `]}, "limits": [{"name": "l", "requests": "1/1s", "classes": ` + c.classes + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if w := strings.Join(got.Warnings, "\n"); w != c.want {
			t.Errorf("%s, %s: %q, want %q", c.keys, c.classes, w, c.want)
		}
	}
}

// TestKeys finds each key of a policy by its credential and by nothing else.
func TestKeys(t *testing.T) {
	c, err := Parse([]byte(`{"auth": {
		"keys": [{"user": "alice", "sha256": "` + hashed("k-alice") + `", "not_after": "2027-01-01T00:00:00Z", "labels": {"team": "x"}},
			{"user": "bob", "sha256": "` + strings.ToUpper(hashed("k-bob")) + `"}],
		"master_keys": [{"name": "ops", "sha256": "` + hashed("k-ops") + `"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	for credential, want := range map[string]apikey.Key{
		"k-alice": {User: "alice", NotAfter: now.Unix() + 1, Labels: []apikey.Label{{Name: "team", Value: "x"}}},
		"k-bob":   {User: "bob"},
		"k-ops":   {User: "ops", Master: true},
	} {
		k, err := c.Auth.Ring.Find(credential, now)
		if err != nil || k.User != want.User || k.Master != want.Master || k.NotAfter != want.NotAfter || len(k.Labels) != len(want.Labels) {
			t.Errorf("Find(%s) = %+v, %v, want %+v", credential, k, err, want)
		}
	}
	if _, err := c.Auth.Ring.Find(hashed("k-bob"), now); err == nil {
		t.Error("the hash of a key is taken for the key")
	}
	if _, err := c.Auth.Ring.Find("k-alice", now.Add(time.Second)); err == nil {
		t.Error("alice's key is good after its end")
	}
}

func hashed(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// TestHash: the name of a policy changes with its text and with nothing else.
func TestHash(t *testing.T) {
	a, _ := Parse([]byte(`{}`))
	b, _ := Parse([]byte(`{}`))
	c, _ := Parse([]byte(`{ }`))
	if a.Hash != b.Hash || a.Hash == c.Hash || a.Hash != hashed("{}")[:12] {
		t.Errorf("hashes %q, %q, %q", a.Hash, b.Hash, c.Hash)
	}
}

// TestKeepsNothingOfTheInput: the caller's buffer may be reused.
func TestKeepsNothingOfTheInput(t *testing.T) {
	in := []byte(`{"limits": [{"name": "abc", "requests": "1/1s", "paths": ["/abc"]}], "response_headers": {"x-abc": "abc"}}`)
	c, err := Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	clear(in)
	if c.Limits[0].Name != "abc" || c.Limits[0].Paths[0] != "/abc" || c.ResponseHeaders[0] != [2]string{"x-abc", "abc"} {
		t.Errorf("%+v, %q", c.Limits, c.ResponseHeaders)
	}
}

func TestTooLarge(t *testing.T) {
	_, err := Parse(make([]byte, maxPolicy+1))
	if err == nil || !strings.HasPrefix(err.Error(), "policy: got 33554433 bytes, want at most") {
		t.Errorf("got %v", err)
	}
}

// TestModes: the weaker of the policy's mode and the part's holds everywhere.
func TestModes(t *testing.T) {
	words := []string{"enforce", "shadow", "off"}
	for i, whole := range words {
		for j, part := range words {
			mode := `{"mode": "` + part + `"}`
			c, err := Parse([]byte(`{"mode": "` + whole + `", "auth": ` + mode + `, "size": ` + mode + `, "inspection": ` + mode +
				`, "limits": [{"name": "a", "requests": "1/1s", "mode": "` + part + `"}], "breakers": [{"cluster": "a", "mode": "` + part + `"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			want := Mode(max(i, j))
			for _, got := range []Mode{c.Auth.Mode, c.Size.Mode, c.Inspection.Mode, c.Limits[0].Mode, c.Breakers[0].Mode} {
				if got != want {
					t.Errorf("%s in %s gave %d, want %d", part, whole, got, want)
				}
			}
		}
	}
}

// FuzzParse: any input gives a Config or well-formed errors, never both, never
// a panic; and what is accepted is accepted by the schema too.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		``, `{}`, `{"auth": {"keys": [{"user": "a", "sha256": "` + exampleDigest + `"}]}}`,
		`{"limits": [{"name": "a", "requests": "60/1m", "burst": 1e1, "paths": ["/v1/*", "/{x}"]}]}`,
		`{"breakers": [{"cluster": "a", "open": "1s", "failure_statuses": [500]}], "response_headers": {"x": ""}}`,
		`{"size": {"max_body_bytes": "1MiB"}, "inspection": {"roles": {"user": "flag"}}, "mode": null}`,
		`{"mode": "off", "mode": "off"`, `{"a": [[[[]]]], "\u00e9": 1}`,
	} {
		f.Add([]byte(s))
	}
	schema := parsedSchema(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := Parse(in)
		if (c == nil) != (err != nil) {
			t.Fatalf("Parse gave %v and %v", c, err)
		}
		if err != nil {
			checkErrors(t, err)
			return
		}
		if len(strings.TrimSpace(string(in))) > 0 {
			if err := accepts(schema, withoutNull(decoded(t, in))); err != nil {
				t.Errorf("%s is a policy, but the schema says %v", in, err)
			}
		}
	})
}

// manyKeys is a policy with n keys, two for each user.
func manyKeys(n int) []byte {
	b := []byte(`{"auth": {"keys": [`)
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, `{"user": "user-`+strconv.Itoa(i/2)+`", "sha256": "`+hashed(strconv.Itoa(i))+`", "class": "batch", "models": ["gpt-4o*"]}`...)
	}
	return append(b, `]}}`...)
}

func TestManyKeys(t *testing.T) {
	const n = 100_000
	c, err := Parse(manyKeys(n))
	if err != nil || c.Auth.Ring.Len() != n {
		t.Fatalf("%v", err)
	}
	if k, err := c.Auth.Ring.Find("99999", time.Unix(1, 0)); err != nil || k.User != "user-49999" || k.Class != "batch" {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err := Parse(manyKeys(n + 1)); err == nil || !strings.Contains(err.Error(), "auth.keys: got more than 100000 entries") {
		t.Errorf("%v", err)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{0, 1000, 50_000} {
		in := manyKeys(n)
		b.Run(strconv.Itoa(n)+"keys", func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
