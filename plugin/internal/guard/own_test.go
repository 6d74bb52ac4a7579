package guard

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestOwnEndpoints(t *testing.T) {
	cases := []struct {
		method, path, key string
		status            int
		contains          string
	}{
		{"GET", "/api/spark/health", "", 200, `{"status":"ok"}`},
		{"HEAD", "/api/spark/health", "", 200, ""},
		{"GET", "/api/spark/health?x=1", "k-master", 200, `"breakers":[{"cluster":"openai","state":"closed",`},
		{"GET", "/api/spark/health", "k-alice", 403, "master key"},
		{"GET", "/api/spark/health", "wrong", 401, "invalid_api_key"},
		{"POST", "/api/spark/health", "", 405, "only takes GET, HEAD"},
		{"GET", "/api/spark/nothing", "", 404, "/api/spark/health"},
		{"GET", "/api/metrics", "", 401, "master key"},
		{"GET", "/api/metrics", "k-master", 200, "# TYPE sparkward_requests_total counter"},
		{"GET", "/api/sparkling", "", 401, "missing_api_key"},
	}
	for _, c := range cases {
		g, _ := newGuard(t, policyWith(`,"breakers":[{"cluster":"openai"}]`))
		r := &call{headers: [][2]string{{":method", c.method}, {":path", c.path}}}
		if c.key != "" {
			r.headers = append(r.headers, [2]string{"authorization", "Bearer " + c.key})
		}
		r.run(t, g)
		if r.reply == nil {
			t.Errorf("%s %s went upstream", c.method, c.path)
			continue
		}
		if r.reply.Status != c.status || !strings.Contains(string(r.reply.Body), c.contains) {
			t.Errorf("%s %s with %q: %d %s", c.method, c.path, c.key, r.reply.Status, r.reply.Body)
		}
	}
}

func TestHealthIsJSON(t *testing.T) {
	g, _ := newGuard(t, policyWith(`,"breakers":[{"cluster":"openai"},{"cluster":"anthropic"}]`))
	for _, details := range []bool{false, true} {
		var got map[string]any
		if err := json.Unmarshal(g.health(details, start), &got); err != nil || got["status"] != "ok" {
			t.Errorf("%v: %v", got, err)
		}
		if _, has := got["keys"]; has != details {
			t.Errorf("keys shown: %v", has)
		}
	}
}

func TestMetricsAuth(t *testing.T) {
	for access, status := range map[string]int{"required": 401, "optional": 200, "public": 200} {
		g, _ := newGuard(t, policyWith(`,"endpoints":{"metrics_auth":"`+access+`"}`))
		r := &call{headers: [][2]string{{":method", "GET"}, {":path", "/api/metrics"}}}
		if r.run(t, g); r.reply.Status != status {
			t.Errorf("%s: %d, want %d", access, r.reply.Status, status)
		}
	}
}

func TestBreakerOrders(t *testing.T) {
	g, host := newGuard(t, policyWith(`,"breakers":[{"cluster":"openai"}]`))
	order := func(method, path, key string) *call {
		r := &call{headers: [][2]string{{":method", method}, {":path", "/api/spark/breakers/" + path}}}
		if key != "" {
			r.headers = append(r.headers, [2]string{"authorization", "Bearer " + key})
		}
		return r.run(t, g)
	}
	for _, c := range []struct {
		method, path, key string
		status            int
	}{
		{"POST", "openai/open", "", 401}, {"POST", "openai/open", "k-alice", 403}, {"GET", "openai/open", "k-master", 405},
		{"POST", "openai/explode", "k-master", 404}, {"POST", "other/open", "k-master", 404}, {"POST", "open", "k-master", 404},
		{"POST", "openai/open", "k-master", 200},
	} {
		if got := order(c.method, c.path, c.key).reply.Status; got != c.status {
			t.Errorf("%s %s with %q: %d, want %d", c.method, c.path, c.key, got, c.status)
		}
	}
	if got := chat("k-alice", "hi").run(t, g).reason(); got != string(CircuitOpen) || host.stat("sparkward_breaker_state", "openai") != 1 {
		t.Errorf("after open: %q", got)
	}
	order("POST", "openai/auto", "k-master")
	if got := chat("k-alice", "hi").run(t, g).reason(); got != "" || host.stat("sparkward_breaker_state", "openai") != 0 {
		t.Errorf("after auto: %q", got)
	}
}

func TestPurge(t *testing.T) {
	g, _ := newGuard(t, policyWith(cachePolicy))
	post := func(path string) *call {
		r := &call{headers: [][2]string{{":method", "POST"}, {":path", "/api/spark" + path}, {"authorization", "Bearer k-master"}}}
		return r.run(t, g)
	}
	for _, c := range []struct{ path, want string }{
		{"/cache/purge/bob", `{"dropped":0}`}, {"/cache/purge/alice", `{"dropped":1}`}, {"/cache/purge", `{"dropped":0}`},
	} {
		if c.path == "/cache/purge/bob" {
			answered(chat("k-alice", "capital?")).run(t, g)
		}
		if got := string(post(c.path).reply.Body); got != c.want {
			t.Errorf("%s: %s, want %s", c.path, got, c.want)
		}
	}
	for _, path := range []string{"/cache/purgex", "/cache/purge/", "/cache"} {
		if got := post(path).reply.Status; got != 404 && got != 405 {
			t.Errorf("%s: %d", path, got)
		}
	}
	if chat("k-alice", "capital?").run(t, g).reply != nil {
		t.Error("a purged answer was given")
	}
}
