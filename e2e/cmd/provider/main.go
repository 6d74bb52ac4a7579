// Command provider serves the demo model provider (see package provider) over
// HTTP/1.1 and HTTP/2 without TLS.
//
//	provider [-listen 127.0.0.1:18080] [-quiet]
//
// It prints one line per request, without credentials or prompt text, and ends
// on an interrupt.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sparkward/sparkward/e2e/provider"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:18080", "`address` to serve on; port 0 picks a free one")
	quiet := flag.Bool("quiet", false, "do not print a line per request")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "provider: unexpected argument %q; see -help\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *listen, *quiet); err != nil {
		fmt.Fprintln(os.Stderr, "provider:", err)
		os.Exit(1)
	}
}

// serve runs until ctx ends, then lets running answers end for two seconds.
func serve(ctx context.Context, addr string, quiet bool) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot listen, choose another address with -listen: %w", err)
	}
	var h http.Handler = provider.New(nil)
	if !quiet {
		h = logged(h)
	}
	srv := provider.NewHTTPServer(h)
	fmt.Printf("provider: listening on http://%s\n", l.Addr())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := srv.Shutdown(last); err != nil {
		srv.Close()
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// logged prints method, path and duration of each request.
func logged(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		defer func() {
			log.Printf("%s %s %s", r.Method, r.URL.Path, time.Since(start).Round(time.Millisecond))
		}()
		h.ServeHTTP(w, r)
	})
}
