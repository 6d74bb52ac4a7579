package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/sparkward/sparkward/e2e/provider"
)

// startLimit is how long the proxy may take until it answers. Envoy compiles
// the whole filter once: 2 to 4 seconds on two cores.
const startLimit = 90 * time.Second

// run starts the demo and keeps it up until ctx ends, which is no error, or a
// part of it ends, which is.
func run(ctx context.Context, s settings, out io.Writer) error {
	if err := checkFree(s.ports()); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "sparkward-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	upstream, err := serveProvider(s.provider)
	if err != nil {
		return err
	}
	defer upstream.stop()

	started := time.Now()
	proxy, err := startProxy(ctx, s, folder, out)
	if err != nil {
		return endedByCaller(ctx, err)
	}
	defer proxy.stop()
	if err := waitReady(ctx, proxy, s.proxy.address()); err != nil {
		return endedByCaller(ctx, err)
	}
	banner(out, s, proxy, time.Since(started))

	select {
	case <-ctx.Done():
		fmt.Fprintln(out, "\nstopping")
		return nil
	case <-proxy.done:
		return endedByCaller(ctx, proxy.death())
	case err := <-upstream.failed:
		return fmt.Errorf("the demo provider ended: %w", err)
	}
}

// endedByCaller turns what goes wrong because of Ctrl-C into a normal end.
func endedByCaller(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// upstream is the demo provider, served by this process.
type upstream struct {
	server *http.Server
	failed chan error
}

func serveProvider(p port) (*upstream, error) {
	listener, err := net.Listen("tcp", p.address())
	if err != nil {
		return nil, err
	}
	u := &upstream{provider.NewHTTPServer(provider.New(nil)), make(chan error, 1)}
	go func() { u.failed <- u.server.Serve(listener) }()
	return u, nil
}

func (u *upstream) stop() {
	// Streams under way are cut: the demo is over.
	_ = u.server.Close()
}

// waitReady polls the filter's own health endpoint until it answers.
func waitReady(ctx context.Context, proxy *child, address string) error {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	limit := time.After(startLimit)
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/api/spark/health", nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(request)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("/api/spark/health answers %s", answer.Status)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-proxy.done:
			return proxy.death()
		case <-limit:
			return fmt.Errorf("%s was not ready after %s (%w); its last lines:\n%s", proxy.name, startLimit, err, proxy.log)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
