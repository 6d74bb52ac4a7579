package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// What the demo starts and reads, from the top of the tree. The binaries are
// what `make build` makes.
const (
	policyFile = "envoy/policy.yaml"
	filterFile = "build/sparkward.wasm"
	sparkctl   = "build/sparkctl"
	hostsim    = "build/hostsim"
)

// upstreamKeys stand in for the providers' keys, which the shipped configuration
// takes from the environment: a real one must not reach the demo provider.
var upstreamKeys = []string{"OPENAI_API_KEY=demo-upstream-key", "ANTHROPIC_API_KEY=demo-upstream-key"}

// startProxy starts Envoy, or hostsim, with the filter and the policy. Files
// for it go into folder; its access log goes to out.
func startProxy(ctx context.Context, s settings, folder string, out io.Writer) (*child, error) {
	filter, err := filepath.Abs(filterFile)
	if err != nil {
		return nil, err
	}
	if s.sim {
		return startHostsim(ctx, s, folder, filter, out)
	}
	return startEnvoy(ctx, s, folder, filter, out)
}

func startEnvoy(ctx context.Context, s settings, folder, filter string, out io.Writer) (*child, error) {
	config := filepath.Join(folder, "envoy.yaml")
	if _, err := output(ctx, sparkctl, "render", "envoy", "-policy", policyFile, "-wasm", filter, "-o", config,
		"-listen", s.proxy.address(), "-admin", s.admin.address(),
		"-upstream", "openai="+s.provider.address(), "-upstream", "anthropic="+s.provider.address(),
		// the demo provider wants no credential
		"-get-cache", "on"); err != nil {
		return nil, err
	}
	// Hot restart would share memory with another Envoy of this machine.
	return startChild("envoy", out, s.envoy, "--config-path", config, "--concurrency", "2",
		"--log-level", "warning", "--disable-hot-restart", "--file-flush-interval-msec", "200")
}

func startHostsim(ctx context.Context, s settings, folder, filter string, out io.Writer) (*child, error) {
	policy, err := output(ctx, sparkctl, "lint", "-json", policyFile)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(folder, "policy.json")
	if err := os.WriteFile(config, policy, 0o600); err != nil {
		return nil, err
	}
	replies := filepath.Join(folder, "envoy.yaml")
	if _, err := output(ctx, sparkctl, "render", "envoy", "-policy", policyFile, "-o", replies); err != nil {
		return nil, err
	}
	// The same clusters as in envoy/envoy.yaml, which the policy's breakers name.
	upstream := "http://" + s.provider.address()
	return startChild("hostsim", out, hostsim, "-wasm", filter, "-config", config,
		"-listen", s.proxy.address(), "-workers", "2", "-access-log", "-local-reply", replies,
		"-route", "/v1/messages=anthropic="+upstream, "-route", "/v1/=openai="+upstream)
}

// output runs a command that ends by itself and returns its standard output;
// its error is what it printed.
func output(ctx context.Context, path string, args ...string) ([]byte, error) {
	var said, failed strings.Builder
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = &said, &failed
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", path, strings.Join(args, " "), err, failed.String())
	}
	return []byte(said.String()), nil
}
