package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// built is where make puts what is tested, seen from this package's folder.
const built = "../build"

// artefact returns the absolute path of a file that make builds.
func artefact(name string) (string, error) {
	path, err := filepath.Abs(filepath.Join(built, name))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		target := "build"
		if strings.HasSuffix(name, "-test.wasm") {
			target = "build/" + name
		}
		return "", fmt.Errorf("build/%s is missing: run make %s", name, target)
	}
	return path, nil
}

// lintError is what sparkctl says about a policy that it does not accept.
type lintError struct{ text string }

func (e *lintError) Error() string { return "sparkctl: " + e.text }

// render runs `sparkctl render envoy` on the scenario's policy. A policy that
// sparkctl does not accept comes back as *lintError.
func render(ctx context.Context, s setup, up upstreams, logPath, dir string) (*bootstrap, error) {
	b, err := renderPolicy(ctx, s, s.policy, up, logPath, dir)
	if err != nil {
		return nil, err
	}
	if s.stop != "" {
		b.plugin["allow_on_headers_stop_iteration"] = s.stop == "true"
	}
	if s.tls {
		b.secure()
	}
	if s.idle != "" {
		for _, manager := range findType(b.listener, hcmType) {
			manager["stream_idle_timeout"] = s.idle
		}
	}
	b.freePorts()
	b.name(s.name)
	return b, nil
}

// renderUnchecked is render for a policy that sparkctl does not accept: it goes
// to the filter as it is.
func renderUnchecked(ctx context.Context, s setup, up upstreams, logPath, dir string) (*bootstrap, error) {
	policy := s.policy
	s.policy = ""
	b, err := render(ctx, s, up, logPath, dir)
	if err != nil {
		return nil, err
	}
	text, err := toJSON(policy)
	if err != nil {
		return nil, err
	}
	b.configure(text)
	return b, nil
}

// toJSON turns YAML into JSON without looking at what it says. JSON stays as it
// is, so that a policy can hold what YAML has no form for.
func toJSON(policy string) (string, error) {
	if strings.HasPrefix(policy, "{") {
		return policy, nil
	}
	var v any
	if err := yaml.Unmarshal([]byte(policy), &v); err != nil {
		return "", err
	}
	text, err := json.Marshal(v)
	return string(text), err
}

func renderPolicy(ctx context.Context, s setup, policy string, up upstreams, logPath, dir string) (*bootstrap, error) {
	sparkctl, err := artefact("sparkctl")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, s.name+".yaml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		return nil, err
	}
	args := []string{"render", "envoy", "-policy", file, "-wasm", s.wasm,
		"-listen", "127.0.0.1:10000", "-admin", "127.0.0.1:9901", "-log-path", logPath,
		"-upstream", "openai=" + cmp.Or(s.provider, up.main.addr), "-upstream", "anthropic=" + cmp.Or(s.provider, up.main.addr)}
	if s.getCache {
		args = append(args, "-get-cache", "on")
	}
	if s.spare {
		args = append(args, "-upstream", spare+"="+up.spare.addr)
	}
	if s.bodyLimit > 0 {
		args = append(args, "-body-limit", strconv.Itoa(s.bodyLimit))
	}
	cmd := exec.CommandContext(ctx, sparkctl, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && errs.Len() > 0 {
			return nil, &lintError{strings.ReplaceAll(strings.TrimSpace(errs.String()), file, "policy.yaml")}
		}
		return nil, fmt.Errorf("sparkctl: %w", err)
	}
	b, err := parseBootstrap(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("what sparkctl rendered: %w", err)
	}
	return b, nil
}
