package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/config"
)

// clusters returns every cluster that the policy names, and where it first does.
func (p *policy) clusters() map[string]string {
	named := map[string]string{}
	name := func(cluster, path string, args ...any) {
		if named[cluster] == "" {
			named[cluster] = fmt.Sprintf(path, args...)
		}
	}
	for i, b := range p.config.Breakers {
		name(b.Cluster, "breakers[%d].cluster", i)
	}
	for i, u := range p.config.Upstreams {
		name(u.Cluster, "upstreams[%d].cluster", i)
		for j, f := range u.Fallbacks {
			name(f.Cluster, "upstreams[%d].fallbacks[%d].cluster", i, j)
		}
	}
	return named
}

// checkClusters refuses a policy that names a cluster that is not there: its
// breaker would guard nothing, its fallback lead nowhere.
func checkClusters(t *tree, p *policy) error {
	there := providers(t)
	named := p.clusters()
	for _, cluster := range slices.Sorted(maps.Keys(named)) {
		if !there[cluster] {
			return fmt.Errorf("%s: %s: got %q, want the name of a cluster in the configuration: %s (or add it with -upstream %s=address)",
				p.file, named[cluster], cluster, list(there), cluster)
		}
	}
	return nil
}

// providers are the clusters of t but those that are only a way within it.
func providers(t *tree) map[string]bool {
	names := t.at("static_resources", "clusters").names()
	delete(names, getCache)
	delete(names, getProvider)
	return names
}

// environment lists the environment variables that the filter reads: those of
// the credentials in the policy. They are separated by ", ".
func (p *policy) environment() string {
	var keys []string
	for _, u := range p.config.Upstreams {
		if env := u.Credential.Env; env != "" && !slices.Contains(keys, env) {
			keys = append(keys, env)
		}
	}
	return strings.Join(keys, ", ")
}

// setCredentials hands the environment variables that the policy names to the
// filter. Envoy's own way of setting the credential of that cluster, which
// would come after the filter's, is removed.
func setCredentials(t, plugin *tree, p *policy) {
	if keys := p.environment(); keys != "" {
		plugin.at("vm_config").put("environment_variables", "{host_env_keys: ["+keys+"]}")
	}
	for _, u := range p.config.Upstreams {
		for _, route := range t.list("routes") {
			if u.Credential.Env != "" && route.at("route", "cluster").value() == u.Cluster {
				removeCredential(route)
			}
		}
	}
}

// clusterHeader is how the filter names the cluster that it has chosen. It
// removes a client's own.
const clusterHeader = "x-sparkward-cluster"

// choosesCluster says whether the policy has the filter choose clusters.
func (p *policy) choosesCluster() bool {
	return slices.ContainsFunc(p.config.Upstreams, func(u config.Upstream) bool { return len(u.Paths) > 0 })
}

// setChosenRoute adds, if the policy has the filter choose clusters, the route
// that follows its choice. It is a copy of the route of clusterTemplate.
func setChosenRoute(t *tree, p *policy) {
	if !p.choosesCluster() {
		return
	}
	var model *tree
	for _, route := range t.find("virtual_hosts", "name", "llm").list("routes") {
		if route.at("route", "cluster").value() == clusterTemplate {
			model = route
		}
	}
	if model == nil {
		model = t.at("route of " + clusterTemplate)
	}
	chosen := t.find("virtual_hosts", "name", "llm").at("routes").insert(0, model.clone())
	chosen.uncomment()
	chosen.node.HeadComment = "# Calls whose cluster the filter has chosen (upstreams in the policy)."
	chosen.at("name").set("!!str", "chosen")
	removeCredential(chosen)
	chosen.remove("match")
	chosen.put("match", "{prefix: /, headers: [{name: "+clusterHeader+", present_match: true}]}")
	action := chosen.at("route")
	action.remove("cluster")
	action.put("cluster_header", clusterHeader)
	if action.member("host_rewrite_literal") != nil {
		action.remove("host_rewrite_literal")
		action.put("auto_host_rewrite", "true")
	}
}
