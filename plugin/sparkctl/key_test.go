package main

import (
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/config"
)

// TestKeyNew puts what it prints into a policy and calls with the key.
func TestKeyNew(t *testing.T) {
	seen := map[string]bool{}
	for _, prefix := range []string{"sk-", "", "acme_"} {
		got := sparkctl("", "key", "new", "-user", "alice@example.com", "-prefix", prefix)
		lines := strings.Split(got.out, "\n")
		if got.status != 0 || got.err != "" || len(lines) != 7 {
			t.Fatalf("%+v", got)
		}
		key := lines[1]
		if random := strings.TrimPrefix(key, prefix); len(random) != 43 || seen[random] {
			t.Errorf("%q does not begin with %q and end in 32 random bytes of its own", key, prefix)
		}
		seen[strings.TrimPrefix(key, prefix)] = true
		doc, err := fromYAML([]byte("auth:\n  keys:\n" + strings.Join(lines[4:], "\n")))
		if err != nil {
			t.Fatal(err)
		}
		c, err := config.Parse(doc.json)
		if err != nil {
			t.Fatal(err)
		}
		if k, err := c.Auth.Ring.Find(key, time.Now()); err != nil || k.User != "alice@example.com" {
			t.Errorf("the key is not in its own policy: %+v, %v", k, err)
		}
	}
}

func TestKeyNewRefuses(t *testing.T) {
	for _, c := range []struct{ user, prefix, want string }{
		{"a b", "", `sparkctl: key new: -user: auth.keys[0].user: got "a b", want letters, digits and . _ - @ / only`},
		{"a: b\"", "", `sparkctl: key new: -user: auth.keys[0].user: got "a: b\"", want letters, digits and . _ - @ / only`},
		{"", "", `sparkctl: key new: -user: auth.keys[0].user: got "", want a name of letters, digits and . _ - @ / only`},
		{"a", "x y", `sparkctl: key new: -prefix: not a key: want visible ASCII without spaces and commas`},
		{"a", "é", `sparkctl: key new: -prefix: not a key: want visible ASCII without spaces and commas`},
		{"a", strings.Repeat("x", 65), `sparkctl: key new: -prefix has 65 bytes, want at most 64`},
	} {
		got := sparkctl("", "key", "new", "-user", c.user, "-prefix", c.prefix)
		if got.status != 2 || got.out != "" || got.err != c.want+"\n" {
			t.Errorf("%+v, want %q", got, c.want)
		}
	}
}

func TestKeyHash(t *testing.T) {
	const hash = "32a642c5fd761670c7f9989b70138c93c56ea519529eb544d46b91a8e59f3075"
	for _, in := range []string{"sk-demo-alice", "sk-demo-alice\n", "sk-demo-alice\r\n", "sk-demo-alice\nmore"} {
		if got := sparkctl(in, "key", "hash"); got != (result{hash + "\n", "", 0}) {
			t.Errorf("%q: %+v", in, got)
		}
	}
	for in, want := range map[string]string{
		"":                        "standard input: no key: give one on the first line\n",
		"\n":                      "standard input: no key: give one on the first line\n",
		" sk-secret":              "standard input: not a key: want visible ASCII without spaces and commas\n",
		"sk secret":               "standard input: not a key: want visible ASCII without spaces and commas\n",
		strings.Repeat("x", 5000): "standard input: a key of 5000 bytes, want at most 1024\n",
	} {
		got := sparkctl(in, "key", "hash")
		if got.status != 1 || got.err != want || got.out != "" {
			t.Errorf("%.20q: %+v, want %q", in, got, want)
		}
		if strings.Contains(got.err, "secret") {
			t.Errorf("the key is repeated: %s", got.err)
		}
	}
}

func TestKeyList(t *testing.T) {
	policy := file(t, "p.yaml", `auth:
  keys:
    - {user: alice, class: batch, sha256: 32a642c5fd761670c7f9989b70138c93c56ea519529eb544d46b91a8e59f3075}
    - {user: bob, sha256: CA5DE30B0ACBD9CE4FD5D1721830A77E6B4B8CBD3123E335F0BB46786758FF35, not_after: 2001-02-03T04:05:06Z}
    - {user: carol, sha256: 6ca13d52ca70c883e0f0bb101e425a89e8624de51db2d2392593af6a84118090, not_before: 9001-01-01T00:00:00Z}
  master_keys:
    - {name: ops, sha256: 9ab3036ba94dbc6f4c9b5d2225264cd2515b045e2a1e6e13963b2c5bb6d57a83, not_after: 9001-01-01T00:00:00+01:00}
`)
	const want = `USER   CLASS     SHA-256       STATE
alice  batch     32a642c5fd76  good
bob    -         ca5de30b0acb  expired 2001-02-03T04:05:06Z
carol  -         6ca13d52ca70  good from 9001-01-01T00:00:00Z
ops    (master)  9ab3036ba94d  good until 9000-12-31T23:00:00Z
`
	if got := sparkctl("", "key", "list", policy); got.status != 0 || got.out != want {
		t.Errorf("%+v", got)
	}
	if got := sparkctl("limits: 1\n", "key", "list", "-"); got.status != 1 || got.out != "" || !strings.HasPrefix(got.err, "-:1: limits: ") {
		t.Errorf("a bad policy: %+v", got)
	}
}
