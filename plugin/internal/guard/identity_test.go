package guard

import (
	"strings"
	"testing"
)

func TestUsersNamedByTheHost(t *testing.T) {
	const san = "spiffe://mesh/ns/a/sa/b"
	verified := map[string]string{"connection.mtls": "\x01", "connection.uri_san_peer_certificate": san}
	cases := []struct {
		name, auth string
		properties map[string]string
		headers    [][2]string
		user       string // "" is a refusal
	}{
		{"certificate", `"mtls":"uri_san"`, verified, nil, san},
		{"certificate that is not asked for", `"mtls":"off"`, verified, nil, ""},
		{"certificate that was not verified", `"mtls":"uri_san"`, map[string]string{"connection.mtls": "\x00", "connection.uri_san_peer_certificate": san}, nil, ""},
		{"certificate without the name", `"mtls":"dns_san"`, verified, nil, ""},
		{"header", `"user_header":"x-user"`, nil, [][2]string{{"x-user", "carol"}}, "carol"},
		{"header twice", `"user_header":"x-user"`, nil, [][2]string{{"x-user", "carol"}, {"x-user", "dave"}}, ""},
		{"header that is empty", `"user_header":"x-user"`, nil, [][2]string{{"x-user", ""}}, ""},
		{"header that is too long", `"user_header":"x-user"`, nil, [][2]string{{"x-user", strings.Repeat("x", 257)}}, ""},
		{"header that is not asked for", `"mtls":"uri_san"`, nil, [][2]string{{"x-user", "carol"}}, ""},
		{"a bad key is not made good", `"mtls":"uri_san"`, verified, [][2]string{{"authorization", "Bearer wrong"}}, ""},
	}
	for _, c := range cases {
		g, _ := newGuard(t, `{"auth":{`+c.auth+`}}`)
		r := &call{headers: append([][2]string{{":method", "GET"}, {":path", "/v1/x"}}, c.headers...), properties: c.properties}
		r.run(t, g)
		user, _ := r.audit["user"].(string)
		if user != c.user || r.sent != (c.user != "") {
			t.Errorf("%s: user %q, sent %v, reason %s", c.name, user, r.sent, r.reason())
		}
		if got, found := r.upstreamHeaders()["x-user"]; found && r.sent {
			t.Errorf("%s: the upstream saw x-user: %q", c.name, got)
		}
	}
}

func TestUsersNamedByTheHostHaveBudgets(t *testing.T) {
	g, _ := newGuard(t, `{"auth":{"user_header":"x-user"},"limits":[{"name":"l","requests":"1/1h","by":"user"}]}`)
	ask := func(user string) string {
		r := &call{headers: [][2]string{{":method", "GET"}, {":path", "/v1/x"}, {"x-user", user}}}
		return r.run(t, g).reason()
	}
	if a, b, again := ask("carol"), ask("dave"), ask("carol"); a != "" || b != "" || again != string(RateLimited) {
		t.Errorf("%q %q %q", a, b, again)
	}
}

func TestLaterFiltersLearnTheCaller(t *testing.T) {
	publish := `,"usage":"publish"`
	cases := []struct {
		name, policy, key string
		want              string // "" for no header at all
	}{
		{"a user", publish, "k-alice", "user:alice"},
		{"an operator", publish, "k-master", "user:ops"},
		{"nobody known", publish + `,"auth":{"default":"public"}`, "", "address:192.0.2.1"},
		{"not asked for", "", "k-alice", ""},
	}
	for _, c := range cases {
		policy := policyWith(c.policy)
		if c.key == "" {
			policy = "{" + c.policy[1:] + "}"
		}
		g, _ := newGuard(t, policy)
		r := chat(c.key, "hi")
		r.headers = append(r.headers, [2]string{callerHeader, "user:mallory"}, [2]string{callerHeader, "user:eve"})
		got, found := r.run(t, g).upstreamHeaders()[callerHeader]
		if got != c.want || found != (c.want != "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		n := 0
		for _, h := range Apply(append([][2]string(nil), r.headers...), r.edits) {
			if h[0] == callerHeader {
				n++
			}
		}
		if n > 1 {
			t.Errorf("%s: the header is there %d times", c.name, n)
		}
	}
}
