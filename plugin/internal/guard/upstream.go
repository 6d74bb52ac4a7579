package guard

import (
	"errors"
	"strconv"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/llm"
)

// readCredentials takes the providers' credentials from the environment of the
// VM. A missing one is an error: every call would be refused upstream.
func readCredentials(cfg *config.Config, host Host) ([]string, error) {
	values := make([]string, len(cfg.Upstreams))
	for i := range cfg.Upstreams {
		c := &cfg.Upstreams[i].Credential
		if c.Env == "" {
			continue
		}
		value := host.Env(c.Env)
		if value == "" {
			return nil, errors.New("upstreams[" + strconv.Itoa(i) + "].credential.env: the VM has no environment variable " + c.Env + ", want one (Envoy: vm_config.environment_variables)")
		}
		if values[i] = value; c.Scheme != "" {
			values[i] = c.Scheme + " " + value
		}
	}
	return values, nil
}

// upstreamOf returns the upstream that the policy chooses for a path, or nil
// where the host's routes choose.
func (g *Guard) upstreamOf(path string) *config.Upstream {
	for i := range g.cfg.Upstreams {
		for _, p := range g.cfg.Upstreams[i].Paths {
			if p.Match(path) {
				return &g.cfg.Upstreams[i]
			}
		}
	}
	return nil
}

// modelEdit gives the model the name that the fallback knows it by.
func (r *Request) modelEdit(edits []llm.Edit) []llm.Edit {
	text := r.g.parsed.ModelText
	if r.fallback == nil || len(text.Value) == 0 {
		return edits
	}
	name := r.fallback.Model(r.model)
	if name == r.model {
		return edits
	}
	return append(edits, llm.Edit{Text: text, Value: []byte(name)})
}

// addCredential puts the provider's credential in the place of the caller's.
func (r *Request) addCredential(v Verdict) Verdict {
	for i := range r.g.cfg.Upstreams {
		if u := &r.g.cfg.Upstreams[i]; u.Cluster == r.cluster && r.g.credentials[i] != "" {
			v.Edits = append(v.Edits, Edit{Name: u.Credential.Header, Value: r.g.credentials[i]})
		}
	}
	return v
}
