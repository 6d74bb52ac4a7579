package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/sparkward/sparkward/hostsim"
)

// route is one -route: a path's prefix and where its requests go.
type route struct{ prefix, cluster, url string }

// rest is the cluster of -upstream.
const rest = "upstream"

func (f *flags) addRoute(text string) error {
	prefix, target, _ := strings.Cut(text, "=")
	cluster, to, _ := strings.Cut(target, "=")
	if !strings.HasPrefix(prefix, "/") || cluster == "" || cluster == rest || !plainURL(to) {
		return fmt.Errorf("want prefix=cluster=URL, for example /v1/messages=anthropic=http://127.0.0.1:8080, with any cluster name but %q", rest)
	}
	for _, r := range f.routes {
		if r.cluster == cluster && r.url != to {
			return fmt.Errorf("cluster %s is %s already: give another name", cluster, r.url)
		}
	}
	f.routes = append(f.routes, route{prefix, cluster, to})
	return nil
}

// plainURL reports whether text is an upstream that hostsim can call.
func plainURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "http" && u.Host != "" && u.Path == "" && u.RawQuery == ""
}

func (f *flags) hostRoutes() []hostsim.Route {
	var routes []hostsim.Route
	for _, r := range f.routes {
		routes = append(routes, hostsim.Route{Name: r.cluster, Prefix: r.prefix, Cluster: r.cluster})
	}
	if f.upstream != "" {
		routes = append(routes, hostsim.Route{Prefix: "/", Cluster: rest})
	}
	return routes
}

func (f *flags) hostClusters() []hostsim.Cluster {
	var clusters []hostsim.Cluster
	if f.upstream != "" {
		clusters = append(clusters, hostsim.Cluster{Name: rest, URL: f.upstream})
	}
	seen := map[string]bool{}
	for _, r := range f.routes {
		if !seen[r.cluster] {
			clusters = append(clusters, hostsim.Cluster{Name: r.cluster, URL: r.url})
		}
		seen[r.cluster] = true
	}
	return clusters
}
