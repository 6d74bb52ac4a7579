// Command hostsim serves HTTP through a proxy-wasm filter, as Envoy would.
//
//	hostsim -wasm filter.wasm -config policy.json -listen 127.0.0.1:10000 -upstream http://127.0.0.1:8080
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sparkward/sparkward/hostsim"
)

// stopTime is how long running requests may take after an interrupt.
const stopTime = 5 * time.Second

type flags struct {
	wasm, config, listen, upstream string
	workers                        int
	trace, hold, accessLog         bool
	cache, replies                 string
	routes                         []route
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "hostsim: "+err.Error())
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, output io.Writer) error {
	f, err := parse(args, output)
	if err != nil {
		return err
	}
	opts, err := options(f, output)
	if err != nil {
		return err
	}
	host, err := hostsim.New(ctx, opts)
	if err != nil {
		return explain(f, err)
	}
	defer host.Close()
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with -listen", f.listen, err)
	}
	fmt.Fprintf(output, "hostsim: listening on http://%s, upstream %s\n", listener.Addr(), cmp.Or(f.upstream, "by route"))
	return serve(ctx, host, listener)
}

func parse(args []string, output io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("hostsim", flag.ContinueOnError)
	set.SetOutput(io.Discard) // an error is one line
	set.StringVar(&f.wasm, "wasm", "", "the filter, a proxy-wasm `file`")
	set.StringVar(&f.config, "config", "", "the plugin configuration, a `file` that the filter reads as it is")
	set.StringVar(&f.listen, "listen", "127.0.0.1:10000", "`address` to serve HTTP/1.1 and HTTP/2 in clear text on")
	set.StringVar(&f.upstream, "upstream", "", "`URL` that requests go to, http://host:port; with -route it may be left out, and what no route is for is 404")
	set.Func("route", "`prefix=cluster=URL`: requests whose path begins with prefix go to URL, a cluster of that name; may be repeated, the first that fits wins, the rest goes to -upstream",
		func(text string) error { return f.addRoute(text) })
	set.BoolVar(&f.accessLog, "access-log", false, "print a line of JSON for each request to standard output")
	set.IntVar(&f.workers, "workers", 1, "how many workers, each with a VM of its own")
	set.BoolVar(&f.trace, "trace", false, "print every call between host and filter")
	set.BoolVar(&f.hold, "hold", true, "a pause on headers holds the headers alone: Envoy's allow_on_headers_stop_iteration")
	set.StringVar(&f.replies, "local-reply", "", "an Envoy configuration, a `file` whose local_reply_config makes the host's own answers")
	set.StringVar(&f.cache, "cache", defaultCache(), "`folder` for compiled code; empty for none")
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(output, usage)
		set.SetOutput(output)
		set.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w; hostsim -h lists the flags", err)
	}
	return f, f.check(set.Args())
}

const usage = `hostsim serves HTTP through a proxy-wasm filter, as Envoy would.

  hostsim -wasm filter.wasm -config policy.json -upstream http://127.0.0.1:8080

`

func defaultCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "hostsim")
}

func (f *flags) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: every option begins with a dash", rest[0])
	case f.wasm == "":
		return errors.New("-wasm is missing: give the filter's file, for example -wasm build/sparkward.wasm")
	case f.upstream == "" && len(f.routes) == 0:
		return errors.New("-upstream is missing: give where requests go, for example -upstream http://127.0.0.1:8080")
	case f.upstream != "" && !plainURL(f.upstream):
		return fmt.Errorf("-upstream: got %q, want http://host:port", f.upstream)
	case f.workers < 1 || f.workers > 1024:
		return fmt.Errorf("-workers: got %d, want 1 to 1024", f.workers)
	}
	return nil
}

func options(f *flags, output io.Writer) (hostsim.Options, error) {
	opts := hostsim.Options{Workers: f.workers, CacheDir: f.cache, AllowOnHeadersStopIteration: f.hold,
		FailurePolicy: hostsim.FailReload, LogLevel: hostsim.LevelInfo,
		Routes:   f.hostRoutes(),
		Clusters: f.hostClusters(),
		Log: func(level hostsim.Level, message string) {
			if level >= hostsim.LevelInfo {
				fmt.Fprintf(output, "[%s] %s\n", level, message)
			}
		}}
	if f.trace {
		opts.Trace = output
	}
	if f.accessLog {
		opts.AccessLog = accessLog(os.Stdout)
	}
	var err error
	if opts.Wasm, err = os.ReadFile(f.wasm); err != nil {
		return opts, missing("-wasm", f.wasm, err)
	}
	if f.config != "" {
		if opts.Configuration, err = os.ReadFile(f.config); err != nil {
			return opts, missing("-config", f.config, err)
		}
	}
	if f.replies != "" {
		if opts.LocalReplyConfig, err = localReplies(f.replies); err != nil {
			return opts, missing("-local-reply", f.replies, err)
		}
	}
	return opts, nil
}

func missing(flag, file string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s: cannot read %s: %w", flag, file, err)
}

// explain says what to do about an error of New.
func explain(f *flags, err error) error {
	if errors.Is(err, hostsim.ErrNotProxyWasm) {
		return fmt.Errorf("-wasm: %s is %w; build it with a proxy-wasm SDK", f.wasm, hostsim.ErrNotProxyWasm)
	}
	var refused *hostsim.ConfigError
	if errors.As(err, &refused) && refused.Empty {
		return fmt.Errorf("%w; give one with -config", err)
	}
	return err
}

// serve answers requests until ctx ends, then lets running ones finish.
func serve(ctx context.Context, host *hostsim.Host, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- host.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	host.Shutdown(wait) // what did not finish in time is broken off
	return nil
}
