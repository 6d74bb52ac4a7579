package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// port is one address that the demo listens on.
type port struct {
	variable string // the environment variable that changes it
	use      string
	number   int
}

// address is where the port listens: this machine only.
func (p port) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.number)) }

// settings is what the environment says.
type settings struct {
	proxy, admin, provider port
	sim                    bool   // hostsim in place of Envoy
	envoy                  string // the Envoy to start
}

// ports lists what has to be free: hostsim has no admin port.
func (s settings) ports() []port {
	if s.sim {
		return []port{s.proxy, s.provider}
	}
	return []port{s.proxy, s.admin, s.provider}
}

// readSettings reads the environment through get. Only HOST=sim picks hostsim:
// some shells set HOST to the machine's name.
func readSettings(get func(string) string) (settings, error) {
	s := settings{
		proxy:    port{"PORT", "the proxy", 10000},
		admin:    port{"ADMIN_PORT", "Envoy's admin page", 9901},
		provider: port{"PROVIDER_PORT", "the demo provider", 18080},
		sim:      get("HOST") == "sim",
		envoy:    get("ENVOY"),
	}
	if s.envoy == "" {
		s.envoy = ".tools/envoy"
	}
	var problems []error
	used := map[int]string{}
	for _, p := range []*port{&s.proxy, &s.admin, &s.provider} {
		if text := get(p.variable); text != "" {
			number, err := strconv.Atoi(text)
			if err != nil || number < 1 || number > 65535 {
				problems = append(problems, fmt.Errorf("%s: got %q, want a port from 1 to 65535", p.variable, text))
				continue
			}
			p.number = number
		}
		if other := used[p.number]; other != "" {
			problems = append(problems, fmt.Errorf("%s and %s are both %d: give them different ports", other, p.variable, p.number))
		}
		used[p.number] = p.variable
	}
	return s, errors.Join(problems...)
}

// checkFree reports every port that cannot be listened on, and what to change.
func checkFree(ports []port) error {
	var problems []error
	for _, p := range ports {
		listener, err := net.Listen("tcp", p.address())
		if err != nil {
			problems = append(problems, fmt.Errorf(
				"port %d for %s is not free (%w): stop what uses it, or choose another with %s=%d make run",
				p.number, p.use, err, p.variable, nextFree(p.number)))
			continue
		}
		listener.Close()
	}
	return errors.Join(problems...)
}

// nextFree returns a free port near a taken one, or that one if there is none.
func nextFree(taken int) int {
	for number := taken + 1; number <= min(taken+100, 65535); number++ {
		listener, err := net.Listen("tcp", port{number: number}.address())
		if err == nil {
			listener.Close()
			return number
		}
	}
	return taken
}
