package config

// Upstream says how the filter deals with one of the host's clusters.
type Upstream struct {
	Cluster    string // Envoy's cluster name
	Credential Credential
	Paths      []Pattern // the calls whose cluster the filter chooses; none: the host's routes choose
	Fallbacks  []Fallback
}

// Credential is what the provider asks of the gateway. Without an Env there is
// none.
type Credential struct {
	Header string // lower case
	Scheme string // before the credential, "" for none
	Env    string // the environment variable of the VM that holds it
}

// Fallback is a cluster to use while the one before it is not well.
type Fallback struct {
	Cluster string
	Models  [][2]string // the name asked for, and what this cluster calls it

	models []pair
}

// Model returns what the cluster calls a model: the name itself where the
// policy gives no other.
func (f *Fallback) Model(name string) string {
	for _, m := range f.Models {
		if m[0] == name {
			return m[1]
		}
	}
	return name
}

var upstreams = object("upstream", checkUpstream,
	at("cluster", func(v any) any { p, _ := v.(*Upstream); return &p.Cluster }, text("cluster", 256, visible), note{required: true, example: `"openai"`},
		doc("The upstream cluster's name in the host's configuration.")),
	at("credential", func(v any) any { p, _ := v.(*Upstream); return &p.Credential }, credential, note{example: `{"env": "OPENAI_API_KEY"}`},
		doc("What the provider asks of the gateway; it replaces the caller's key. Without it the host's own configuration must add one.")),
	at("paths", func(v any) any { p, _ := v.(*Upstream); return &p.Paths }, list[Pattern](path, 64), note{example: `["/v1/chat/completions"]`},
		doc("Path patterns of the calls that the filter sends to this cluster, or to a fallback, by setting the header `x-sparkward-cluster`; the host's route for them must use `cluster_header: x-sparkward-cluster`. None means that the host's routes choose.")),
	at("fallbacks", func(v any) any { p, _ := v.(*Upstream); return &p.Fallbacks }, list[Fallback](fallback, 8), note{example: `[{"cluster": "azure", "models": {"gpt-4o": "gpt-4o-eu"}}]`},
		doc("Clusters to use, in order, while the breaker of the one before does not let the call pass. Needs `paths`, and a breaker for each cluster but the last.")),
)

var credential = object("credential", nil,
	at("header", func(v any) any { p, _ := v.(*Credential); return &p.Header }, text("header", 64, headerName), note{def: `"authorization"`, example: `"x-api-key"`},
		doc("Request header that holds it.")),
	at("scheme", func(v any) any { p, _ := v.(*Credential); return &p.Scheme }, text("scheme", 32, headerValue), note{def: `"Bearer"`, example: `""`},
		doc("Word before the credential; an empty text for none.")),
	at("env", func(v any) any { p, _ := v.(*Credential); return &p.Env }, text("name", 128, name), note{required: true, example: `"OPENAI_API_KEY"`},
		doc("Environment variable of the wasm VM that holds the credential (Envoy: `vm_config.environment_variables`). The filter refuses to start without it.")),
)

var fallback = object("fallback", func(_ *decoder, v any) {
	f := v.(*Fallback)
	for _, p := range f.models {
		f.Models = append(f.Models, [2]string{p.name, p.value})
	}
	f.models = nil
},
	at("cluster", func(v any) any { p, _ := v.(*Fallback); return &p.Cluster }, text("cluster", 256, visible), note{required: true, example: `"azure"`},
		doc("The cluster's name in the host's configuration.")),
	at("models", func(v any) any { p, _ := v.(*Fallback); return &p.models }, pairs(visible, text("model", 128, visible), 64), note{example: `{"gpt-4o": "gpt-4o-eu"}`},
		doc("What this cluster calls the models that have another name there.")),
)

func checkUpstream(d *decoder, v any) {
	u := v.(*Upstream)
	if len(u.Fallbacks) > 0 && len(u.Paths) == 0 {
		d.add(d.member("paths"), "none", "the paths of the calls that may fall back, since the host's own route chooses the cluster otherwise")
	}
}

// checkUpstreams looks at what one upstream asks of the rest of the policy.
func checkUpstreams(d *decoder, c *Config) {
	for i := range c.Upstreams {
		u, at := &c.Upstreams[i], "upstreams"+index(i)
		for j := range c.Upstreams[:i] {
			if u.Cluster == c.Upstreams[j].Cluster {
				d.add(at+".cluster", quote(u.Cluster), "a cluster that upstreams"+index(j)+" does not have")
			}
		}
		before := u.Cluster
		for j := range u.Fallbacks {
			if !hasBreaker(c, before) {
				d.add(at+".fallbacks"+index(j), "", "needs a breaker for "+quote(before)+": add one under breakers, or it is never given up")
			}
			if before = u.Fallbacks[j].Cluster; len(u.Fallbacks[j].Models) > 0 && c.HeaderMode == Pass {
				d.add(at+".fallbacks"+index(j)+".models", "", "needs header_mode: hold, since a body that is sent on cannot be changed")
			}
		}
	}
}

func hasBreaker(c *Config, cluster string) bool {
	for i := range c.Breakers {
		if c.Breakers[i].Cluster == cluster {
			return true
		}
	}
	return false
}
