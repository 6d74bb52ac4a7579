package main

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim"
)

func parsed(t *testing.T, args ...string) (*flags, error) {
	t.Helper()
	return parse(append([]string{"-wasm", "f.wasm", "-upstream", "http://127.0.0.1:1"}, args...), io.Discard)
}

func TestRoutes(t *testing.T) {
	f, err := parsed(t, "-route", "/v1/messages=anthropic=http://127.0.0.1:2",
		"-route", "/v1/complete=anthropic=http://127.0.0.1:2", "-route", "/v1/=openai=http://[::1]:3")
	if err != nil {
		t.Fatal(err)
	}
	wantRoutes := []hostsim.Route{
		{Name: "anthropic", Prefix: "/v1/messages", Cluster: "anthropic"},
		{Name: "anthropic", Prefix: "/v1/complete", Cluster: "anthropic"},
		{Name: "openai", Prefix: "/v1/", Cluster: "openai"},
		{Prefix: "/", Cluster: "upstream"},
	}
	if got := f.hostRoutes(); !reflect.DeepEqual(got, wantRoutes) {
		t.Errorf("got the routes %+v, want %+v", got, wantRoutes)
	}
	wantClusters := []hostsim.Cluster{{Name: "upstream", URL: "http://127.0.0.1:1"},
		{Name: "anthropic", URL: "http://127.0.0.1:2"}, {Name: "openai", URL: "http://[::1]:3"}}
	if got := f.hostClusters(); !reflect.DeepEqual(got, wantClusters) {
		t.Errorf("got the clusters %+v, want %+v", got, wantClusters)
	}
}

// TestOnlyRoutes: without -upstream there is nothing for other paths.
func TestOnlyRoutes(t *testing.T) {
	f, err := parse([]string{"-wasm", "f.wasm", "-route", "/v1/=openai=http://127.0.0.1:3"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if routes, clusters := f.hostRoutes(), f.hostClusters(); len(routes) != 1 || len(clusters) != 1 || clusters[0].Name != "openai" {
		t.Errorf("got the routes %+v and the clusters %+v", routes, clusters)
	}
}

func TestRoutesThatMakeNoSense(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-route", ""}, "want prefix=cluster=URL"},
		{[]string{"-route", "/v1/=openai"}, "want prefix=cluster=URL"},
		{[]string{"-route", "v1=openai=http://127.0.0.1:1"}, "want prefix=cluster=URL"},
		{[]string{"-route", "/v1/==http://127.0.0.1:1"}, "want prefix=cluster=URL"},
		{[]string{"-route", "/v1/=openai=https://127.0.0.1:1"}, "want prefix=cluster=URL"},
		{[]string{"-route", "/v1/=upstream=http://127.0.0.1:1"}, `any cluster name but "upstream"`},
		{[]string{"-route", "/a=x=http://127.0.0.1:1", "-route", "/b=x=http://127.0.0.1:2"}, "cluster x is http://127.0.0.1:1 already"},
	} {
		if _, err := parsed(t, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.args, err, c.want)
		}
	}
}

func TestAccessLogIsOneLineWithoutTheQuery(t *testing.T) {
	var out bytes.Buffer
	log := accessLog(&out)
	log(hostsim.Entry{Start: time.Unix(0, 0).UTC(), Duration: 2500 * time.Microsecond, Protocol: "HTTP/1.1",
		Method: "POST", Path: "/v1/x?key=secret", Code: 400, CodeDetails: "d", Flags: "-", Cluster: "openai",
		BytesReceived: 3, BytesSent: 4, FilterState: map[string]string{"wasm.x": "a\nb"}})
	want := `{"time":"1970-01-01T00:00:00Z","method":"POST","path":"/v1/x","protocol":"HTTP/1.1","status":400,` +
		`"details":"d","flags":"-","cluster":"openai","bytes_received":3,"bytes_sent":4,"duration_ms":2,` +
		`"filter_state":{"wasm.x":"a\nb"}}` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
}
