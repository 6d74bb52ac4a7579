package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/envoy"
	"github.com/sparkward/sparkward/plugin/internal/config"
)

var renderEnvoyCommand = command{
	name:    "render envoy",
	args:    "-policy policy.yaml [flags]",
	summary: "write an Envoy configuration: the shipped envoy.yaml with your policy",
	run:     renderEnvoy,
}

// envoyFlags are what render envoy may change in the shipped file. Empty and
// zero values leave it as it is.
type envoyFlags struct {
	policy, wasm, listen, admin, log, out string
	fleet                                 string
	body                                  int
	minor                                 int // of Envoy's version 1.x; 0 means the shipped one
	upstreams                             []upstream
	cache                                 cacheMode
}

func renderEnvoy(c command, args []string, std streams) error {
	var f envoyFlags
	_, err := parseFlags(c, args, std, 0, 0, func(set *flag.FlagSet) {
		set.StringVar(&f.policy, "policy", "", "the policy `file`; - is standard input")
		set.StringVar(&f.wasm, "wasm", "", "`path` of the filter, as Envoy will find it")
		set.StringVar(&f.listen, "listen", "", "`address:port` to serve on; port 0 takes a free one")
		set.StringVar(&f.admin, "admin", "", "`address:port` of Envoy's admin page")
		set.StringVar(&f.log, "log-path", "", "`path` of the access log")
		set.StringVar(&f.fleet, "fleet", "", "`host:port` of the rate limit service, for limits over several Envoys; see envoy/fleet/README.md")
		set.StringVar(&f.out, "o", "", "`file` to write; standard output if not given")
		set.IntVar(&f.body, "body-limit", 0, "largest request body Envoy holds, in `bytes`; the policy's max_body_bytes and 64 KiB if not given")
		set.Func("upstream", "`name=address` of a cluster: host:port or http://host:port for plain HTTP/1.1, https://host for TLS; may be repeated",
			func(s string) error { return f.addUpstream(s) })
		set.Func("envoy", "`version` of the Envoy that will read it, 1.36 or later; 1.40 if not given",
			func(s string) (err error) { f.minor, err = minorVersion(s); return err })
		set.Func("get-cache", "`on` or off: Envoy's cache for the list of models; if not given, on where the route adds the provider's credential",
			func(s string) error { return f.cache.set(s) })
		set.Func("concurrency", "not here: start Envoy with --concurrency `n`", func(string) error {
			return fmt.Errorf("is not part of Envoy's configuration: start Envoy with --concurrency")
		})
	})
	if err != nil {
		return err
	}
	if f.policy == "" {
		return usagef("render envoy: -policy is missing: give the policy file")
	}
	p, err := readPolicy(f.policy, std.in)
	if err != nil {
		return err
	}
	text, err := envoyConfig(p, &f)
	if err != nil {
		return err
	}
	return writeOut(f.out, text, std)
}

func (f *envoyFlags) addUpstream(s string) error {
	u, err := parseUpstream(s)
	if err != nil {
		return err
	}
	for _, other := range f.upstreams {
		if other.cluster == u.cluster {
			return fmt.Errorf("cluster %s is given twice: remove one of the two", u.cluster)
		}
	}
	f.upstreams = append(f.upstreams, u)
	return nil
}

// bodySlack is by how much Envoy's body limit is above the policy's, so that
// the filter refuses first, with an answer that the caller's SDK understands.
const bodySlack = 64 << 10

// envoyConfig returns the shipped configuration with policy p and changes f.
func envoyConfig(p *policy, f *envoyFlags) ([]byte, error) {
	t, err := parseTree(envoy.Bootstrap)
	if err != nil {
		return nil, err
	}
	if f.body == 0 {
		f.body = p.config.Size.MaxBodyBytes + bodySlack
	}
	if f.body < 1 {
		return nil, usagef("render envoy: -body-limit: got %d, want a number of bytes", f.body)
	}
	plugin := t.find("http_filters", "name", "sparkward").at("typed_config", "config")
	plugin.at("configuration", "value").setBlock(string(p.json))
	plugin.at("allow_on_headers_stop_iteration").set("!!bool", strconv.FormatBool(p.config.HeaderMode == config.Hold))
	t.find("virtual_hosts", "name", "llm").at("request_body_buffer_limit").set("!!int", strconv.Itoa(f.body))
	if f.wasm != "" {
		plugin.at("vm_config", "code", "local", "filename").set("!!str", f.wasm)
	}
	if f.log != "" {
		t.find("access_log", "name", "envoy.access_loggers.file").at("typed_config", "path").set("!!str", f.log)
	}
	if err := setAddress(t.find("listeners", "name", "llm"), "-listen", f.listen); err != nil {
		return nil, err
	}
	if err := setAddress(t.at("admin"), "-admin", f.admin); err != nil {
		return nil, err
	}
	for _, u := range f.upstreams {
		if err := setUpstream(t, u, p.clusters()); err != nil {
			return nil, err
		}
	}
	if f.minor != 0 && f.minor < 40 {
		vm := plugin.at("vm_config")
		plugin.add(capabilities, vm.at(capabilities).clone())
		vm.remove(capabilities)
	}
	setStatsTags(t)
	setCredentials(t, plugin, p)
	setChosenRoute(t, p)
	if err := setGETCache(t, f, p); err != nil {
		return nil, err
	}
	if err := setFleet(t, f.fleet, p); err != nil {
		return nil, err
	}
	if err := checkClusters(t, p); err != nil {
		return nil, err
	}
	return t.bytes()
}

// capabilities is a field of vm_config since Envoy 1.40; before, it stands
// beside vm_config.
const capabilities = "capability_restriction_config"

// minorVersion reads an Envoy version, 1.36 or later, with or without a patch
// number. 1.36 brought request_body_buffer_limit.
func minorVersion(s string) (int, error) {
	rest, ok := strings.CutPrefix(s, "1.")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	if !ok || err != nil || n < 36 {
		return 0, errors.New("want 1.36 or later")
	}
	return n, nil
}

// setAddress puts addr, if not empty, in place of the socket address of n.
func setAddress(n *tree, name, addr string) error {
	if addr == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err == nil && net.ParseIP(host) == nil {
		err = fmt.Errorf("no IP address")
	}
	if p, perr := strconv.ParseUint(port, 10, 16); err == nil && perr != nil {
		err = fmt.Errorf("no port %d", p)
	}
	if err != nil {
		return usagef("render envoy: %s: got %q, want an IP address and a port, for example 127.0.0.1:10000", name, addr)
	}
	socket := n.at("address", "socket_address")
	socket.at("address").set("!!str", host)
	socket.at("port_value").set("!!int", port)
	return nil
}

// writeOut writes text to file in one step, or to standard output.
func writeOut(file string, text []byte, std streams) error {
	if file == "" {
		_, err := std.out.Write(text)
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".sparkctl-*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", file, err)
	}
	defer os.Remove(tmp.Name())
	_, err = bytes.NewReader(text).WriteTo(tmp)
	if cerr := tmp.Chmod(0o644); err == nil {
		err = cerr
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	return err
}
