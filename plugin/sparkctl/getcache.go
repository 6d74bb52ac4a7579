package main

import (
	"fmt"
	"slices"

	"github.com/sparkward/sparkward/plugin/internal/config"
)

// The shipped listeners, each with a cluster of its name, around Envoy's cache
// for GET: the cache itself, and what asks the provider behind it.
const (
	getCache    = "get-cache"
	getProvider = "get-provider"
)

// cacheMode is the flag -get-cache; empty means that it was not given.
type cacheMode string

func (m *cacheMode) set(s string) error {
	if s != "on" && s != "off" {
		return fmt.Errorf("want on or off")
	}
	*m = cacheMode(s)
	return nil
}

// setGETCache leaves the cache for GET to the providers for which it is right,
// and takes it away with all its parts if there are none.
func setGETCache(t *tree, f *envoyFlags, p *policy) error {
	hosts := t.find("listeners", "name", getProvider).find("filters", "", "").at("typed_config", "route_config", "virtual_hosts")
	hosts.drop(func(host *tree) bool { return !f.caches(host.find("routes", "", "")) })
	kept := hosts.names()
	t.find("virtual_hosts", "name", "llm").at("routes").drop(func(route *tree) bool {
		action := route.at("route")
		return action.at("cluster").value() == getCache && !kept[action.at("host_rewrite_literal").value()]
	})
	for _, route := range hosts.list("routes") {
		action := route.at("route")
		if cluster := action.at("cluster").value(); filterCredential(p, cluster) {
			return fmt.Errorf("%s: -get-cache on: the filter sets the credential of %s, and the cache is behind the filter: leave out -get-cache, or the credential", p.file, cluster)
		}
		if action.member("host_rewrite_literal") == nil {
			action.put("auto_host_rewrite", "true")
		}
	}
	if len(kept) == 0 {
		dropGETCache(t)
	}
	return nil
}

// caches says whether the cache is for the provider to which route leads. Behind
// the cache a provider is asked with what the route adds and with nothing of the
// caller's, so the route must add the credential. Whoever has an upstream that
// needs none says so with -get-cache on. All of it was tried with Envoy 1.40.
func (f *envoyFlags) caches(route *tree) bool {
	if f.cache != "" {
		return f.cache == "on"
	}
	return route.member("request_headers_to_add") != nil && (f.minor == 0 || f.minor >= 40)
}

// filterCredential says whether the filter itself sets the cluster's credential.
func filterCredential(p *policy, cluster string) bool {
	return slices.ContainsFunc(p.config.Upstreams, func(u config.Upstream) bool {
		return u.Cluster == cluster && u.Credential.Env != ""
	})
}

// dropGETCache takes away what only the cache for GET needs.
func dropGETCache(t *tree) {
	for _, list := range []string{"listeners", "clusters"} {
		t.at("static_resources", list).drop(func(item *tree) bool {
			name := item.at("name").value()
			return name == getCache || name == getProvider
		})
	}
	t.remove("bootstrap_extensions")
}
