//go:build fleet

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fleet is two Envoys with the shipped configuration for limits over several
// proxies, their rate limit service, its Redis, and a provider behind them.
type fleet struct {
	t       *testing.T
	up      *upstream
	redis   *daemon
	service *daemon
	refuse  string // address of the Envoy whose policy refuses when the service is down
	allow   string // of the one whose policy does not
}

// fleetStart is how long a fleet may take to start on a busy machine.
const fleetStart = 3 * time.Minute

func newFleet(t *testing.T) *fleet {
	f := &fleet{t: t}
	var err error
	if f.up, err = newUpstream(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.up.stop)
	ports := freePorts(t, 4)
	f.redis = newDaemon(t, ports[0], nil, "redis-server", "--port", ports[0], "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	f.redis.start()
	ratelimit := os.Getenv("RATELIMIT")
	if ratelimit == "" {
		t.Fatal("RATELIMIT is not set: run make fleet, which builds the rate limit service")
	}
	f.service = newDaemon(t, ports[1], []string{
		"HOST=127.0.0.1", "PORT=" + ports[2], "GRPC_HOST=127.0.0.1", "GRPC_PORT=" + ports[1], "DEBUG_HOST=127.0.0.1", "DEBUG_PORT=" + ports[3],
		"REDIS_SOCKET_TYPE=tcp", "REDIS_URL=127.0.0.1:" + ports[0], "BACKEND_TYPE=redis", "USE_STATSD=false",
		"RUNTIME_ROOT=" + serviceConfig(t), "RUNTIME_SUBDIRECTORY=", "RUNTIME_WATCH_ROOT=false", "RUNTIME_IGNOREDOTFILES=true",
	}, ratelimit)
	f.service.start()
	f.refuse = f.envoy("refuse", ports[1])
	f.allow = f.envoy("allow", ports[1])
	return f
}

// limitsOfTest are the small limits of single users in the tests. A year's window
// does not end in the middle of one.
var limitsOfTest = map[string]map[string]int{
	"requests": {"many": 20, "spoofer": 1_000, "spoofed": 1_000},
	"estimate": {"planner": 1_000},
	"tokens":   {"talker": 40},
}

// serviceConfig writes the shipped configuration of the service, with the tests'
// limits before the others, and returns the folder above it.
func serviceConfig(t *testing.T) string {
	text, err := os.ReadFile("../envoy/fleet/config/sparkward.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for limit, callers := range limitsOfTest {
		place := "  value: " + limit + "\n  descriptors:\n"
		rules := place
		for user, n := range callers {
			rules += fmt.Sprintf("  - {key: caller, value: \"user:%s\", rate_limit: {unit: year, requests_per_unit: %d}}\n", user, n)
		}
		if !bytes.Contains(text, []byte(place)) {
			t.Fatalf("envoy/fleet/config/sparkward.yaml has no %q", place)
		}
		text = bytes.Replace(text, []byte(place), []byte(rules), 1)
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "config"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "config", "sparkward.yaml"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return root
}

// usersOfTest have the key sk-NAME.
var usersOfTest = []string{"many", "talker", "planner", "streamer", "leaver", "spoofer", "spoofed", "plain", "failing"}

func fleetPolicy(onError string) (string, error) {
	policy := "usage: publish\non_error: " + onError + "\nauth:\n  default: optional\n  keys:\n"
	for _, user := range usersOfTest {
		policy += "    - {user: " + user + ", sha256: \"%{sha256 sk-" + user + "}\"}\n"
	}
	return expand(policy)
}

// envoy starts an Envoy with what sparkctl renders, and returns its address.
func (f *fleet) envoy(onError, servicePort string) string {
	t, dir := f.t, f.t.TempDir()
	policy, err := fleetPolicy(onError)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "policy.yaml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := parseBootstrap(sparkctlOutput(t, "render", "envoy", "-policy", file, "-fleet", "127.0.0.1:"+servicePort,
		"-wasm", "../build/sparkward.wasm", "-log-path", filepath.Join(dir, "access.log"),
		"-upstream", "openai="+f.up.addr, "-upstream", "anthropic="+f.up.addr))
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := artefact("sparkward.wasm")
	if err != nil {
		t.Fatal(err)
	}
	b.vm()["code"] = tree{"local": tree{"filename": wasm}}
	b.freePorts()
	limiters := findType(b.listener, "envoy.extensions.filters.http.ratelimit.v3.RateLimit")
	if len(limiters) != 1 {
		t.Fatalf("%d rate limit filters, want one", len(limiters))
	}
	limiters[0]["timeout"] = "3s" // a busy machine is not what is tested
	target, err := newEnvoyTarget()
	if err != nil {
		t.Fatal(err)
	}
	proc, err := startEnvoy(target.binary, dir, 2, b.all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proc.stop)
	ctx, cancel := context.WithTimeout(t.Context(), fleetStart)
	defer cancel()
	if err := proc.awaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	addr, err := proc.awaitListener(ctx, "llm")
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// charged is the sum that Redis holds for a caller under a limit.
func (f *fleet) charged(limit, caller string) int64 {
	f.t.Helper()
	keys, err := f.ask("KEYS", "sparkward_limit_"+limit+"_caller_"+caller+"_*")
	if err != nil {
		f.t.Fatal(err)
	}
	var sum int64
	for _, key := range keys {
		value, err := f.ask("GET", key)
		if err != nil || len(value) != 1 {
			f.t.Fatalf("GET %s: %v, %v", key, value, err)
		}
		n, err := strconv.ParseInt(value[0], 10, 64)
		if err != nil {
			f.t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// awaitCharge waits until Redis holds a sum for a caller: what is charged at
// the end of a stream comes a moment after it.
func (f *fleet) awaitCharge(limit, caller string, want int64) {
	f.t.Helper()
	var got int64
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got = f.charged(limit, caller); got == want {
			return
		}
	}
	f.t.Errorf("%s: %d %s are charged, want %d", caller, got, limit, want)
}

// ask sends Redis a command and returns its answer, a text or a list of texts.
func (f *fleet) ask(words ...string) ([]string, error) {
	c, err := net.Dial("tcp", "127.0.0.1:"+f.redis.port)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	fmt.Fprintf(c, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(c, "$%d\r\n%s\r\n", len(w), w)
	}
	r := bufio.NewReader(c)
	kind, n, err := redisLine(r)
	if err != nil {
		return nil, err
	}
	if kind == '$' {
		text, err := redisText(r, n)
		return []string{text}, err
	}
	var out []string
	for range n {
		_, size, err := redisLine(r)
		if err != nil {
			return nil, err
		}
		text, err := redisText(r, size)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

func redisLine(r *bufio.Reader) (kind byte, n int, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, 0, err
	}
	if line[0] == '-' {
		return 0, 0, errors.New(strings.TrimSpace(line))
	}
	n, err = strconv.Atoi(strings.TrimSpace(line[1:]))
	return line[0], n, err
}

func redisText(r *bufio.Reader, n int) (string, error) {
	text := make([]byte, n+2)
	_, err := io.ReadFull(r, text)
	return string(text[:n]), err
}
