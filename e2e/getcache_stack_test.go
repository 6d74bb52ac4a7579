package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// getCache is an Envoy with the configuration as it is shipped, its cache for GET
// with it, before a provider with TLS that answers as each test wants.
type getCache struct {
	*together
	t        *testing.T
	provider *httptest.Server
	client   *http.Client

	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request, n int)
	asked  []*http.Request
}

// The gateway's own keys at the providers.
const gatewayKey, anthropicKey = "sk-of-the-gateway-at-openai", "sk-of-the-gateway-at-anthropic"

func startGETCache(t *testing.T) *getCache {
	c := &getCache{t: t, client: &http.Client{Transport: &http.Transport{DisableCompression: true}}}
	c.provider = httptest.NewUnstartedServer(c)
	c.provider.TLS = &tls.Config{Certificates: []tls.Certificate{pki().issue(&x509.Certificate{DNSNames: []string{"localhost"}})}}
	c.provider.StartTLS()
	t.Cleanup(c.provider.Close)
	t.Setenv("OPENAI_API_KEY", gatewayKey)
	t.Setenv("ANTHROPIC_API_KEY", anthropicKey)
	_, port, _ := net.SplitHostPort(c.provider.Listener.Addr().String())
	policy := `
usage: publish
auth:
  keys: [{user: alice, sha256: ` + digestOf("sk-alice") + `}, {user: bob, sha256: ` + digestOf("sk-bob") + `}, {user: carl, class: few, sha256: ` + digestOf("sk-carl") + `}]
  master_keys: [{name: ops, sha256: ` + digestOf("sk-master") + `}]
breakers: [{cluster: openai}]
limits: [{name: few, requests: 3/1h, classes: [few]}]`
	c.together = startSetup(t, setup{workers: 2, policy: policy, provider: "https://localhost:" + port}, "sparkward.wasm", func(b *bootstrap, _ upstreams) {
		for _, cluster := range []string{"openai", "anthropic"} {
			context := findKey(b.cluster(cluster), "validation_context")
			context["trusted_ca"] = tree{"inline_string": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pki().cert.Raw}))}
		}
	})
	return c
}

// ServeHTTP is the provider.
func (c *getCache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.asked = append(c.asked, r)
	answer, n := c.answer, len(c.asked)
	c.mu.Unlock()
	answer(w, r, n)
}

// answers sets what the provider says: a status, headers as name and value in
// turns, and a body that begins with how often it was asked since.
func (c *getCache) answers(status int, rest string, headers ...string) {
	c.behaves(func(w http.ResponseWriter, _ *http.Request, n int) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, strconv.Itoa(n)+rest)
	})
}

// behaves sets what the provider does; it begins to count anew.
func (c *getCache) behaves(answer func(w http.ResponseWriter, r *http.Request, n int)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer, c.asked = answer, nil
}

// seen is what the provider was asked.
func (c *getCache) seen() []*http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// got is an answer as the caller sees it.
type got struct {
	*http.Response
	body string
	cut  bool
}

// brief is the status if it is no 200, and what the answer begins with.
func (g got) brief() string {
	if g.StatusCode != 200 {
		return answer{status: g.StatusCode, body: g.body}.brief()
	}
	return g.body[:min(len(g.body), 1)]
}

// get asks for a path as a caller, with headers as name and value in turns.
// HEAD and a body are asked for by the pseudo headers :method and :body.
func (c *getCache) get(path, key string, headers ...string) got {
	c.t.Helper()
	req, err := http.NewRequest("GET", "http://"+c.addr+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("authorization", "Bearer "+key)
	for i := 0; i+1 < len(headers); i += 2 {
		switch name, value := headers[i], headers[i+1]; name {
		case "host":
			req.Host = value
		case ":method":
			req.Method = value
		case ":body":
			req.Body, req.ContentLength = io.NopCloser(strings.NewReader(value)), int64(len(value))
		default:
			req.Header.Add(name, value)
		}
	}
	resp, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	for name, value := range map[string]string{"x-content-type-options": "nosniff", "x-frame-options": "DENY"} {
		if resp.Header.Get(name) != value {
			c.t.Errorf("%s %s: no security headers: %v", req.Method, path, resp.Header)
		}
	}
	c.done.Add(1)
	return got{resp, string(text), err != nil}
}

// want asks for the list of models and compares the answer's brief form.
func (c *getCache) want(want, key string, headers ...string) got {
	c.t.Helper()
	g := c.get("/v1/models", key, headers...)
	if g.brief() != want {
		c.t.Errorf("%s got %q (%v), want %q", key, g.brief(), g.Header, want)
	}
	return g
}
