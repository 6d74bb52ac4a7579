package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestReadSettings(t *testing.T) {
	for _, c := range []struct {
		name string
		env  map[string]string
		want string // "proxy admin provider sim envoy", or the errors
	}{
		{"nothing set", nil, "10000 9901 18080 false .tools/envoy"},
		{"all set", map[string]string{"PORT": "1", "ADMIN_PORT": "2", "PROVIDER_PORT": "65535", "HOST": "sim", "ENVOY": "/e"},
			"1 2 65535 true /e"},
		{"a shell's HOST", map[string]string{"HOST": "my-laptop"}, "10000 9901 18080 false .tools/envoy"},
		{"no number", map[string]string{"PORT": "http"}, `PORT: got "http", want a port from 1 to 65535`},
		{"zero", map[string]string{"ADMIN_PORT": "0"}, `ADMIN_PORT: got "0", want a port from 1 to 65535`},
		{"too large", map[string]string{"PROVIDER_PORT": "65536"}, `PROVIDER_PORT: got "65536", want a port from 1 to 65535`},
		{"the same twice", map[string]string{"PORT": "9901"}, "PORT and ADMIN_PORT are both 9901: give them different ports"},
		{"two errors", map[string]string{"PORT": "x", "PROVIDER_PORT": "y"},
			"PORT: got \"x\", want a port from 1 to 65535\nPROVIDER_PORT: got \"y\", want a port from 1 to 65535"},
	} {
		s, err := readSettings(func(name string) string { return c.env[name] })
		got := fmt.Sprint(s.proxy.number, s.admin.number, s.provider.number, s.sim, " ", s.envoy)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// listen takes a free port of this machine for the length of the test.
func listen(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// freePorts returns ports that were free a moment ago.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // only after all were picked, so that they differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func TestCheckFreeNamesEveryTakenPort(t *testing.T) {
	proxy := port{"PORT", "the proxy", listen(t)}
	admin := port{"ADMIN_PORT", "Envoy's admin page", freePorts(t, 1)[0]}
	upstream := port{"PROVIDER_PORT", "the demo provider", listen(t)}
	err := checkFree([]port{proxy, admin, upstream})
	if err == nil {
		t.Fatal("taken ports were not reported")
	}
	for _, want := range []string{
		fmt.Sprintf("port %d for the proxy is not free", proxy.number),
		"or choose another with PORT=",
		fmt.Sprintf("port %d for the demo provider is not free", upstream.number),
		"PROVIDER_PORT=",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "ADMIN_PORT") {
		t.Errorf("a free port was reported:\n%v", err)
	}
}

func TestSimNeedsNoAdminPort(t *testing.T) {
	s, err := readSettings(func(name string) string { return map[string]string{"HOST": "sim"}[name] })
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.ports() {
		if p.variable == "ADMIN_PORT" {
			t.Error("hostsim has no admin page, but its port is checked")
		}
	}
}

func TestNextFree(t *testing.T) {
	taken := listen(t)
	next := nextFree(taken)
	if next <= taken || next > taken+100 {
		t.Errorf("got port %d, want one of the hundred above %d", next, taken)
	}
	if err := checkFree([]port{{"PORT", "the proxy", next}}); err != nil {
		t.Errorf("offered port %d: %v", next, err)
	}
	if got := nextFree(65535); got != 65535 {
		t.Errorf("after the last port: got %d, want the same again", got)
	}
}
